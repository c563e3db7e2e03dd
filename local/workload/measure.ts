/**
 * What should have happened against what did, told from the database alone: the outbox says what was
 * published, the topology who should get it, the view `consumer_effect` who did. The filters are evaluated
 * here, independently of the embedded SNS and EventBridge, so that neither can hide a mistake of its own.
 */
import { subscribersOf } from '../../lib/topology/index.ts';
import type { Subscriber, Topology } from '../../lib/topology/index.ts';
import { WorkloadError } from './errors.ts';

export interface QueryDatabase {
  query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }>;
}

export interface ConsumerMeasure {
  /** Events in the outbox that the consumer's filters let through. */
  readonly expected: number;
  /** Distinct events among those that had an effect. */
  readonly handled: number;
  /** Effects beyond the first of an event. */
  readonly duplicates: number;
  /** Expected events without an effect: lost, unless they are in the dead-letter queue or on their way. */
  readonly missing: readonly string[];
  /** Effects of events that the filters should have kept away. */
  readonly uninvited: number;
  /** Effects that came before the effect of an earlier event of the same key. Only a FIFO queue promises none. */
  readonly orderViolations: number;
  readonly fifo: boolean;
}

export interface Measurement {
  /** Events in the outbox that were published. */
  readonly published: number;
  /** Events in the outbox that are not published yet. */
  readonly waiting: number;
  /** Events that the relay could not read, set aside with the reason. */
  readonly quarantined: number;
  readonly consumers: Readonly<Record<string, ConsumerMeasure>>;
  /** From the commit of the outbox row to the handler's effect. Null before the first effect. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

/** An event of the outbox. */
export interface OutboxEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly tenantId: string;
  readonly orderingKey: string;
  /** The event's own data; what is personal may be sealed. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Order of writing. */
  readonly position: number;
}

interface Effect {
  readonly eventId: string;
  readonly orderingKey: string;
}

export interface MeasureOptions {
  /** The PostgreSQL schema of the outbox and of the view `consumer_effect`. @default public */
  readonly schema?: string;
  /** Whether the effects of a consumer are in the view. @default - of every consumer in the topology */
  readonly isMeasured?: (consumer: string) => boolean;
}

/** Consumers whose effects the system's view shows, of those in the topology. */
export async function measure(
  database: QueryDatabase,
  topology: Topology,
  { schema = 'public', isMeasured = () => true }: MeasureOptions = {},
): Promise<Measurement> {
  const events = await outboxEvents(database, schema);
  const counts = await rows<{ published: string; waiting: string; quarantined: string }>(
    database,
    `select count(*) filter (where status = 'PUBLISHED') as published,
            count(*) filter (where status = 'PENDING') as waiting,
            count(*) filter (where status = 'QUARANTINED') as quarantined from ${schema}.event_outbox`,
  );
  const effects = await effectsByConsumer(database, schema);
  const expected = expectedByConsumer(topology, events);
  const positions = new Map(events.map((event) => [event.eventId, event.position]));
  const fifo = fifoConsumers(topology);
  const consumers = Object.fromEntries(
    [...expected]
      .filter(([consumer]) => isMeasured(consumer))
      .map(([consumer, eventIds]) => [
        consumer,
        measureConsumer(eventIds, effects.get(consumer) ?? [], positions, fifo.has(consumer)),
      ]),
  );
  return {
    published: Number(counts[0]?.published ?? 0),
    waiting: Number(counts[0]?.waiting ?? 0),
    quarantined: Number(counts[0]?.quarantined ?? 0),
    consumers,
    latencyMs: await latency(database, schema),
  };
}

