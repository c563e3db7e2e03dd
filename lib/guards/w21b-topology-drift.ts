/**
 * W21B: what is deployed is what the topology says.
 *
 * | edge | compared |
 * |---|---|
 * | subscribes | the subscription's topic, endpoint, filter policy, raw delivery |
 * | routes by a rule | the rule's bus, pattern, target, and the part of the event that is delivered |
 * | consumes | the mapping's batch size, window, maximum; the queue's visibility, the function's timeout |
 * | reads | the mapping's batch size, window, retries, age of records and consumer group |
 * | alerts | the alarm is there, with its threshold |
 * | any whose resource is gone | W21, except alarms |
 * | any end outside the templates, any value that only AWS knows | not compared |
 *
 * They differ where a property was overridden behind a construct's back. That may be meant, so it is a warning.
 */
import { isUnknown } from '../assembly/index.ts';
import type { Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { AlertsEdge, ConsumesEdge, ReadsEdge, RoutesEdge, SubscribesEdge } from '../topology/index.ts';
import { declaredEventsOf } from './declared-events.ts';
import type { DeclaredEvents } from './declared-events.ts';
import type { Finding, Guard } from './guard.ts';

export const topologyDrift: Guard = {
  id: 'W21B',
  title: 'A hop is deployed otherwise than its construct declared it',
  explanation:
    'Costs, capacity, proofs and documents are read from the topology, and say nothing true of this hop any more. A filter that is wider than declared also hands a consumer what it was not to have, such as the events of other tenants.',
  source: 'docs/topology.md',
  level: 'warning',
  check(messaging) {
    const declared = declaredEventsOf(messaging.assembly);
    if (declared === undefined) return [];
    return declared.topology.edges.flatMap((edge) => {
      if (edge.kind === 'subscribes') return ofSubscription(messaging, declared, edge);
      if (edge.kind === 'routes') return ofRule(messaging, declared, edge);
      if (edge.kind === 'consumes') return ofMapping(messaging, declared, edge);
      if (edge.kind === 'reads') return ofReader(messaging, declared, edge);
      return edge.kind === 'alerts' ? ofAlarm(messaging, declared, edge) : [];
    });
  },
};

function ofSubscription(
  { subscriptions }: Messaging,
  declared: DeclaredEvents,
  edge: SubscribesEdge,
): Finding[] {
  const resource = declared.resourceOf(edge.via);
  const subscription = subscriptions.find((each) => each.resource === resource);
  if (subscription === undefined) return [];
  return [
    ...compared(
      subscription.resource,
      'TopicArn',
      subscription.topicArn,
      declared.resourceOf(edge.from)?.arn,
    ),
    ...compared(subscription.resource, 'Endpoint', subscription.endpoint, declared.resourceOf(edge.to)?.arn),
    ...compared(subscription.resource, 'FilterPolicy', subscription.filterPolicy ?? null, edge.filterPolicy),
    ...compared(
      subscription.resource,
      'RawMessageDelivery',
      subscription.rawMessageDelivery,
      edge.rawMessageDelivery,
    ),
  ];
}

function ofRule({ rules }: Messaging, declared: DeclaredEvents, edge: RoutesEdge): Finding[] {
  const resource = declared.resourceOf(edge.via);
  const rule = rules.find((each) => each.resource === resource);
  if (rule === undefined) return [];
  const to = declared.resourceOf(edge.to)?.arn;
  const target = rule.targets.find(({ arn }) => arn === to);
  return [
    ...compared(rule.resource, 'EventBusName', rule.busArn, declared.resourceOf(edge.from)?.arn),
    ...compared(rule.resource, 'EventPattern', rule.eventPattern ?? null, edge.pattern),
    // W21 speaks of a target that is gone.
    ...(target === undefined
      ? []
      : compared(rule.resource, 'Targets[].InputPath', target.inputPath ?? null, edge.inputPath)),
  ];
}

/** What Lambda takes where a mapping of a queue says nothing, lambda/latest/dg/services-sqs-configure.html. */
const DEFAULT_BATCH_SIZE = 10;

function ofMapping(messaging: Messaging, declared: DeclaredEvents, edge: ConsumesEdge): Finding[] {
  const queue = messaging.queue(declared.resourceOf(edge.from)?.arn);
  const fn = messaging.function(declared.resourceOf(edge.to)?.arn);
  const mapping = messaging.mappings.find(
    ({ eventSourceArn, functionArn }) => eventSourceArn === queue?.arn && functionArn === fn?.arn,
  );
  if (queue === undefined || fn === undefined || mapping === undefined) return [];
  const { resource, batchSize = DEFAULT_BATCH_SIZE, maxBatchingWindowSeconds, maxConcurrency } = mapping;
  return [
    ...compared(resource, 'BatchSize', batchSize, edge.batchSize),
    ...compared(
      resource,
      'MaximumBatchingWindowInSeconds',
      maxBatchingWindowSeconds,
      edge.maxBatchingWindowSeconds,
    ),
    ...compared(resource, 'ScalingConfig.MaximumConcurrency', maxConcurrency ?? null, edge.maxConcurrency),
    ...compared(
      queue.resource,
      'VisibilityTimeout',
      queue.visibilityTimeoutSeconds,
      edge.visibilityTimeoutSeconds,
    ),
    ...compared(fn.resource, 'Timeout', fn.timeoutSeconds, edge.timeoutSeconds),
  ];
}

function ofReader({ mappings }: Messaging, declared: DeclaredEvents, edge: ReadsEdge): Finding[] {
  const via = declared.resourceOf(edge.via);
  const mapping = mappings.find(({ resource }) => resource === via);
  if (mapping === undefined) return [];
  const { resource } = mapping;
  return [
    ...compared(resource, 'BatchSize', mapping.batchSize ?? null, edge.batchSize),
    ...compared(
      resource,
      'MaximumBatchingWindowInSeconds',
      mapping.maxBatchingWindowSeconds,
      edge.maxBatchingWindowSeconds,
    ),
    ...compared(
      resource,
      'MaximumRetryAttempts',
      mapping.maximumRetryAttempts ?? null,
      edge.maximumRetryAttempts,
    ),
    ...compared(
      resource,
      'MaximumRecordAgeInSeconds',
      mapping.maximumRecordAgeSeconds ?? null,
      edge.maximumRecordAgeSeconds,
    ),
    ...compared(resource, 'ConsumerGroupId', mapping.consumerGroupId ?? null, edge.consumerGroupId),
  ];
}

function ofAlarm({ alarms }: Messaging, declared: DeclaredEvents, edge: AlertsEdge): Finding[] {
  const alarm = alarms.find(({ resource }) => resource.constructPath === edge.alarm);
  if (alarm !== undefined) {
    return alarm.threshold === undefined
      ? []
      : compared(alarm.resource, 'Threshold', alarm.threshold, edge.threshold);
  }
  const watched = declared.resourceOf(edge.from) ?? declared.resourceOf(edge.to);
  return watched === undefined
    ? []
    : [differs(watched, 'AWS::CloudWatch::Alarm', 'none', `${edge.alarm} on ${edge.metric}`)];
}

function compared(resource: Resource, property: string, deployed: unknown, declared: unknown): Finding[] {
  if (declared === undefined || Number.isNaN(deployed)) return [];
  const [received, allowed] = [canonical(deployed), canonical(declared)];
  if (received === allowed || isUnknown(received) || isUnknown(allowed)) return [];
  return [differs(resource, property, received, `${allowed}, as declared`)];
}

function differs(resource: Resource, property: string, received: string, allowed: string): Finding {
  return {
    resource,
    property,
    received,
    allowed,
    fix: 'set it by the prop of the construct rather than by an override, so that the topology knows',
  };
}

/** JSON in which the order of keys makes no difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isRecord(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
