/**
 * Events that end their process. A process that dies counts nothing, so it is counted when a handler begins: only in lanes
 * whose last owner died, for some minutes, because everywhere else it would cost each event a statement.
 *
 * | the event | its handling |
 * |---|---|
 * | of a lane whose owner gave it back, or was taken over long ago | begins, and nothing is noted |
 * | of a lane that was taken over from one who died | noted, and begins beside others |
 * | was noted before, and no outcome followed | noted again, and begins while no other of its kind is in work |
 * | was begun more often than it may be tried | is given up: its handler is not called |
 *
 * Any outcome removes the note: a failure is counted with what waits.
 */
import type { Pool } from 'pg';

import { STATEMENT_TIMEOUT } from '../event-store/horizon.ts';
import type { LaneTokens } from '../postgres/lane-leases.ts';
import { timed } from '../postgres/query.ts';
import type { Item } from './item.ts';

/** Milliseconds after a takeover. Who died had at most some pages in memory: what it had in work comes soon. */
export const WATCH = 300_000;

export interface BegunEvent {
  readonly lane: number;
  readonly key: string;
}

/** Within one consumer. */
export const keyOf = ({ lane, unit, position }: Pick<Item, 'lane' | 'unit' | 'position'>): string =>
  `${lane} ${position} ${unit}`;

/** What was begun in these lanes without an outcome. Notes of what has one are removed. */
export async function readBegun(
  pool: Pool,
  consumer: string,
  lanes: readonly number[],
): Promise<BegunEvent[]> {
  const { rows } = await pool.query<{ lane: number; unit: string; position: string }>(
    timed(
      STATEMENT_TIMEOUT,
      `with settled as (
         delete from event_subscription_begun b using event_subscription_lane l
         where b.consumer = $1 and b.lane = any($2::smallint[])
           and l.consumer = b.consumer and l.lane = b.lane and b.position <= l.position
           and not exists (
             select 1 from event_subscription_waiting w
             where w.consumer = b.consumer and w.lane = b.lane and w.unit = b.unit and w.position = b.position)
       )
       select lane, unit, position from event_subscription_begun where consumer = $1 and lane = any($2::smallint[])`,
      [consumer, lanes],
    ),
  );
  return rows.map(({ lane, unit, position }) => ({
    lane,
    key: keyOf({ lane, unit, position: Number(position) }),
  }));
}

/** @returns how often it was begun without an outcome, this time included; undefined where the lane is another's by now */
export async function noteBegun(
  pool: Pool,
  consumer: string,
  token: string,
  { lane, unit, position }: Item,
): Promise<number | undefined> {
  const { rows } = await pool.query<{ begun: number }>(
    timed(
      STATEMENT_TIMEOUT,
      `with noted as (
         insert into event_subscription_begun as b (consumer, lane, unit, position)
         select consumer, lane, $4, $5 from event_subscription_lane
         where consumer = $1 and lane = $2 and fencing_token = $3
         on conflict (consumer, lane, unit, position) do update set begun = b.begun + 1
         returning begun
       )
       select begun, set_config('synchronous_commit', 'off', true) from noted`,
      [consumer, lane, token, unit, position],
    ),
  );
  return rows[0]?.begun;
}

/** They have an outcome, and it is stored. */
export async function forgetBegun(
  pool: Pool,
  consumer: string,
  tokens: LaneTokens,
  items: readonly Item[],
): Promise<void> {
  await pool.query(
    timed(
      STATEMENT_TIMEOUT,
      `delete from event_subscription_begun b
       using unnest($2::smallint[], $3::bigint[], $4::text[], $5::bigint[]) as done (lane, token, unit, position),
         event_subscription_lane l
       where b.consumer = $1 and b.lane = done.lane and b.unit = done.unit and b.position = done.position
         and l.consumer = $1 and l.lane = done.lane and l.fencing_token = done.token`,
      [
        consumer,
        items.map(({ lane }) => lane),
        items.map(({ lane }) => tokens.get(lane) ?? '-1'),
        items.map(({ unit }) => unit),
        items.map(({ position }) => position),
      ],
    ),
  );
}
