/** The paths from topics to a consumer's queue: subscription, filter, delivery, dead letters, policies. */
import { Subscription, SubscriptionFilter, SubscriptionProtocol } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { deadLetters, UNDELIVERED } from './alarms/index.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { EventSubscription, TopicEvents } from './event-routes.ts';
import { originId, uniqueEvents } from './queue-connection.ts';
import type { QueueConnection } from './queue-connection.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

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
  const { origin, topic, fifo, tenants, watch } = sources[0]!;
  const id = `From${originId(scope, origin)}`;
  const events = uniqueEvents(sources);
  const names = sources.some(({ everyEvent }) => everyEvent) ? undefined : events.map(({ name }) => name);

  const deadLetterQueue = createDeadLetterQueue(scope, `${id}DeadLetterQueue`, {
    fifo,
    encryptionKey: connection.encryptionKey,
    dataKeyReuse: connection.dataKeyReuse,
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
  connection.alarms.add(
    `${id}DeadLetterAlarm`,
    deadLetters(deadLetterQueue, `A message that SNS could not deliver to ${consumer}`, UNDELIVERED),
  );
  if (connection.alarms.wanted) watch();
  return { subscription, deadLetterQueue };
}

function dependOnPolicies(subscription: Subscription, ...queues: readonly Queue[]): void {
  for (const queue of queues) {
    const policy = queue.node.tryFindChild('Policy');
    if (policy !== undefined) subscription.node.addDependency(policy);
  }
}
