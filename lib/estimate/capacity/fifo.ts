/**
 * Whether FIFO queues and topics carry their peak.
 *
 * | rule | without high throughput (queue) or with scope Topic (topic) | with high throughput or scope MessageGroup |
 * | ---- | ------------------------------------------------------------ | ------------------------------------------ |
 * | C7   | 300 calls a second: error above 3,000 messages, which no batching carries; warning above 300 | the Region's calls, adjustable: warning |
 * | C9   | 3,000 messages or 20 MB a second: error                      | C10, the Region's publishes                |
 * | C8   | a group is handled one message after the other, and takes 300 a second: the busiest must keep up | the same |
 *
 * C24 is C8 for a Custom Event Bus, whose groups take 1,500 events and KB a second each.
 *
 * The busiest group is an assumption: so much of the events with an ordering key, so much of those per tenant.
 */
import type { Resource } from '../../assembly/index.ts';
import type { EstimateContext, QueueMapping } from '../context.ts';
import { isFifo } from '../context.ts';
import type { EventRate } from '../flow.ts';
import { busiestGroup } from '../groups.ts';
import { messageMillisecondsOf } from '../load.ts';
import { ENTRIES_PER_CALL, QUOTAS, regionalQuota } from '../quotas.ts';
import { verdict } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';
import { figure } from './figures.ts';

export function fifoVerdicts(context: EstimateContext): readonly Verdict[] {
  const { assembly, nodeIdOf, mappings } = context;
  const flowing = (type: string): (readonly [Resource, string])[] =>
    assembly.ofType(type).flatMap((resource) => {
      const id = nodeIdOf(resource);
      return id === undefined ? [] : [[resource, id] as const];
    });
  const fifo = ([resource]: readonly [Resource, string]): boolean => isFifo(resource);
  return [
    ...flowing('AWS::SQS::Queue')
      .filter(fifo)
      .map(([queue, id]) => queueThroughput(context, queue, id)),
    ...flowing('AWS::SNS::Topic')
      .filter(fifo)
      .flatMap(([topic, id]) => topicThroughput(context, topic, id)),
    ...flowing('AWS::EventsV2::EventBus').map(([bus, id]) => busGroup(context, bus, id)),
    ...mappings.map((mapping) => slowGroup(context, mapping)),
  ].filter((found) => found !== undefined);
}

function isHighThroughput({ properties }: Resource): boolean {
  return (
    properties['DeduplicationScope'] === 'messageGroup' &&
    properties['FifoThroughputLimit'] === 'perMessageGroupId'
  );
}

function queueThroughput(context: EstimateContext, queue: Resource, nodeId: string): Verdict | undefined {
  const { perSecond } = context.peak.into(nodeId);
  const high = isHighThroughput(queue);
  const quota = high
    ? regionalQuota('fifoQueueTransactions', context.regionOf(queue))
    : QUOTAS.fifoQueueCalls;
  if (perSecond <= quota.value) return undefined;
  const isImpossible = quota.isFixed && perSecond > quota.value * ENTRIES_PER_CALL;
  return verdict('WAYBILL_CAPACITY_FIFO_QUEUE', {
    severity: isImpossible ? 'error' : 'warning',
    constructPath: queue.constructPath,
    received: `${figure(perSecond)} messages a second`,
    allowed: `${figure(quota.value)} ${quota.unit}, ${figure(quota.value * ENTRIES_PER_CALL)} messages in full batches`,
    fix: high
      ? 'ask AWS for more, or spread the events over several queues'
      : "set deduplicationScope 'messageGroup' and fifoThroughputLimit 'perMessageGroupId'",
    source: quota.source,
  });
}

function topicThroughput(
  context: EstimateContext,
  topic: Resource,
  nodeId: string,
): readonly (Verdict | undefined)[] {
  if (topic.properties['FifoThroughputScope'] === 'MessageGroup') return [];
  const { perSecond, bytesPerSecond } = context.peak.into(nodeId);
  return [
    { value: perSecond, quota: QUOTAS.fifoTopicMessages, of: 'messages' },
    { value: bytesPerSecond, quota: QUOTAS.fifoTopicBytes, of: 'bytes' },
  ].map(({ value, quota, of }) =>
    value <= quota.value
      ? undefined
      : verdict('WAYBILL_CAPACITY_FIFO_TOPIC', {
          severity: 'error',
          constructPath: topic.constructPath,
          received: `${figure(value)} ${of} a second`,
          allowed: `${figure(quota.value)} ${quota.unit}`,
          fix: "set fifoThroughputScope 'MessageGroup': the limit then counts by group, and the Region's quota for all",
          source: quota.source,
        }),
  );
}

/** C8. */
function slowGroup(
  context: EstimateContext,
  { consumes, queue, isFifo, queueNodeId }: QueueMapping,
): Verdict | undefined {
  if (!isFifo || consumes === undefined || queueNodeId === undefined || consumes.events.length === 0) {
    return undefined;
  }
  const busiest = busiestGroup(ratesOf(context, consumes.events), context.assumptions);
  const milliseconds = messageMillisecondsOf(context.assumptions, consumes.consumer);
  const allowed = Math.min(1000 / milliseconds, QUOTAS.fifoGroupMessages.value);
  if (busiest.perSecond <= allowed) return undefined;
  return verdict('WAYBILL_CAPACITY_FIFO_GROUP', {
    severity: 'warning',
    constructPath: queue.constructPath,
    received: `${figure(busiest.perSecond)} messages a second of the busiest ${busiest.kind}, assuming that it has ${figure(busiest.share * 100)} % of them`,
    allowed: `${figure(allowed)} a second of one group, at ${milliseconds} ms a message`,
    fix: 'give the events a finer orderingKey, or make the handler faster: more concurrency does not help a single group',
    source: 'lambda/latest/dg/services-sqs-scaling.html',
  });
}

/** C24. Events count, and so do their kilobytes. */
function busGroup(context: EstimateContext, bus: Resource, nodeId: string): Verdict | undefined {
  const events = context.topology.edges.flatMap((edge) =>
    edge.kind === 'publishes' && edge.to === nodeId ? edge.events : [],
  );
  const busiest = busiestGroup(ratesOf(context, new Set(events)), context.assumptions);
  const { value, unit, source } = QUOTAS.customBusGroupEvents;
  const used = Math.max(busiest.perSecond, busiest.bytesPerSecond / 1024);
  if (used <= value) return undefined;
  return verdict('WAYBILL_CAPACITY_BUS_GROUP', {
    severity: 'warning',
    constructPath: bus.constructPath,
    received: `${figure(used)} a second of the busiest ${busiest.kind}, assuming that it has ${figure(busiest.share * 100)} % of the events`,
    allowed: `${figure(value)} ${unit}`,
    fix: 'give the events a finer orderingKey: the limit of a group is not raised',
    source,
  });
}

function ratesOf({ peak }: EstimateContext, events: Iterable<string>): readonly EventRate[] {
  return [...events].map((name) => peak.events.get(name)).filter((rate) => rate !== undefined);
}
