/** The paths from topics to a consumer's queue: subscription, filter, delivery, dead letters, policies. */
import { Stack } from 'aws-cdk-lib';
import { Subscription, SubscriptionProtocol, Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { snsDeliveryPrincipal } from '../policies/index.ts';
import { deadLetters, UNDELIVERED } from './alarms/index.ts';
import { sideIn } from './companion-stack.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { ValidationError } from './errors.ts';
import type { EventSubscription, TopicEvents } from './event-routes.ts';
import { allowKeyUse } from './key-access.ts';
import { topicsIn } from './key-sources.ts';
import { requireKnownArn } from './known-arn.ts';
import { distanceBetween, isElsewhere, locationOf } from './location.ts';
import { originId, uniqueEvents } from './queue-connection.ts';
import type { QueueConnection } from './queue-connection.ts';
import { deployAfter } from './stack-order.ts';
import { topicFilter } from './topic-filter.ts';
import { allowSubscribing } from './topic-policy.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';

/**
 * One subscription per topic: SNS allows no second one of the same queue.
 *
 * | topic in | subscription and its dead letters in | besides |
 * |---|---|---|
 * | the account and Region | the consumer's stack | |
 * | another account | the consumer's stack | the topic lets the account subscribe the queue |
 * | another Region, of whatever account | a companion stack in that Region, of the consumer's account | SNS's principal of that Region, and the above |
 *
 * A subscription's dead-letter queue must be in its account and Region, which is that of the topic
 * (sns/latest/dg/sns-dead-letter-queues.html).
 */
export function connectTopics(
  connection: QueueConnection,
  sources: readonly EventSubscription[],
): { subscriptions: Subscription[]; deadLetterQueues: Queue[] } {
  const byTopic = Map.groupBy(
    sources.filter((source) => source.kind === 'topic'),
    ({ origin }) => origin,
  );
  if (byTopic.size === 0) return { subscriptions: [], deadLetterQueues: [] };
  const topics = [...byTopic.values()].flatMap(([source]) => (source === undefined ? [] : [source]));
  for (const source of topics) reachTopic(connection, source);
  const { region } = locationOf(connection.queue);
  const byPrincipal = Map.groupBy(topics, ({ origin }) =>
    snsDeliveryPrincipal(locationOf(origin).region, region),
  );
  for (const [principal, ofPrincipal] of byPrincipal) {
    const arns = ofPrincipal.map(({ topic }) => topic.topicArn);
    const keySources = ofPrincipal.map(({ origin }) => topicsIn(connection.queue, locationOf(origin)));
    allowDeliveryFrom(connection.queue, 'sns', arns, { principal, keySources });
  }
  const made = [...byTopic.values()].map((ofTopic) => subscribe(connection, ofTopic));
  return {
    subscriptions: made.map(({ subscription }) => subscription),
    deadLetterQueues: made.map(({ deadLetterQueue }) => deadLetterQueue),
  };
}

function subscribe(connection: QueueConnection, sources: readonly TopicEvents[]) {
  const { queue, consumer } = connection;
  const { origin, topic, fifo, watch } = sources[0]!;
  const side = sideIn({ ...locationOf(queue), region: locationOf(origin).region }, connection, origin);
  const { scope } = side;
  const id = `From${originId(scope, origin)}`;
  const events = uniqueEvents(sources);

  const deadLetterQueue = createDeadLetterQueue(scope, `${id}DeadLetterQueue`, {
    fifo,
    encryptionKey: side.encryptionKey,
    dataKeyReuse: connection.dataKeyReuse,
    owner: consumer,
  });
  allowKeyUse(scope, side.encryptionKey, 'deliverFromTopics', topicsIn(scope, locationOf(origin)));
  const filter = topicFilter(sources);
  const subscription = new Subscription(scope, id, {
    topic,
    protocol: SubscriptionProtocol.SQS,
    endpoint: queue.queueArn,
    rawMessageDelivery: true,
    ...filter.props,
    // It adds this queue's policy itself. It never adds the key's (W2).
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
    filterPolicy: filter.policy,
    filterPolicyScope: filter.scope,
    rawMessageDelivery: true,
  });
  recordDeadLetters(scope, 'subscription', subscription, deadLetterQueue, null);
  side.alarms.add(
    `${id}DeadLetterAlarm`,
    deadLetters(deadLetterQueue, `A message that SNS could not deliver to ${consumer}`, UNDELIVERED),
  );
  if (connection.alarms.wanted) watch();
  return { subscription, deadLetterQueue };
}

/** What the topic's side must allow, and be called by. */
function reachTopic({ scope, queue }: QueueConnection, { origin, topic }: TopicEvents): void {
  const distance = distanceBetween(scope, origin, 'subscribesTo');
  if (!isElsewhere(distance)) return;
  const { account, region } = locationOf(origin);
  // The topic and its policy come first.
  deployAfter(Stack.of(scope), Stack.of(origin));
  requireKnownArn(scope, topic.topicArn, {
    prop: 'subscribesTo',
    what: `${origin.node.path} of ${account} ${region}, whose name is made up at deployment`,
    fix: 'give the topic a topicName; one that is deployed is then replaced, so subscribe everybody anew in the same deployment',
  });
  if (!distance.otherAccount) return;
  if (!(topic instanceof Topic)) {
    throw new ValidationError(scope, [
      {
        code: 'WAYBILL_TOPIC_IMPORTED',
        prop: 'subscribesTo',
        received: `${origin.node.path}, an imported topic of account ${account}`,
        allowed: 'an EventTopic of this application',
        fix: `make the topic here, whose policy lets account ${locationOf(queue).account} subscribe, or subscribe by hand where you own both (W4)`,
      },
    ]);
  }
  allowSubscribing(topic, locationOf(queue).account, queue.queueArn);
}

/** Those of other stacks are there already: the stack of a subscription is deployed after theirs. */
function dependOnPolicies(subscription: Subscription, ...queues: readonly Queue[]): void {
  for (const queue of queues.filter((each) => Stack.of(each) === Stack.of(subscription))) {
    const policy = queue.node.tryFindChild('Policy');
    if (policy !== undefined) subscription.node.addDependency(policy);
  }
}
