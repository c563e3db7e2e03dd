/** The paths from topics and buses to a consumer's queue: filter, delivery, retries, dead letters, policies. */
import { Stack } from 'aws-cdk-lib';
import { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { CfnRule, EventPattern } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Subscription, SubscriptionFilter, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import type { HopAlarms } from './alarms.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { BusEvents, EventSubscription, TopicEvents } from './event-routes.ts';
import { EVENTBRIDGE_MAX_EVENT_AGE_SECONDS } from './limits.ts';
import { pascalCase } from './names.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

export interface QueueConnection {
  readonly scope: Construct;
  readonly queue: Queue;
  /** The consumer's name. */
  readonly consumer: string;
  readonly encryptionKey: IKey | undefined;
  readonly alarms: HopAlarms;
}

/** One subscription per topic: SNS allows no second one of the same queue. */
export function connectTopics(
  connection: QueueConnection,
  sources: readonly EventSubscription[],
): { subscriptions: Subscription[]; deadLetterQueues: Queue[] } {
  const byTopic = Map.groupBy(
    sources.filter((source) => source.kind === 'topic'),
    ({ origin }) => origin,
  );
  if (byTopic.size === 0) return { subscriptions: [], deadLetterQueues: [] };
  const topicArns = [...byTopic.values()].flatMap(([source]) => source?.topic.topicArn ?? []);
  allowDeliveryFrom(connection.queue, 'sns', topicArns);
  const made = [...byTopic.values()].map((ofTopic) => subscribe(connection, ofTopic));
  return {
    subscriptions: made.map(({ subscription }) => subscription),
    deadLetterQueues: made.map(({ deadLetterQueue }) => deadLetterQueue),
  };
}

function subscribe(connection: QueueConnection, sources: readonly TopicEvents[]) {
  const { scope, queue, consumer } = connection;
  const { origin, topic, fifo, tenants } = sources[0]!;
  const id = `From${idOf(scope, origin)}`;
  const events = uniqueEvents(sources);
  const names = sources.some(({ everyEvent }) => everyEvent) ? undefined : events.map(({ name }) => name);

  const deadLetterQueue = createDeadLetterQueue(scope, `${id}DeadLetterQueue`, {
    fifo,
    encryptionKey: connection.encryptionKey,
    owner: consumer,
  });
  const filterPolicy = {
    ...(names === undefined ? {} : { eventType: names }),
    ...(tenants === undefined ? {} : { tenantId: tenants }),
  };
  const filtered = Object.keys(filterPolicy).length > 0;
  const subscription = new Subscription(scope, id, {
    topic,
    protocol: SubscriptionProtocol.SQS,
    endpoint: queue.queueArn,
    rawMessageDelivery: true,
    ...(filtered
      ? {
          filterPolicy: Object.fromEntries(
            Object.entries(filterPolicy).map(([attribute, values]) => [
              attribute,
              SubscriptionFilter.stringFilter({ allowlist: [...values] }),
            ]),
          ),
        }
      : {}),
    // It adds this queue's policy itself. It never adds the key's (W2), which came with the consumer's queue.
    deadLetterQueue,
  });
  // A denied delivery is not retried: no message may come before the policies allow it.
  dependOnPolicies(subscription, queue, deadLetterQueue);

  recordNode(subscription, { kind: 'subscription', resource: subscription, owner: consumer });
  recordEdge(scope, {
    kind: 'subscribes',
    from: origin,
    to: queue,
    via: subscription,
    events: events.map(({ name }) => name),
    filterPolicy: filtered ? filterPolicy : null,
    filterPolicyScope: 'MessageAttributes',
    rawMessageDelivery: true,
  });
  recordDeadLetters(scope, 'subscription', subscription, deadLetterQueue, null);
  connection.alarms.deadLetters(
    `${id}DeadLetterAlarm`,
    deadLetterQueue,
    `A message that SNS could not deliver to ${consumer}`,
  );
  return { subscription, deadLetterQueue };
}

/** One rule per bus and source: a pattern of several sources and names would let every combination through. */
export function connectBuses(
  connection: QueueConnection,
  sources: readonly EventSubscription[],
): { rules: EventRule[]; deadLetterQueues: Queue[] } {
  const byBus = Map.groupBy(
    sources.filter((source) => source.kind === 'bus'),
    ({ origin }) => origin,
  );
  const made = [...byBus.values()].flatMap((ofBus) =>
    [...Map.groupBy(uniqueEvents(ofBus), ({ source }) => source)].map(([source, events]) =>
      route(connection, ofBus[0]!, source, events),
    ),
  );
  const first = made[0];
  if (first !== undefined)
    allowDeliveryFrom(
      connection.queue,
      'events',
      made.map(({ rule }) => rule.ruleArn),
    );
  return {
    rules: made.map(({ rule }) => rule),
    deadLetterQueues: made.map(({ deadLetterQueue }) => deadLetterQueue),
  };
}

/** EventBridge's own default, said explicitly: retry for a day. */
const RULE_MAX_EVENT_AGE_SECONDS = EVENTBRIDGE_MAX_EVENT_AGE_SECONDS.max;
/** EventBridge's own default and maximum, said explicitly. */
const RULE_RETRY_ATTEMPTS = 185;

function route(
  connection: QueueConnection,
  { origin, tenants }: BusEvents,
  source: string,
  events: readonly AnyEventContract[],
) {
  const { scope, queue, consumer } = connection;
  const id = `From${idOf(scope, origin)}${pascalCase(source)}`;
  const names = events.map(({ name }) => name);
  const pattern: EventPattern = {
    source: [source],
    detailType: names,
    ...(tenants === undefined ? {} : { detail: { tenantId: tenants } }),
  };
  // A rule's dead-letter queue is always standard, whatever the target is.
  const deadLetterQueue = createDeadLetterQueue(scope, `${id}DeadLetterQueue`, {
    encryptionKey: connection.encryptionKey,
    owner: consumer,
  });
  const rule = new EventRule(scope, id, { eventBus: origin.eventBus, eventPattern: pattern });
  // Not the L2's target: it conditions the key's policy on the rule, which may be a circular dependency.
  const inputPath = '$.detail';
  (rule.node.defaultChild as CfnRule).targets = [
    {
      id: 'Queue',
      arn: queue.queueArn,
      inputPath,
      deadLetterConfig: { arn: deadLetterQueue.queueArn },
      retryPolicy: {
        maximumEventAgeInSeconds: RULE_MAX_EVENT_AGE_SECONDS,
        maximumRetryAttempts: RULE_RETRY_ATTEMPTS,
      },
    },
  ];
  allowDeliveryFrom(deadLetterQueue, 'events', [rule.ruleArn]);

  recordNode(rule, { kind: 'rule', resource: rule, owner: consumer });
  recordEdge(scope, {
    kind: 'routes',
    from: origin,
    to: queue,
    via: rule,
    events: names,
    pattern: {
      source: [source],
      'detail-type': names,
      ...(tenants === undefined ? {} : { detail: { tenantId: tenants } }),
    },
    inputPath,
  });
  recordDeadLetters(scope, 'rule', rule, deadLetterQueue, RULE_RETRY_ATTEMPTS);
  connection.alarms.deadLetters(
    `${id}DeadLetterAlarm`,
    deadLetterQueue,
    `An event that EventBridge could not deliver to ${consumer}`,
  );
  connection.alarms.failedInvocations(`${id}FailedAlarm`, rule, origin.eventBus.eventBusName);
  return { rule, deadLetterQueue };
}

function dependOnPolicies(subscription: Subscription, ...queues: readonly Queue[]): void {
  for (const queue of queues) {
    const policy = queue.node.tryFindChild('Policy');
    if (policy !== undefined) subscription.node.addDependency(policy);
  }
}

function uniqueEvents(sources: readonly EventSubscription[]): AnyEventContract[] {
  return [...new Set(sources.flatMap(({ events }) => events))];
}

/** A short id within the consumer: the origin's path below its stack, with the stack only where that is taken. */
function idOf(scope: Construct, origin: IConstruct): string {
  const path = origin.node.path;
  const stackPath = Stack.of(origin).node.path;
  const short = pascalCase(stackPath === '' ? path : path.slice(stackPath.length + 1));
  return scope.node.tryFindChild(`From${short}`) === undefined ? short : pascalCase(path);
}
