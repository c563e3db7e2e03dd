/** `parityReport()`: what a shadow saw, against the record. */
import type { Pool } from 'pg';

import { RuntimeError } from '../errors.ts';
import { readHorizon } from '../event-store/horizon.ts';
import { DEFAULT_INBOX_RETENTION_SECONDS } from '../inbox/retention.ts';
import { transportsOfConsumers } from './claim.ts';
import { explainedMove } from './errors.ts';
import { unknownConsumer } from './move-errors.ts';
import { PENDING } from './pending.ts';
import type { ParityOptions, ParityReport, TransportName } from './types.ts';

const DEFAULT_SETTLE_SECONDS = 30;
const DEFAULT_EXAMPLES = 10;

/**
 * Compares the arrivals at a consumer's shadow with the record: the tables of both are read, so run it on demand. What was
 * recorded in the last seconds may be on its way and counts only where it has arrived.
 *
 * @throws RuntimeError WAYBILL_TRANSPORT_CONSUMER_UNKNOWN, WAYBILL_TRANSPORT_TYPES_UNKNOWN,
 * WAYBILL_TRANSPORT_NOT_MIGRATED
 */
export async function parityReport(pool: Pool, options: ParityOptions): Promise<ParityReport> {
  const { consumer, transport, since } = options;
  try {
    const [known] = await transportsOfConsumers(pool, [consumer]);
    if (known === undefined) throw unknownConsumer(consumer);
    const types = options.types ?? known.types;
    if (types.length === 0) throw typesUnknown(consumer);
    const upTo = await readHorizon(pool);
    const after = options.after ?? (await startOf(pool, transport, types));
    const { rows } = await pool.query<{ report: Row }>(REPORT, [
      consumer,
      types,
      DEFAULT_INBOX_RETENTION_SECONDS,
      known.liveOn,
      transport,
      after,
      upTo,
      since?.toISOString() ?? '-infinity',
      options.settleSeconds ?? DEFAULT_SETTLE_SECONDS,
      options.examples ?? DEFAULT_EXAMPLES,
    ]);
    const { latency, examples, ...counts } = rows[0]!.report;
    return {
      consumer,
      transport,
      after,
      upTo,
      ...counts,
      examples: {
        missing: examples.missing ?? [],
        extra: examples.extra ?? [],
        reordered: examples.reordered ?? [],
      },
      latency,
      isEqual: counts.missing === 0 && counts.extra === 0 && counts.reordered === 0,
    };
  } catch (error) {
    throw explainedMove(error);
  }
}

interface Row extends Pick<
  ParityReport,
  'recorded' | 'arrived' | 'missing' | 'missingUnhandled' | 'extra' | 'repeated' | 'reordered' | 'tooRecent'
> {
  readonly examples: { readonly [kind in keyof ParityReport['examples']]: readonly string[] | null };
  readonly latency: ParityReport['latency'];
}

/** Where the mirror began, for the type that came last; PostgreSQL has everything. */
async function startOf(
  pool: Pick<Pool, 'query'>,
  transport: TransportName,
  types: readonly string[],
): Promise<number> {
  if (transport === 'postgres') return 0;
  const { rows } = await pool.query<{ after: number | null }>(
    `select max(after_position)::float8 as after from transport_mirror
     where transport = $1 and event_type = any($2::text[])`,
    [transport, types],
  );
  return rows[0]?.after ?? 0;
}

function typesUnknown(consumer: string): RuntimeError {
  return new RuntimeError(
    'WAYBILL_TRANSPORT_TYPES_UNKNOWN',
    `nobody has said which events ${consumer} handles: give \`types\`, or --types, or let superviseConsumers() register them`,
  );
}

const percentiles = (milliseconds: string): string => `(select json_build_object(
    'count', count(${milliseconds}),
    'p50', percentile_cont(0.5) within group (order by ${milliseconds}),
    'p99', percentile_cont(0.99) within group (order by ${milliseconds})) from placed)`;

/** $5 transport, $6 and $7 the positions, $8 since, $9 seconds to settle, $10 examples. */
const REPORT = `
with ${PENDING}, record as (
  select e.event_id, e.position, e.recorded_at, e.ordering_key, e.ordering_key <> e.tenant_id as is_ordered,
    s.sequence, s.arrived_at, s.deliveries, i.handled_at,
    s.sequence is null and e.recorded_at >= clock_timestamp() - $9::float8 * interval '1 second' as is_recent
  from event_store e
  left join shadow_arrival s on s.consumer = $1 and s.transport = $5 and s.event_id = e.event_id
  left join event_inbox i on i.consumer = $1 and i.event_id = e.event_id
  where e.position > $6::bigint and e.position <= $7::bigint and e.event_type = any($2::text[])
    and e.recorded_at >= $8::timestamptz
), placed as (
  select *,
    extract(epoch from arrived_at - recorded_at) * 1000 as shadow_ms,
    extract(epoch from handled_at - recorded_at) * 1000 as live_ms,
    extract(epoch from arrived_at - handled_at) * 1000 as difference_ms,
    is_ordered and sequence < max(sequence) over (
      partition by ordering_key order by position rows between unbounded preceding and 1 preceding) as is_late
  from record where sequence is not null
), missing as (
  select event_id, position from record where sequence is null and not is_recent
), extra as (
  select s.event_id, s.sequence from shadow_arrival s
  where s.consumer = $1 and s.transport = $5
    and s.arrived_at >= greatest($8::timestamptz, (select min(recorded_at) from record))
    and (s.event_type <> all($2::text[])
      or not exists (select 1 from event_store_receipt r where r.event_id = s.event_id))
)
select json_build_object(
  'recorded', (select count(*) from record where not is_recent),
  'arrived', (select count(*) from placed),
  'missing', (select count(*) from missing),
  'missingUnhandled', (select count(*) from missing m join pending p using (event_id)),
  'extra', (select count(*) from extra),
  'repeated', (select coalesce(sum(deliveries - 1), 0) from placed),
  'reordered', (select count(*) from placed where is_late),
  'tooRecent', (select count(*) from record where is_recent),
  'examples', json_build_object(
    'missing', (select json_agg(event_id) from (
      select event_id from missing order by position limit $10) as named),
    'extra', (select json_agg(event_id) from (
      select event_id from extra order by sequence limit $10) as named),
    'reordered', (select json_agg(event_id) from (
      select event_id from placed where is_late order by position limit $10) as named)),
  'latency', json_build_object(
    'shadow', ${percentiles('shadow_ms')},
    'live', ${percentiles('live_ms')},
    'difference', ${percentiles('difference_ms')})
) as report`;
