/**
 * The statements of a subscription. Each change names the fencing token of its lanes, so that it has no effect on a
 * lane that another instance has taken over meanwhile.
 */
import type { Pool, QueryArrayConfig } from 'pg';

import type { EventPriority, ReplayMark } from '../../../lib/contracts/index.ts';
import { STATEMENT_TIMEOUT } from '../event-store/horizon.ts';
import { LANE_COUNT } from '../outbox/lane-count.ts';
import { orderingUnit } from '../outbox/rows.ts';
import type { LaneTokens } from '../postgres/lane-leases.ts';
import { timed } from '../postgres/query.ts';
import type { TimedQuery } from '../postgres/query.ts';
import type { Item } from './item.ts';

/** The unit of a subscription that keeps everything in order. */
export const TOTAL_UNIT = '';

/** Every column as the text that PostgreSQL sent: the event is parsed once, by the consumer. */
function asText(text: string, values: unknown[]): QueryArrayConfig & TimedQuery {
  return { ...timed(STATEMENT_TIMEOUT, text, values), rowMode: 'array', types: TEXT };
}
const TEXT = { getTypeParser: () => (value: string) => value } as unknown as NonNullable<
  QueryArrayConfig['types']
>;

export interface EventRange {
  readonly after: number;
  readonly upTo: number;
  readonly types: readonly string[];
  readonly limit: number;
  /** Undefined: everything in one order. */
  readonly lanes: readonly number[] | undefined;
}

export async function readEvents(pool: Pool, range: EventRange): Promise<Item[]> {
  const { after, upTo, types, limit, lanes } = range;
  const values: unknown[] = [after, upTo, types, limit];
  const some = lanes !== undefined && lanes.length < LANE_COUNT;
  if (some) values.push(lanes);
  const { rows } = await pool.query<string[]>(
    asText(
      `select position, event_id, event_type, event_version, tenant_id, priority, lane, ordering_key,
         extract(epoch from recorded_at) * 1000, event_data
       from event_store
       where position > $1 and position <= $2 and event_type = any($3::text[])
         ${some ? 'and lane = any($5::smallint[])' : ''}
       order by position
       limit $4`,
      values,
    ),
  );
  return rows.map((columns) => toItem(columns, lanes === undefined));
}

export interface NextEvents {
  /** How far it is safe to read now. */
  readonly horizon: number;
  readonly items: readonly Item[];
}

/** The same, where it is not known how far it is safe to read: both in one round trip. */
export async function readNextEvents(pool: Pool, range: EventRange): Promise<NextEvents> {
  const { after, upTo, types, limit, lanes } = range;
  const some = lanes !== undefined && lanes.length < LANE_COUNT;
  const { rows } = await pool.query<string[]>(
    asText(
      `select position, event_id, event_type, event_version, tenant_id, priority, lane, ordering_key, recorded_ms,
         event_data, horizon
       from event_store_next($1, $2, $3, $4, $5)`,
      [after, Number.isFinite(upTo) ? upTo : LAST_POSITION, types, some ? lanes : null, limit],
    ),
  );
  const [first, ...found] = rows;
  return {
    horizon: Number(first![10]),
    items: found.map((columns) => toItem(columns, lanes === undefined)),
  };
}

/** Above all positions. */
const LAST_POSITION = '9223372036854775807';

function toItem(columns: readonly string[], total: boolean): Item {
  const message = { eventId: columns[1]!, tenantId: columns[4]!, orderingKey: columns[7]! };
  return {
    lane: total ? 0 : Number(columns[6]),
    unit: total ? TOTAL_UNIT : orderingUnit(message),
    position: Number(columns[0]),
    eventId: message.eventId,
    eventType: columns[2]!,
    eventVersion: columns[3]!,
    tenantId: message.tenantId,
    priority: columns[5]! as EventPriority,
    recordedAt: Number(columns[8]),
    body: columns[9]!,
    attempts: 0,
    waits: false,
    replay: undefined,
  };
}

export interface Cursor {
  readonly lane: number;
  readonly position: number;
}

