/**
 * The relay's statements on event_outbox. Each change of rows names the fencing tokens of the relay's lanes, so
 * that it has no effect on a lane that another relay has taken over meanwhile.
 */
import type { Pool, QueryArrayConfig } from 'pg';

import type { EventPriority } from '../../../lib/contracts/index.ts';
import type { TimedQuery } from '../postgres/query.ts';
import { timed } from '../postgres/query.ts';
import type { EncodedMessage, PublishFailure } from '../types.ts';
import { LANE_COUNT } from './lane-count.ts';

/** A pending row, which is at the same time the message that is published. */
export interface OutboxRow extends EncodedMessage {
  readonly sequence: number;
  readonly lane: number;
  /** Failed attempts so far. */
  readonly retryCount: number;
}

/** The fencing token by lane, for the lanes of one relay. */
export type LaneTokens = ReadonlyMap<number, string>;

export interface Failure {
  readonly row: OutboxRow;
  readonly reason: Pick<PublishFailure, 'code' | 'message'>;
}

export interface Retry extends Failure {
  /** Until the next attempt. */
  readonly delayMilliseconds: number;
}

/** A row's ordering: its key, or itself where no key keeps it in order. */
export function orderingUnit({ orderingKey, tenantId, eventId }: EncodedMessage): string {
  return orderingKey === tenantId ? eventId : orderingKey;
}
const ORDERING_UNIT = 'case when ordering_key = tenant_id then id::text else ordering_key end';

/** Milliseconds after which a statement counts as lost, for example on a connection that only seems open. */
const STATEMENT_TIMEOUT = 10_000;

const COLUMNS =
  'sequence, lane, id, tenant_id, event_type, event_version, source, priority, ordering_key, retry_count, event_data';
const READ = `
select ${COLUMNS}
from event_outbox
where status = 'PENDING' and sequence > $1 and lane = any($2::smallint[])
order by sequence
limit $3`;
const READ_WITHOUT = READ.replace('order by', `and not (${ORDERING_UNIT} = any($4::text[]))\norder by`);

/**
 * Pending rows of the lanes after a sequence number, oldest first.
 *
 * @param excluded ordering units to leave out
 */
export async function readPending(
  pool: Pool,
  after: number,
  lanes: LaneTokens,
  limit: number,
  excluded: readonly string[],
): Promise<OutboxRow[]> {
  const values = [after, [...lanes.keys()], limit];
  const { rows } = await pool.query<string[]>(
    excluded.length === 0 ? asText(READ, values) : asText(READ_WITHOUT, [...values, excluded]),
  );
  return rows.map(toRow);
}

/** Every column as the text that PostgreSQL sent: nothing is parsed on the way from the table to the broker. */
function asText(text: string, values: unknown[]): QueryArrayConfig & TimedQuery {
  return { ...timed(STATEMENT_TIMEOUT, text, values), rowMode: 'array', types: TEXT };
}
const TEXT = { getTypeParser: () => (value: string) => value } as unknown as NonNullable<
  QueryArrayConfig['types']
>;

function toRow(columns: readonly string[]): OutboxRow {
  return {
    sequence: Number(columns[0]),
    lane: Number(columns[1]),
    eventId: columns[2]!,
    tenantId: columns[3]!,
    eventType: columns[4]!,
    eventVersion: columns[5]!,
    source: columns[6]!,
    priority: columns[7] as EventPriority,
    orderingKey: columns[8]!,
    retryCount: Number(columns[9]),
    body: columns[10]!,
  };
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
const DELETE_PUBLISHED = `
delete from event_outbox o using event_outbox_lane l
where o.id = any($2::uuid[]) and ${FENCE}`;
const MARK_PUBLISHED = `
update event_outbox o set status = 'PUBLISHED', published_at = clock_timestamp(), next_attempt_at = null
from event_outbox_lane l
where o.id = any($2::uuid[]) and ${FENCE}`;
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
  rows: readonly OutboxRow[],
  tokens: LaneTokens,
  keep: boolean,
): Promise<number> {
  return change(pool, keep ? MARK_PUBLISHED : DELETE_PUBLISHED, tokens, [rows.map(({ eventId }) => eventId)]);
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
