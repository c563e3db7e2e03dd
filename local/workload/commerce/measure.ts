/** What a commerce run left in the database: the measure of every consumer, the ledger, the counts, the latencies. */
import type { Topology } from '../../../lib/topology/index.ts';
import { measure, outboxEvents } from '../measure.ts';
import type { Measurement, QueryDatabase } from '../measure.ts';
import type { AnalyticsCount, ClassLatency } from './judge.ts';
import { ledgerOf } from './ledger.ts';
import type { Ledger } from './ledger.ts';

/** The PostgreSQL schema of the commerce system. */
export const COMMERCE_SCHEMA = 'commerce';

/** Events of the streams, each counted by two consumers that know nothing of each other. */
const ANALYTICS_EVENTS = ['ProductViewed', 'CartUpdated', 'CheckoutStarted', 'OrderOutcomeRecorded'] as const;
/** Table and column of what each analytics consumer counted. */
const ANALYTICS = {
  'activity-analytics': `select kind, sum(quantity) as counted from ${COMMERCE_SCHEMA}.activity_count group by kind`,
  'analytics-sink': `select kind, count(*) as counted from ${COMMERCE_SCHEMA}.analytics_fact group by kind`,
} as const;
type AnalyticsConsumer = keyof typeof ANALYTICS;

/** Consumers by class of traffic; all others are business. */
const CLASSES: Readonly<Record<string, 'high' | 'analytics'>> = {
  'priority-response': 'high',
  'activity-analytics': 'analytics',
  'analytics-sink': 'analytics',
};

export interface CommerceMeasure {
  readonly measured: Measurement;
  readonly ledger: Ledger;
  readonly analytics: readonly AnalyticsCount[];
  readonly latency: Readonly<Record<string, ClassLatency | null>>;
  /** What the books say against the events: a line for each that differs. */
  readonly bookFailures: readonly string[];
  /** Stock counts of the old system that became events, each once. */
  readonly legacyCounts: number;
}

/** The topology says which consumers there are; what it does not name is not measured. */
export async function measureCommerce(database: QueryDatabase, topology: Topology): Promise<CommerceMeasure> {
  const isCounted = (consumer: string): boolean => consumer in ANALYTICS;
  const [measured, events, latency] = await Promise.all([
    measure(database, topology, {
      schema: COMMERCE_SCHEMA,
      // What is counted is compared count by count.
      isMeasured: (consumer) => !isCounted(consumer),
    }),
    outboxEvents(database, COMMERCE_SCHEMA),
    latencyByClass(database),
  ]);
  const ledger = ledgerOf(events);
  const consumers = new Set(
    topology.edges.flatMap((edge) => ('consumer' in edge ? [edge.consumer] : [])).filter(isCounted),
  );
  return {
    measured,
    ledger,
    latency,
    analytics: await countAnalytics(database, ledger, consumers),
    bookFailures: await bookFailures(database, ledger),
    legacyCounts: ledger.byType['LegacyStockCounted'] ?? 0,
  };
}

/** Events of the streams that were published and that a consumer has not counted yet: a line for each consumer. */
export async function uncounted(
  database: QueryDatabase,
  topology: Topology,
): Promise<readonly { readonly consumer: string; readonly events: number }[]> {
  const kinds = ANALYTICS_EVENTS.map((name) => `'${name}'`).join(', ');
  const published = await sum(
    database,
    `count(*) from ${COMMERCE_SCHEMA}.event_outbox where status = 'PUBLISHED' and event_type in (${kinds})`,
  );
  const consumers = Object.keys(ANALYTICS).filter((name) =>
    topology.edges.some((edge) => 'consumer' in edge && edge.consumer === name),
  );
  const counts = await Promise.all(
    consumers.map(async (consumer) => {
      const rowsOf = await rows<{ counted: string }>(database, ANALYTICS[consumer as AnalyticsConsumer]);
      const counted = rowsOf.reduce((total, row) => total + Number(row.counted), 0);
      return { consumer, events: published - counted };
    }),
  );
  return counts.filter(({ events }) => events > 0);
}