export async function readCursors(pool: Pool, consumer: string, lanes: readonly number[]): Promise<Cursor[]> {
  const { rows } = await pool.query<{ lane: number; position: string }>(
    timed(
      STATEMENT_TIMEOUT,
      'select lane, position from event_subscription_lane where consumer = $1 and lane = any($2::smallint[])',
      [consumer, lanes],
    ),
  );
  return rows.map(({ lane, position }) => ({ lane, position: Number(position) }));
}

export interface WaitingUnit {
  readonly lane: number;
  readonly unit: string;
  /** Milliseconds from now; below 0 where it is due. */
  readonly dueIn: number;
}

/** Units that wait, by the first of each. */
export async function readWaitingUnits(
  pool: Pool,
  consumer: string,
  lanes: readonly number[],
): Promise<WaitingUnit[]> {
  const { rows } = await pool.query<WaitingUnit>(
    timed(
      STATEMENT_TIMEOUT,
      `select distinct on (lane, unit) lane, unit,
         (extract(epoch from due_at - clock_timestamp()) * 1000)::float8 as "dueIn"
       from event_subscription_waiting
       where consumer = $1 and lane = any($2::smallint[])
       order by lane, unit, position`,
      [consumer, lanes],
    ),
  );
  return rows;
}

/** What waits of some units, at most so many of each, in order. */
export async function readWaiting(
  pool: Pool,
  consumer: string,
  lanes: readonly number[],
  units: readonly string[],
  limitOfUnit: number,
): Promise<Item[]> {
  const { rows } = await pool.query<string[]>(
    asText(
      `select w.position, w.event_id, w.event_type, w.event_version, w.tenant_id, w.priority, w.lane, w.unit,
         extract(epoch from coalesce(e.recorded_at, w.since)) * 1000, coalesce(w.body, e.event_data::text), w.attempts, w.replay
       from unnest($3::text[]) as wanted (unit)
       cross join lateral (
         select * from event_subscription_waiting
         where consumer = $1 and lane = any($2::smallint[]) and unit = wanted.unit
         order by position limit $4
       ) as w
       left join event_store e on e.position = w.position
       order by w.unit, w.position`,
      [consumer, lanes, units, limitOfUnit],
    ),
  );
  return rows.map((columns) => ({
    lane: Number(columns[6]),
    unit: columns[7]!,
    position: Number(columns[0]),
    eventId: columns[1]!,
    eventType: columns[2]!,
    eventVersion: columns[3]!,
    tenantId: columns[4]!,
    priority: columns[5]! as EventPriority,
    recordedAt: Number(columns[8]),
    // A null comes without the parser.
    body: (columns[9] as string | null) ?? undefined,
    attempts: Number(columns[10]),
    waits: true,
    replay: (columns[11] as string | null) === null ? undefined : (JSON.parse(columns[11]!) as ReplayMark),
  }));
}

/** An event that is to wait in the database. */
export interface Kept {
  readonly item: Item;
  readonly attempts: number;
  readonly delayMilliseconds: number;
  /** Empty for what only waits behind another. */
  readonly error: string;
}

export interface Progress {
  /** New cursors. Lanes of all that is kept and removed are among them. */
  readonly cursors: readonly Cursor[];
  readonly kept: readonly Kept[];
  /** No longer waiting. */
  readonly removed: readonly Item[];
}

const MOVED = `
moved as (
  update event_subscription_lane l set position = greatest(l.position, given.position)
  from unnest($2::smallint[], $3::bigint[], $4::bigint[]) as given (lane, token, position)
  where l.consumer = $1 and l.lane = given.lane and l.fencing_token = given.token
  returning l.lane
)`;
/**
 * Marks do not wait for the disk. One that a crash of the database takes along is gone as a whole, and the inbox knows
 * the events that come again.
 */
