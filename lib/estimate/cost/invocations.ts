/** How often each function runs in a second, and how long: of consumers, relays, HTTP functions and schedules. */
import type { Resource } from '../../assembly/index.ts';
import { invocationMilliseconds } from '../capacity/consumers.ts';
import { functionNamed } from '../context.ts';
import type { EstimateContext, QueueMapping } from '../context.ts';
import { requestsTo } from '../requests.ts';
import type { ReadsEdge } from '../../topology/index.ts';

export interface Invocations {
  readonly function: Resource;
  /** Per second, whether messages come or not. */
  readonly idle: number;
  /** Per second at the declared load, the idle ones included. */
  readonly load: number;
  /** Busy milliseconds per second, that is of all invocations together. */
  readonly idleMilliseconds: number;
  readonly loadMilliseconds: number;
}

/**
 * Messages that one invocation gets. Without a batching window it is taken to be one: pollers hand over what they
 * find, and on average they find little. That is the dearest case.
 */
export function messagesPerInvocation(
  { average }: EstimateContext,
  { consumes, queueNodeId }: QueueMapping,
): number {
  if (consumes === undefined || queueNodeId === undefined) return 1;
  const inWindow = average.into(queueNodeId).perSecond * consumes.maxBatchingWindowSeconds;
  return Math.min(consumes.batchSize, Math.max(1, inWindow));
}

export function invocationsOf(context: EstimateContext): readonly Invocations[] {
  const found = new Map<Resource, Invocations>();
  const add = (fn: Resource | undefined, values: Partial<Omit<Invocations, 'function'>>): void => {
    if (fn === undefined) return;
    const before = found.get(fn) ?? {
      function: fn,
      idle: 0,
      load: 0,
      idleMilliseconds: 0,
      loadMilliseconds: 0,
    };
    found.set(fn, {
      function: fn,
      idle: before.idle + (values.idle ?? 0),
      load: before.load + (values.load ?? 0),
      idleMilliseconds: before.idleMilliseconds + (values.idleMilliseconds ?? 0),
      loadMilliseconds: before.loadMilliseconds + (values.loadMilliseconds ?? 0),
    });
  };
  for (const mapping of context.mappings) add(mapping.function, ofMapping(context, mapping));
  for (const edge of readsOf(context)) add(context.resourceOf(edge.to), ofReader(context, edge));
  for (const [fn, perSecond] of requestsTo(context, context.average)) {
    add(fn, { load: perSecond, loadMilliseconds: perSecond * context.assumptions.requestMilliseconds });
  }
  for (const { function: fn, perSecond } of scheduled(context)) {
    const milliseconds = perSecond * context.assumptions.invocationMilliseconds;
    add(fn, {
      idle: perSecond,
      load: perSecond,
      idleMilliseconds: milliseconds,
      loadMilliseconds: milliseconds,
    });
  }
  return [...found.values()];
}

function ofMapping(context: EstimateContext, mapping: QueueMapping): Partial<Invocations> {
  const { consumes, queueNodeId } = mapping;
  if (consumes === undefined || queueNodeId === undefined) return {};
  const messages = messagesPerInvocation(context, mapping);
  const load = context.average.into(queueNodeId).perSecond / messages;
  if (context.nodeOf(consumes.to)?.kind === 'relay') {
    const { invocationMilliseconds: each, relayMilliseconds } = context.assumptions;
    const drained = context.average.drainedBy(consumes.to).perSecond;
    return { load, loadMilliseconds: load * each + drained * relayMilliseconds };
  }
  return { load, loadMilliseconds: load * invocationMilliseconds(context, consumes.consumer, messages) };
}

/** Who reads a stream or topic for the first time. */
export function readsOf({ topology }: Pick<EstimateContext, 'topology'>): readonly ReadsEdge[] {
  return topology.edges.filter((edge): edge is ReadsEdge => edge.kind === 'reads' && edge.retry !== true);
}

/** Records that arrive within the batching window; on many shards a batch of each holds less. */
function ofReader(context: EstimateContext, edge: ReadsEdge): Partial<Invocations> {
  const perSecond = context.average.along(edge)?.perSecond ?? 0;
  const inWindow = perSecond * Math.max(1, edge.maxBatchingWindowSeconds);
  const records = Math.min(edge.batchSize, Math.max(1, inWindow));
  const load = perSecond / records;
  return { load, loadMilliseconds: load * invocationMilliseconds(context, edge.consumer, records) };
}

export interface Scheduled {
  readonly schedule: Resource;
  readonly function: Resource | undefined;
  readonly perSecond: number;
}

/** Schedules with a rate; when a cron expression fires is not worked out. */
export function scheduled({ assembly }: Pick<EstimateContext, 'assembly'>): readonly Scheduled[] {
  return assembly.ofType('AWS::Scheduler::Schedule').flatMap((schedule) => {
    const perSecond = rateOf(schedule.properties['ScheduleExpression']);
    const target = schedule.properties['Target'];
    const arn = typeof target === 'object' && target !== null && 'Arn' in target ? target['Arn'] : undefined;
    return perSecond === 0 ? [] : [{ schedule, function: functionNamed(assembly, arn), perSecond }];
  });
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

function rateOf(expression: unknown): number {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(String(expression)) ?? [];
  return count === undefined || unit === undefined ? 0 : 1 / (Number(count) * UNIT_SECONDS[unit]!);
}
