/** Events that were given up before a move: they stay given up, until somebody says otherwise. */
import type { Queryable } from '../postgres/query.ts';
import { explainedMove } from './errors.ts';
import type { MoveOptions, TransportName } from './types.ts';

/**
 * Notes them in the inbox: the new transport delivers them, too, behind or before what came after them.
 *
 * @returns how many were noted now
 */
export async function leaveGivenUp(
  tx: Queryable,
  { consumer, givenUp = [] }: Pick<MoveOptions, 'consumer' | 'givenUp'>,
  from: TransportName,
): Promise<number> {
  const { rows } = await tx.query(
    `with given_up as (
       select event_id from event_dead_letter
       where $2::text = 'postgres' and consumer = $1 and redriven_at is null
       union select unnest($3::text[])::uuid
     ), noted as (
       insert into event_inbox (consumer, event_id) select $1, event_id from given_up
       on conflict do nothing returning event_id
     ), kept as (
       insert into consumer_given_up (consumer, event_id, transport) select $1, event_id, $2 from noted
       on conflict do nothing
     )
     select count(*)::int as count from noted`,
    [consumer, from, [...givenUp]],
  );
  return (rows[0] as { readonly count: number }).count;
}

/**
 * Lets events that were left given up at a move be handled again: then replay or redrive them on the live transport.
 *
 * @param eventIds - all of the consumer unless told
 * @returns those that were released
 */
export async function releaseGivenUp(
  tx: Queryable,
  consumer: string,
  eventIds?: readonly string[],
): Promise<readonly string[]> {
  try {
    const { rows } = await tx.query(
      `with released as (
         delete from consumer_given_up
         where consumer = $1 and ($2::text = '' or event_id = any($3::text[]::uuid[])) returning event_id
       ), forgotten as (
         delete from event_inbox i using released r where i.consumer = $1 and i.event_id = r.event_id
       )
       select event_id::text as event_id from released order by event_id`,
      [consumer, eventIds === undefined ? '' : 'named', [...(eventIds ?? [])]],
    );
    return (rows as { readonly event_id: string }[]).map(({ event_id }) => event_id);
  } catch (error) {
    throw explainedMove(error);
  }
}