async function countAnalytics(
  database: QueryDatabase,
  { byType }: Ledger,
  consumers: ReadonlySet<string>,
): Promise<readonly AnalyticsCount[]> {
  const counts = await Promise.all(
    [...consumers].map(async (consumer) => {
      const counted = await rows<{ kind: string; counted: string }>(
        database,
        ANALYTICS[consumer as AnalyticsConsumer],
      );
      const byKind = new Map(counted.map((row) => [row.kind, Number(row.counted)]));
      return ANALYTICS_EVENTS.map((eventType) => ({
        consumer,
        eventType,
        written: byType[eventType] ?? 0,
        counted: byKind.get(eventType) ?? 0,
      }));
    }),
  );
  return counts.flat();
}

async function latencyByClass(
  database: QueryDatabase,
): Promise<Readonly<Record<string, ClassLatency | null>>> {
  const found = await rows<{ consumer: string; ms: string }>(
    database,
    `select effect.consumer, extract(epoch from (effect.handled_at - written.created_at)) * 1000 as ms
       from ${COMMERCE_SCHEMA}.consumer_effect effect
       join ${COMMERCE_SCHEMA}.event_outbox written on written.id = effect.event_id`,
  );
  const byClass = Map.groupBy(found, ({ consumer }) => CLASSES[consumer] ?? 'business');
  return Object.fromEntries(
    (['high', 'business', 'analytics'] as const).map((name) => [
      name,
      summarize((byClass.get(name) ?? []).map(({ ms }) => Number(ms))),
    ]),
  );
}

/** Until events of high priority were published: by their writer, or the relay. What follows is told by their queue. */
export async function publishLatencyOfHigh(database: QueryDatabase): Promise<ClassLatency | null> {
  const found = await rows<{ ms: string }>(
    database,
    `select extract(epoch from (published_at - created_at)) * 1000 as ms
       from ${COMMERCE_SCHEMA}.event_outbox where priority = 'high' and published_at is not null`,
  );
  return summarize(found.map(({ ms }) => Number(ms)));
}

/** Nearest rank. Null of none. */
export function summarize(milliseconds: readonly number[]): ClassLatency | null {
  if (milliseconds.length === 0) return null;
  const sorted = milliseconds.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

/** The services' own books, each against the events that it wrote in the same transactions. */
async function bookFailures(database: QueryDatabase, { totals, orders }: Ledger): Promise<string[]> {
  const { money, stock } = totals;
  const captured = await sum(
    database,
    `sum(amount_minor_units) from commerce.payment where status = 'captured'`,
  );
  const booked = await sum(
    database,
    `sum(minor_units) from commerce.payment_ledger where entry in ('captured', 'refunded')`,
  );
  const pieces = await sum(
    database,
    `sum((item->>'quantity')::bigint) from commerce.stock_reservation, jsonb_array_elements(items) item
      where status <> 'released'`,
  );
  const outcomes = await sum(database, 'count(*) from commerce.order_outcome');
  const open = await sum(database, 'count(*) from commerce.customer_order where ended_at is null');
  const taken = money.captured - money.returned;
  return [
    ...differing('payments hold', captured, 'events say', taken, 'minor units'),
    ...differing('the payment ledger holds', booked, 'events say', taken, 'minor units'),
    ...differing('inventory has set aside', pieces, 'events say', stock.reserved - stock.released, 'pieces'),
    ...differing('the ledger of outcomes has', outcomes, 'there were', orders.size, 'orders'),
    ...differing('orders are open', open, 'there should be', 0, 'orders'),
  ];
}

function differing(what: string, found: number, other: string, wanted: number, unit: string): string[] {
  return found === wanted ? [] : [`${what} ${found}, and ${other} ${wanted} ${unit}`];
}

async function sum(database: QueryDatabase, expression: string): Promise<number> {
  const [row] = await rows<{ total: string | null }>(
    database,
    `select ${expression.replace(/ from /, ' as total from ')}`,
  );
  return Number(row?.total ?? 0);
}

async function rows<Row>(database: QueryDatabase, text: string): Promise<readonly Row[]> {
  return (await database.query(text, [])).rows as Row[];
}
