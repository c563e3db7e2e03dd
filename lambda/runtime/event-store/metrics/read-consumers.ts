/** What consumers did and have not done: by the inbox, which every transport writes, and by their cursors. */
import type { Pool } from 'pg';

import { timed } from '../../postgres/query.ts';
import { MAX_COUNTED, subscriptionMetrics } from '../../subscription/metrics.ts';
import { STATEMENT_TIMEOUT } from '../horizon.ts';
import { latencyOf } from './latency.ts';
import type { ConsumerMetrics, Latency, MeasuredConsumer, MeasuredTransport, NotMeasured } from './types.ts';

/** The newest handled events that are looked at, of all consumers together. */
const HANDLED_SAMPLE = 5_000;
/** The newest events of the store that are looked at for a consumer without cursors here. */
const UNPROCESSED_SAMPLE = 10_000;

const HANDLED = `
select i.consumer, (extract(epoch from i.handled_at) * 1000)::float8 as "handledAt",
  (extract(epoch from r.recorded_at) * 1000)::float8 as "recordedAt"
from (
  select consumer, event_id, handled_at from event_inbox
  where handled_at >= clock_timestamp() - $1::float8 * interval '1 second'
  order by handled_at desc limit ${HANDLED_SAMPLE}
) as i
left join event_store_receipt r on r.event_id = i.event_id`;

interface HandledRow {
  readonly consumer: string;
  readonly handledAt: number;
  readonly recordedAt: number | null;
}

const FAILURES = `
select c.name,
  (select coalesce(sum(a.failed), 0)::float8 from event_attempt_minute a
   where a.consumer = c.name and a.minute >= date_trunc('minute', clock_timestamp() - $2::float8 * interval '1 second'))
   as failed,
  (select array_agg(distinct a.transport) from event_attempt_minute a where a.consumer = c.name) as "countedOn",
  d.open as "deadLetters", d.young as "youngDeadLetters",
  exists (select from event_subscription_lane l where l.consumer = c.name) as "hasCursors"
from unnest($1::text[]) as c (name), lateral (
  select count(*)::int as open,
    count(*) filter (where failed_at >= clock_timestamp() - $2::float8 * interval '1 second')::int as young
  from (
    select failed_at from event_dead_letter
    where consumer = c.name and redriven_at is null order by failed_at desc limit ${MAX_COUNTED}
  ) as newest
) as d`;

interface FailureRow {
  readonly name: string;
  readonly failed: number;
  readonly countedOn: readonly string[] | null;
  readonly deadLetters: number;
  readonly youngDeadLetters: number;
  readonly hasCursors: boolean;
}

const UNPROCESSED = `
select count(*)::int as unprocessed, coalesce(max(n.age), 0)::float8 as "oldestSeconds", coalesce(max(n.looked_at), 0)::int as "lookedAt"
from (
  select event_id, event_type, greatest(0, extract(epoch from clock_timestamp() - recorded_at)) as age, count(*) over () as looked_at
  from (select event_id, event_type, recorded_at from event_store order by position desc limit ${UNPROCESSED_SAMPLE}) as e
) as n
where n.event_type = any($2::text[])
  and not exists (select from event_inbox i where i.consumer = $1 and i.event_id = n.event_id)
  and not exists (
    select from event_dead_letter d where d.consumer = $1 and d.event_id = n.event_id and d.redriven_at is null)`;

export interface ConsumersRead {
  readonly consumers: readonly ConsumerMetrics[];
  readonly processingLatency: Latency | null;
  readonly errorRate: number | null;
  readonly notMeasured: readonly NotMeasured[];
}