/** Event ids that each consumer should handle. A consumer that an event reaches twice handles it once. */
export function expectedByConsumer(
  topology: Topology,
  events: readonly (Pick<OutboxEvent, 'eventId' | 'eventType' | 'tenantId'> & Partial<OutboxEvent>)[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const subscribers = new Map(
    topology.events.map(({ name }) => [name, subscribersOf(topology, name)] as const),
  );
  const expected = new Map<string, Set<string>>();
  for (const { consumer } of [...subscribers.values()].flat()) expected.set(consumer, new Set());
  for (const event of events) {
    for (const subscriber of subscribers.get(event.eventType) ?? []) {
      if (letsThrough(subscriber, event)) expected.get(subscriber.consumer)?.add(event.eventId);
    }
  }
  return expected;
}

/**
 * Effects out of order: for each key, the events written before one that had its first effect earlier. Events
 * without an ordering key are left out: the outbox promises the order of writing per key, and `tenant#key` is one.
 */
export function countOrderViolations(
  effects: readonly Effect[],
  positions: ReadonlyMap<string, number>,
): number {
  const seen = new Set<string>();
  const latest = new Map<string, number>();
  let violations = 0;
  for (const { eventId, orderingKey } of effects) {
    const position = positions.get(eventId);
    // Without an ordering key the group is the tenant, and no order is promised.
    if (position === undefined || seen.has(eventId) || !orderingKey.includes('#')) continue;
    seen.add(eventId);
    const before = latest.get(orderingKey) ?? -1;
    if (position < before) violations += 1;
    latest.set(orderingKey, Math.max(before, position));
  }
  return violations;
}

function measureConsumer(
  expected: ReadonlySet<string>,
  effects: readonly Effect[],
  positions: ReadonlyMap<string, number>,
  fifo: boolean,
): ConsumerMeasure {
  const distinct = new Set(effects.map((effect) => effect.eventId));
  const invited = [...distinct].filter((eventId) => expected.has(eventId));
  return {
    expected: expected.size,
    handled: invited.length,
    duplicates: effects.length - distinct.size,
    missing: [...expected].filter((eventId) => !distinct.has(eventId)),
    uninvited: distinct.size - invited.length,
    orderViolations: countOrderViolations(effects, positions),
    fifo,
  };
}

type Measured = Pick<OutboxEvent, 'eventType' | 'tenantId'> & Partial<OutboxEvent>;

/** What the path filters by beside the type of the event, which the topology has told already. */
function letsThrough({ path }: Subscriber, event: Measured): boolean {
  const envelope = { eventType: event.eventType, tenantId: event.tenantId, data: event.data ?? {} };
  if (path.kind === 'subscribes') return holds(path.filterPolicy ?? {}, envelope, path.via);
  if (path.kind !== 'routes') return true;
  const detail = (path.pattern['detail'] ?? {}) as Conditions;
  return holds(detail, envelope, path.via);
}

type Conditions = Readonly<Record<string, unknown>>;

/** Lists of values, within objects as deep as what they are about. */
function holds(conditions: Conditions, value: Readonly<Record<string, unknown>>, via: string): boolean {
  return Object.entries(conditions).every(([name, condition]) => {
    const found = value[name];
    if (isRecord(condition)) return isRecord(found) && holds(condition, found, via);
    if (!Array.isArray(condition) || condition.some((allowed) => typeof allowed !== 'string')) {
      throw new WorkloadError(
        'WAYBILL_WORKLOAD_NOT_MEASURABLE',
        `can't measure '${via}': its filter on '${name}' is more than a list of values; teach letsThrough() what it means`,
      );
    }
    // What the workload was not told of an event, such as its version, does not keep it away.
    return found === undefined || condition.includes(found);
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fifoConsumers(topology: Topology): ReadonlySet<string> {
  const fifoQueues = new Set(topology.nodes.filter((node) => node.fifo === true).map((node) => node.id));
  return new Set(
    topology.edges.flatMap((edge) =>
      edge.kind === 'consumes' && fifoQueues.has(edge.from) ? [edge.consumer] : [],
    ),
  );
}

/** All of them, in the order of writing. */
export async function outboxEvents(
  database: QueryDatabase,
  schema = 'public',
): Promise<readonly OutboxEvent[]> {
  const found = await rows<Omit<OutboxEvent, 'position'> & { position: string }>(
    database,
    `select id as "eventId", event_type as "eventType", tenant_id as "tenantId", ordering_key as "orderingKey",
            event_data->'data' as data, sequence as position
       from ${schema}.event_outbox order by sequence`,
  );
  return found.map((row) => ({ ...row, position: Number(row.position) }));
}

async function effectsByConsumer(
  database: QueryDatabase,
  schema: string,
): Promise<ReadonlyMap<string, readonly Effect[]>> {
  const found = await rows<Effect & { consumer: string }>(
    database,
    `select consumer, event_id as "eventId", ordering_key as "orderingKey" from ${schema}.consumer_effect order by position`,
  );
  return Map.groupBy(found, (row) => row.consumer);
}

async function latency(database: QueryDatabase, schema: string): Promise<Measurement['latencyMs']> {
  const [row] = await rows<{ p50: number | null; p99: number | null }>(
    database,
    `select percentile_cont(0.5) within group (order by ms) as p50,
            percentile_cont(0.99) within group (order by ms) as p99
       from (select extract(epoch from (effect.handled_at - written.created_at)) * 1000 as ms
               from ${schema}.consumer_effect effect
               join ${schema}.event_outbox written on written.id = effect.event_id) delays`,
  );
  return row === undefined || row.p50 === null || row.p99 === null ? null : { p50: row.p50, p99: row.p99 };
}

async function rows<Row>(database: QueryDatabase, text: string): Promise<readonly Row[]> {
  return (await database.query(text, [])).rows as Row[];
}
