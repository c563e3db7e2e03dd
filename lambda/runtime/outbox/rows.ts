/**
 * The relay's statements on event_outbox. Each change of rows names the fencing tokens of the relay's lanes, so
 * that it has no effect on a lane that another relay has taken over meanwhile.
 */
import type { Pool, QueryArrayConfig } from 'pg';

import type { EventPriority } from '../../../lib/contracts/index.ts';
import type { LaneTokens } from '../postgres/lane-leases.ts';
import type { TimedQuery } from '../postgres/query.ts';
import { timed } from '../postgres/query.ts';
import type { EncodedMessage, PublishFailure } from '../types.ts';
import { lockOf, LOCK_SPACE } from './enqueue.ts';
import { LANE_COUNT } from './lane-count.ts';

/** A pending row, which is at the same time the message that is published. */
export interface OutboxRow extends EncodedMessage {
  readonly sequence: number;
  /** Failed attempts so far. */
  readonly retryCount: number;
}

export interface Failure {
  readonly row: OutboxRow;
  readonly reason: Pick<PublishFailure, 'code' | 'message'>;
}

export interface Retry extends Failure {
  /** Until the next attempt. */
  readonly delayMilliseconds: number;
}

/** A row's ordering: its key, or itself where no key keeps it in order. */
export function orderingUnit({
  orderingKey,
  tenantId,
  eventId,
}: Pick<EncodedMessage, 'orderingKey' | 'tenantId' | 'eventId'>): string {
  return orderingKey === tenantId ? eventId : orderingKey;
}
const ORDERING_UNIT = 'case when ordering_key = tenant_id then id::text else ordering_key end';

/** Milliseconds after which a statement counts as lost, for example on a connection that only seems open. */
const STATEMENT_TIMEOUT = 10_000;

/** Between the parts of a route. No name holds a control character. */
const SEPARATOR = '\u001f';
/**
 * What is the same for most rows travels as one text, and is taken apart once for each different text: reading
 * a row costs half of what ten columns would.
 */
const ROUTE = `concat_ws(E'\\x1f', tenant_id, event_type, event_version, source, priority, retry_count)`;
const COLUMNS = `sequence, id, ordering_key, ${ROUTE}, event_data`;

/** A writer that publishes a row itself has it for a moment: see publish-eagerly.ts. Retries are told by `retry_count`. */
const NOT_CLAIMED = `(next_attempt_at is null or retry_count > 0 or next_attempt_at <= clock_timestamp())`;

/** Which rows to read. */
export interface Page {
  readonly after: number;
  /** The last sequence number to read. @default - to the end */
  readonly upTo?: number;
  readonly limit: number;
  /** Ordering units to leave out. */
  readonly excluded: readonly string[];
  /** Locks of ordering keys whose rows are left out. */
  readonly excludedLocks: readonly number[];
}

/** Pending rows of the lanes, oldest first. */
export async function readPending(
  pool: Pool,
  lanes: LaneTokens,
  { after, upTo, limit, excluded, excludedLocks }: Page,
): Promise<OutboxRow[]> {
  const values: unknown[] = [after, limit];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const conditions = [
    // A relay on its own has all lanes, and need not look at each row's.
    ...(lanes.size === LANE_COUNT ? [] : [`and lane = any(${given([...lanes.keys()])}::smallint[])`]),
    ...(upTo === undefined ? [] : [`and sequence <= ${given(upTo)}`]),
    ...(excluded.length === 0 ? [] : [`and not (${ORDERING_UNIT} = any(${given(excluded)}::text[]))`]),
    ...(excludedLocks.length === 0
      ? []
      : [
          `and not (ordering_key <> tenant_id and (${lockOf('ordering_key')}) = any(${given(excludedLocks)}::int[]))`,
        ]),
  ];
  const { rows } = await pool.query<string[]>(
    asText(
      `select ${COLUMNS}
       from event_outbox
       where status = 'PENDING' and sequence > $1 and ${NOT_CLAIMED}
         ${conditions.join(' ')}
       order by sequence
       limit $2`,
      values,
    ),
  );
  return rows.map(toRow);
}

/** Who may be about to commit rows that no read has seen yet. */
export interface Writers {
  /** The last sequence number that was drawn. Undefined where this role may not ask. */
  readonly lastSequence: number | undefined;
  /**
   * Locks that writers hold. Every uncommitted row of an ordering key with a number up to `lastSequence` is behind
   * one of them: a writer locks the key, draws the number, commits, and only then lets go.
   */
  readonly locks: readonly number[];
}

// The subselect names the number, so that the locks are looked at after it was read.
const WRITERS = `
select drawn.last, array(
  select objid::int from pg_locks
  where drawn.last is not null and locktype = 'advisory' and objsubid = 2 and granted
    and database = (select oid from pg_database where datname = current_database())
    and classid::bigint = (${LOCK_SPACE})::bigint & 4294967295
) as locks
from (select pg_sequence_last_value(pg_get_serial_sequence('event_outbox', 'sequence')::regclass) as last) as drawn`;

export async function readWriters(pool: Pool): Promise<Writers> {
  const { rows } = await pool.query<{ last: string | null; locks: number[] }>(
    timed(STATEMENT_TIMEOUT, WRITERS),
  );
  const { last, locks } = rows[0]!;
  return { lastSequence: last === null ? undefined : Number(last), locks };
}