/** @param rateSeconds how long there has been anything to handle, at most the window */
export async function readConsumers(
  pool: Pick<Pool, 'query'>,
  consumers: readonly MeasuredConsumer[],
  windowSeconds: number,
  rateSeconds: number,
): Promise<ConsumersRead> {
  if (consumers.length === 0)
    return { consumers: [], processingLatency: null, errorRate: null, notMeasured: [] };
  const names = consumers.map(({ name }) => name);
  const { rows: newest } = await pool.query<HandledRow>(timed(STATEMENT_TIMEOUT, HANDLED, [windowSeconds]));
  const { rows: failures } = await pool.query<FailureRow>(
    timed(STATEMENT_TIMEOUT, FAILURES, [names, windowSeconds]),
  );
  const liveOn = await readLiveOn(pool, names);
  const sampleSeconds = newest.length < HANDLED_SAMPLE ? rateSeconds : spanOf(newest);
  const handled = newest.filter(({ consumer }) => names.includes(consumer));

  const measured: ConsumerMetrics[] = [];
  const rates: Rates[] = [];
  const notMeasured: NotMeasured[] = [];
  for (const consumer of consumers) {
    const { name } = consumer;
    const own = handled.filter((row) => row.consumer === name);
    const failure = failures.find((row) => row.name === name)!;
    const transport = liveOn.get(name) ?? 'postgres';
    const failedPerSecond = (failure.failed + failure.youngDeadLetters) / rateSeconds;
    const handledPerSecond = own.length / sampleSeconds;
    const isHere = transport === 'postgres';
    const backlog =
      isHere && failure.hasCursors ? await byCursors(pool, consumer) : await byInbox(pool, consumer);
    // Elsewhere a failure is known only where the handler counts it.
    const isCounted = isHere || failure.countedOn?.includes(transport) === true;
    if (isCounted) rates.push({ failedPerSecond, handledPerSecond });
    measured.push({
      name,
      transport,
      handledPerSecond,
      errorRate: isCounted ? rateOf(failedPerSecond, handledPerSecond) : null,
      processingLatency: latencyOf(latenciesOf(own)),
      deadLetters: isHere ? failure.deadLetters : null,
      ...backlog,
    });
    if (!isCounted) {
      notMeasured.push({
        what: `consumers.${name}.errorRate`,
        why: `it is live on ${transport}, and its handler is not wrapped by countFailures()`,
      });
    }
    if (!isHere) {
      notMeasured.push({
        what: `consumers.${name}.deadLetters`,
        why: `it is live on ${transport}, which keeps its own dead letters`,
      });
    }
  }
  const sum = (of: (one: Rates) => number): number => rates.reduce((total, one) => total + of(one), 0);
  return {
    consumers: measured,
    processingLatency: latencyOf(latenciesOf(handled)),
    errorRate: rateOf(
      sum((one) => one.failedPerSecond),
      sum((one) => one.handledPerSecond),
    ),
    notMeasured,
  };
}

interface Rates {
  readonly handledPerSecond: number;
  readonly failedPerSecond: number;
}

function rateOf(failed: number, handled: number): number | null {
  return failed + handled === 0 ? null : failed / (failed + handled);
}

function latenciesOf(handled: readonly HandledRow[]): number[] {
  // An event whose receipt retention has dropped is too old for a latency.
  return handled.flatMap(({ handledAt, recordedAt }) =>
    recordedAt === null ? [] : [handledAt - recordedAt],
  );
}

/** Seconds from the oldest of a sample that was cut off to its newest. */
function spanOf(newestFirst: readonly HandledRow[]): number {
  const times = newestFirst.map(({ handledAt }) => handledAt);
  return Math.max(1, (Math.max(...times) - Math.min(...times)) / 1_000);
}

type Backlog = Pick<ConsumerMetrics, 'unprocessed' | 'oldestUnprocessedSeconds' | 'isBounded'>;

async function byCursors(pool: Pick<Pool, 'query'>, { name, types }: MeasuredConsumer): Promise<Backlog> {
  const { unread, retrying, waiting, oldestUnprocessedAgeSeconds } = await subscriptionMetrics(
    pool,
    name,
    types,
  );
  return {
    unprocessed: unread + retrying + waiting,
    oldestUnprocessedSeconds: oldestUnprocessedAgeSeconds,
    isBounded: unread >= MAX_COUNTED,
  };
}

async function byInbox(pool: Pick<Pool, 'query'>, { name, types }: MeasuredConsumer): Promise<Backlog> {
  const { rows } = await pool.query<{ unprocessed: number; oldestSeconds: number; lookedAt: number }>(
    timed(STATEMENT_TIMEOUT, UNPROCESSED, [name, types]),
  );
  const { unprocessed, oldestSeconds, lookedAt } = rows[0]!;
  return {
    unprocessed,
    oldestUnprocessedSeconds: oldestSeconds,
    isBounded: lookedAt >= UNPROCESSED_SAMPLE,
  };
}

/** The table of consumers that may move is there only where some may. */
async function readLiveOn(
  pool: Pick<Pool, 'query'>,
  names: readonly string[],
): Promise<ReadonlyMap<string, MeasuredTransport>> {
  const { rows: there } = await pool.query<{ there: boolean }>(
    "select to_regclass('consumer_transport') is not null as there",
  );
  if (there[0]?.there !== true) return new Map();
  const { rows } = await pool.query<{ consumer: string; live_on: MeasuredTransport }>(
    timed(
      STATEMENT_TIMEOUT,
      'select consumer, live_on from consumer_transport where consumer = any($1::text[])',
      [names],
    ),
  );
  return new Map(rows.map(({ consumer, live_on }) => [consumer, live_on]));
}