const LANES_MOVED = `select lane, set_config('synchronous_commit', 'off', true) from moved`;
const STORE_CURSORS = `with ${MOVED} ${LANES_MOVED}`;
const STORE_ALL = `
with ${MOVED}, kept as (
  insert into event_subscription_waiting as w (consumer, lane, unit, position, event_id, event_type, event_version,
    tenant_id, priority, attempts, due_at, last_error)
  select $1, lane, unit, position, event_id, event_type, event_version, tenant_id, priority, attempts,
    clock_timestamp() + delay * interval '1 millisecond', nullif(error, '')
  from unnest($5::smallint[], $6::text[], $7::bigint[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[],
    $13::int[], $14::double precision[], $15::text[])
    as k (lane, unit, position, event_id, event_type, event_version, tenant_id, priority, attempts, delay, error)
  where lane in (select lane from moved)
  on conflict (consumer, lane, unit, position) do update
  set attempts = excluded.attempts, due_at = excluded.due_at, last_error = excluded.last_error
), counted as (
  -- For eventMetrics(). Only where something failed, so that handling in peace writes no counter.
  insert into event_attempt_minute as a (consumer, transport, minute, failed)
  select $1, 'postgres', date_trunc('minute', clock_timestamp()), $19::bigint
  where $19::bigint > 0 and exists (select from moved)
  on conflict (consumer, transport, minute) do update set failed = a.failed + excluded.failed
), removed as (
  delete from event_subscription_waiting w
  using unnest($16::smallint[], $17::text[], $18::bigint[]) as r (lane, unit, position)
  where w.consumer = $1 and w.lane = r.lane and w.unit = r.unit and w.position = r.position
    and w.lane in (select lane from moved)
)
${LANES_MOVED}`;

/** Stores what was done, all or, of a lane that another instance has, nothing. @returns the lanes that are still ours */
export async function storeProgress(
  pool: Pool,
  consumer: string,
  tokens: LaneTokens,
  { cursors, kept, removed }: Progress,
): Promise<ReadonlySet<number>> {
  const values: unknown[] = [
    consumer,
    cursors.map(({ lane }) => lane),
    cursors.map(({ lane }) => tokens.get(lane) ?? '-1'),
    cursors.map(({ position }) => position),
  ];
  const more = kept.length + removed.length > 0;
  if (more) {
    const column = <Value>(of: (kept: Kept) => Value): Value[] => kept.map(of);
    values.push(
      column(({ item }) => item.lane),
      column(({ item }) => item.unit),
      column(({ item }) => item.position),
      column(({ item }) => item.eventId),
      column(({ item }) => item.eventType),
      column(({ item }) => item.eventVersion),
      column(({ item }) => item.tenantId),
      column(({ item }) => item.priority),
      column(({ attempts }) => attempts),
      column(({ delayMilliseconds }) => delayMilliseconds),
      column(({ error }) => error),
      removed.map(({ lane }) => lane),
      removed.map(({ unit }) => unit),
      removed.map(({ position }) => position),
      kept.filter(({ item, attempts }) => attempts > item.attempts).length,
    );
  }
  const { rows } = await pool.query<{ lane: number }>(
    timed(STATEMENT_TIMEOUT, more ? STORE_ALL : STORE_CURSORS, values),
  );
  return new Set(rows.map(({ lane }) => lane));
}

/** @returns whether it is safe: false where the lane is another's by now */
export async function storeDeadLetter(
  pool: Pool,
  consumer: string,
  token: string,
  item: Item,
  letter: { readonly reason: string; readonly detail: string },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    timed(
      STATEMENT_TIMEOUT,
      `insert into event_dead_letter (consumer, event_id, position, lane, unit, event_type, event_version, tenant_id,
         priority, reason, detail, attempts, event_data)
       select $1, $2, $3, l.lane, $5, $6, $7, $8, $9, $10, $11, $12, $13
       from event_subscription_lane l
       where l.consumer = $1 and l.lane = $4 and l.fencing_token = $14
       for no key update
       on conflict (consumer, event_id) do update
       set reason = excluded.reason, detail = excluded.detail, attempts = excluded.attempts, unit = excluded.unit,
         failed_at = clock_timestamp(), redriven_at = null`,
      [
        consumer,
        item.eventId,
        item.position,
        item.lane,
        item.unit,
        item.eventType,
        item.eventVersion,
        item.tenantId,
        item.priority,
        letter.reason,
        letter.detail.slice(0, 256),
        item.attempts + 1,
        item.body ?? '',
        token,
      ],
    ),
  );
  return (rowCount ?? 0) > 0;
}