/** Every column as the text that PostgreSQL sent: nothing is parsed on the way from the table to the broker. */
function asText(text: string, values: unknown[]): QueryArrayConfig & TimedQuery {
  return { ...timed(STATEMENT_TIMEOUT, text, values), rowMode: 'array', types: TEXT };
}
const TEXT = { getTypeParser: () => (value: string) => value } as unknown as NonNullable<
  QueryArrayConfig['types']
>;

function toRow(columns: readonly string[]): OutboxRow {
  const route = routeOf(columns[3]!);
  return {
    sequence: Number(columns[0]),
    eventId: columns[1]!,
    tenantId: route.tenantId,
    eventType: route.eventType,
    eventVersion: route.eventVersion,
    source: route.source,
    priority: route.priority,
    orderingKey: columns[2]!,
    retryCount: route.retryCount,
    body: columns[4]!,
  };
}

type Route = Omit<OutboxRow, 'sequence' | 'eventId' | 'orderingKey' | 'body'>;
/** A cache of pure results, so it may outlive an invocation. Emptied when it has grown too large. */
const routes = new Map<string, Route>();
const MAX_ROUTES = 10_000;

function routeOf(text: string): Route {
  const known = routes.get(text);
  if (known !== undefined) return known;
  if (routes.size >= MAX_ROUTES) routes.clear();
  const [tenantId, eventType, eventVersion, source, priority, retryCount] = text.split(SEPARATOR);
  const route: Route = {
    tenantId: tenantId!,
    eventType: eventType!,
    eventVersion: eventVersion!,
    source: source!,
    priority: priority as EventPriority,
    retryCount: Number(retryCount),
  };
  routes.set(text, route);
  return route;
}

/** Rows of the lanes that failed before and are not due yet: unit and milliseconds until then. */
export async function readRetrying(pool: Pool, lanes: LaneTokens): Promise<readonly [string, number][]> {
  const { rows } = await pool.query<string[]>(
    asText(
      `select ${ORDERING_UNIT}, greatest(0, extract(epoch from next_attempt_at - clock_timestamp()) * 1000)
       from event_outbox
       where status = 'PENDING' and retry_count > 0 and lane = any($1::smallint[])`,
      [[...lanes.keys()]],
    ),
  );
  return rows.map(([unit, milliseconds]) => [unit!, Number(milliseconds)]);
}

/** Holds for a row while its lane belongs to the relay whose tokens are in parameter 1 (token by lane, 0 for none). */
const FENCE = `l.lane = o.lane and l.fencing_token = ($1::bigint[])[o.lane + 1]`;
/** By the index that was just read, which is at hand, and numbers are compared faster than UUIDs. */
const OF_SEQUENCES = `o.status = 'PENDING' and o.sequence = any($2::bigint[])`;
const DELETE_PUBLISHED = `
delete from event_outbox o using event_outbox_lane l
where ${OF_SEQUENCES} and ${FENCE}`;
const MARK_PUBLISHED = `
update event_outbox o set status = 'PUBLISHED', published_at = clock_timestamp(), next_attempt_at = null
from event_outbox_lane l
where ${OF_SEQUENCES} and ${FENCE}`;
const MARK_RETRY = `
update event_outbox o
set retry_count = o.retry_count + 1,
    next_attempt_at = clock_timestamp() + f.delay * interval '1 millisecond',
    last_error = f.error
from unnest($2::uuid[], $3::text[], $4::double precision[]) as f (id, error, delay), event_outbox_lane l
where o.id = f.id and ${FENCE}`;
const MARK_QUARANTINED = `
update event_outbox o set status = 'QUARANTINED', last_error = f.error, next_attempt_at = null
from unnest($2::uuid[], $3::text[]) as f (id, error), event_outbox_lane l
where o.id = f.id and ${FENCE}`;

/** @returns the rows changed: fewer than given when a lane was lost */
export async function finishPublished(
  pool: Pool,
  sequences: readonly number[],
  tokens: LaneTokens,
  keep: boolean,
): Promise<number> {
  // As PostgreSQL writes an array: the client would look at each number for what to escape.
  return change(pool, keep ? MARK_PUBLISHED : DELETE_PUBLISHED, tokens, [`{${sequences.join(',')}}`]);
}

export async function finishRetries(
  pool: Pool,
  retries: readonly Retry[],
  tokens: LaneTokens,
): Promise<number> {
  return change(pool, MARK_RETRY, tokens, [
    retries.map(({ row }) => row.eventId),
    retries.map(describe),
    retries.map(({ delayMilliseconds }) => delayMilliseconds),
  ]);
}

export async function finishQuarantined(
  pool: Pool,
  failures: readonly Failure[],
  tokens: LaneTokens,
): Promise<number> {
  return change(pool, MARK_QUARANTINED, tokens, [
    failures.map(({ row }) => row.eventId),
    failures.map(describe),
  ]);
}

async function change(pool: Pool, text: string, tokens: LaneTokens, values: unknown[]): Promise<number> {
  const byLane = Array.from({ length: LANE_COUNT }, (_, lane) => tokens.get(lane) ?? '0');
  return (await pool.query(timed(STATEMENT_TIMEOUT, text, [byLane, ...values]))).rowCount ?? 0;
}

function describe({ reason }: Failure): string {
  return `${reason.code}: ${reason.message}`.slice(0, 500);
}
