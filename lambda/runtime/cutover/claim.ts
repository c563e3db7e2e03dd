/** By which transport a consumer's effects happen: said in each effect's own transaction. */
import { RuntimeError } from '../errors.ts';
import type { Queryable } from '../postgres/query.ts';
import { explainedMove } from './errors.ts';
import type { ConsumerTransport, EffectClaim, RegisterConsumer, TransportName } from './types.ts';

/** Seconds after which an event that came by another transport than the live one is looked at again. */
const NOT_LIVE_RETRY_SECONDS = 5;

/**
 * Call first in the transaction of every effect, before `processOnce`: nobody has effects by two transports. Until the
 * transaction ends, a move waits for it.
 *
 * | live on | this transport | |
 * |---|---|---|
 * | this one | | goes on |
 * | another | | throws; the event waits, and the attempt is not counted |
 * | nothing yet | | inserts `configured`, and decides by it |
 *
 * @example
 * await inTransaction(pool, async (tx) => {
 *   await claimEffect(tx, { consumer: context.consumer, transport });
 *   if (!(await processOnce(tx, context.consumer, event.eventId))) return;
 *   await tx.query('insert ...');
 * });
 *
 * @throws RuntimeError WAYBILL_TRANSPORT_NOT_LIVE, WAYBILL_TRANSPORT_NOT_MIGRATED
 */
export async function claimEffect(
  tx: Queryable,
  { consumer, transport, configured = transport }: EffectClaim,
): Promise<void> {
  let live: string;
  try {
    const { rows } = await tx.query('select consumer_transport_claim($1::text, $2::text) as live_on', [
      consumer,
      configured,
    ]);
    live = (rows[0] as { readonly live_on: string }).live_on;
  } catch (error) {
    throw explainedMove(error);
  }
  if (live !== transport) throw new TransportNotLive(consumer, transport, live);
}

/** A consumer is live on another transport: its event is not handled here, and has not failed. */
export class TransportNotLive extends RuntimeError {
  readonly retryAfterSeconds = NOT_LIVE_RETRY_SECONDS;

  constructor(consumer: string, transport: string, live: string) {
    super(
      'WAYBILL_TRANSPORT_NOT_LIVE',
      `consumer ${consumer} is live on ${live}, and the event came by ${transport}: it has no effect here. Nothing to do while a move is under way; else stop its reader on ${transport}, or move it back: waybill transport move ${consumer} --to ${transport}`,
    );
  }
}

/** Where a consumer is live; undefined before its first start. */
export async function liveTransport(
  queryable: Queryable,
  consumer: string,
): Promise<TransportName | undefined> {
  const [found] = await transportsOfConsumers(queryable, [consumer]);
  return found?.liveOn;
}

/** Where consumers are live, by their names. @param consumers - all of them unless told */
export async function transportsOfConsumers(
  queryable: Queryable,
  consumers?: readonly string[],
): Promise<readonly ConsumerTransport[]> {
  try {
    const { rows } = await queryable.query(
      `select consumer, live_on, epoch::float8 as epoch, moved_at, types from consumer_transport
       where $1::text = '' or consumer = any($2::text[]) order by consumer`,
      [consumers === undefined ? '' : 'named', [...(consumers ?? [])]],
    );
    return (rows as TransportRow[]).map((row) => ({
      consumer: row.consumer,
      liveOn: row.live_on,
      epoch: row.epoch,
      movedAt: new Date(row.moved_at).toISOString(),
      types: row.types,
    }));
  } catch (error) {
    throw explainedMove(error);
  }
}

/** Notes where consumers are live at first, and what they handle. What is known stays, but for the types. */
export async function registerConsumers(
  queryable: Queryable,
  consumers: readonly RegisterConsumer[],
): Promise<void> {
  try {
    for (const { consumer, configured, types } of consumers) {
      await queryable.query(
        `insert into consumer_transport as t (consumer, live_on, types) values ($1, $2, $3::text[])
         on conflict (consumer) do update set types = excluded.types
         where excluded.types <> '{}' and t.types <> excluded.types`,
        [consumer, configured, [...(types ?? [])].toSorted()],
      );
    }
  } catch (error) {
    throw explainedMove(error);
  }
}

interface TransportRow {
  readonly consumer: string;
  readonly live_on: TransportName;
  readonly epoch: number;
  readonly moved_at: string | Date;
  readonly types: readonly string[];
}
