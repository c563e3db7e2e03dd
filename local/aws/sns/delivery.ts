/** From a topic to its subscriptions: filter, attempt, retry, dead-letter. */
import { randomUUID } from 'node:crypto';
import { type AwsContext, serviceCaller } from '../context.ts';
import {
  attemptWithFaults,
  createDeliveries,
  createDeliveryJournal,
  type DeliveryOutcome,
  invokeFunction,
  patientAfterRestart,
  type RetryPolicy,
  sendToQueue,
} from '../delivery/index.ts';
import { parseObject } from '../json.ts';
import { attributesAsEvent, type EventFields, flattenEvent } from '../../../lib/matching/index.ts';
import { deliveryPolicyOf, httpRetries } from './delivery-policy.ts';
import { createDeliveryStatus } from './delivery-status.ts';
import { createHttpDelivery } from './http-delivery.ts';
import type { Inbox } from './inbox.ts';
import { filterPolicyScope, isHttp, type Message, type Subscription, type Topic } from './model.ts';
import { bodyFor, type ConfirmationAsk, type Notifications } from './notification.ts';
import { deadLetterMessage, subscriptionMessage } from './queue-message.ts';
import { deadLetterTarget } from './subscription-attributes.ts';

/** SNS's own name as a caller of other services. */
const SERVICE_PRINCIPAL = 'sns.amazonaws.com';

/**
 * Retries to what AWS manages: 3 at once, 2 after 1 s, 10 from 1 s up to 20 s, 100,000 every 20 s.
 * sns/latest/dg/sns-message-delivery-retries.html
 */
const AWS_MANAGED_RETRIES: RetryPolicy = {
  maximumRetries: 100_015,
  maximumAgeMilliseconds: Infinity,
  delayMilliseconds(retry) {
    if (retry <= 3) return 0;
    if (retry <= 5) return 1_000;
    return Math.min(20_000, 1_000 * 2 ** Math.min(retry - 6, 5));
  },
};

export interface TopicDelivery {
  /** Starts the delivery of a message to every subscription of the topic. Each first attempt starts at once. */
  deliver(topic: Topic, message: Message): Promise<unknown>;
  /** Delivers messages from the archive to one subscription, in order; resolves when all have ended. */
  replay(topic: Topic, subscription: Subscription, messages: readonly Message[]): Promise<unknown>;
  /** Asks an HTTP endpoint or an e-mail address to confirm, or tells an endpoint that it is unsubscribed. */
  requestConfirmation(
    topic: Topic,
    subscription: Subscription,
    ask: Omit<ConfirmationAsk, 'messageId'>,
  ): void;
  /** Keeps the deliveries that have not ended, before their publisher gets its answer. */
  save(): void;
  /** Takes up what an earlier process could not deliver. */
  resume(find: (subscriptionArn: string) => readonly [Topic, Subscription] | undefined): void;
  /** Deliveries that have not ended yet. */
  pending(): number;
  close(): void;
}

interface KeptDelivery {
  readonly subscriptionArn: string;
  readonly message: Message;
}

export function createTopicDelivery(
  context: AwsContext,
  notifications: Notifications,
  inbox: Inbox,
): TopicDelivery {
  const deliveries = createDeliveries(context);
  const journal = createDeliveryJournal<KeptDelivery>(context.state, 'sns.deliveries');
  const http = createHttpDelivery(context, notifications);
  const status = createDeliveryStatus(context);
  /** The last delivery of each group of a FIFO topic to each subscription: the next one waits for it. */
  const lastOfGroup = new Map<string, Promise<void>>();

  const attempt = async (topic: Topic, subscription: Subscription, message: Message): Promise<void> => {
    const { protocol, endpoint } = subscription;
    const caller = serviceCaller(context, SERVICE_PRINCIPAL, topic.arn);
    if (protocol === 'sqs') {
      const queueMessage = subscriptionMessage(notifications, topic, subscription, message, endpoint);
      sendToQueue(context, endpoint, queueMessage, caller);
    } else if (protocol === 'lambda') {
      const event = notifications.lambdaEvent(topic, subscription, message);
      await invokeFunction(context, endpoint, event, caller);
    } else if (isHttp(protocol)) {
      await http.postNotification(topic, subscription, message);
    } else {
      inbox.add({
        protocol,
        to: endpoint,
        topicArn: topic.arn,
        subscriptionArn: subscription.arn,
        messageId: message.messageId,
        ...(message.subject === undefined ? {} : { subject: message.subject }),
        body: inboxBody(protocol, topic, subscription, message),
      });
    }
  };

  const inboxBody = (
    protocol: Subscription['protocol'],
    topic: Topic,
    subscription: Subscription,
    message: Message,
  ): string => {
    if (protocol === 'email') return notifications.email(subscription, message);
    const enveloped =
      protocol === 'email-json' ||
      (protocol === 'firehose' && subscription.attributes.get('RawMessageDelivery') !== 'true');
    return enveloped ? notifications.json(topic, subscription, message) : bodyFor(message, protocol);
  };

  /** Notes a delivery until it has ended. */
  const noted = (subscription: Subscription, message: Message, start: () => Promise<void>): Promise<void> => {
    const key = `${message.messageId} ${subscription.arn}${message.replayed ? ' replayed' : ''}`;
    const end = journal.begin(key, () => ({ subscriptionArn: subscription.arn, message }));
    return start().then(end);
  };

  const deliverOne = (topic: Topic, subscription: Subscription, message: Message): Promise<void> =>
    noted(subscription, message, () => deliverKept(topic, subscription, message));

  const deliverKept = async (
    topic: Topic,
    subscription: Subscription,
    message: Message,
    wrap: (attempt: () => Promise<void>) => Promise<void> = (run) => run(),
  ): Promise<void> => {
    const policy = isHttp(subscription.protocol)
      ? httpRetries(deliveryPolicyOf(topic, subscription))
      : AWS_MANAGED_RETRIES;
    const asked = {
      TopicArn: topic.arn,
      SubscriptionArn: subscription.arn,
      Protocol: subscription.protocol,
      Endpoint: subscription.endpoint,
    };
    const outcome = await deliveries.run(
      () =>
        attemptWithFaults(context, 'sns', subscription.arn, asked, () =>
          wrap(() => attempt(topic, subscription, message)),
        ),
      policy,
      context.clock.now(),
    );
    report(context, subscription, message, outcome);
    status.log(topic, subscription, message, outcome);
    if (!outcome.delivered) await deadLetter(topic, subscription, message);
  };

  const deadLetter = async (topic: Topic, subscription: Subscription, message: Message): Promise<void> => {
    const queueArn = deadLetterTarget(subscription);
    if (queueArn === undefined) return;
    const letter = deadLetterMessage(notifications, topic, subscription, message, queueArn);
    const caller = serviceCaller(context, SERVICE_PRINCIPAL, topic.arn);
    const send = async () => sendToQueue(context, queueArn, letter, caller);
    const outcome = await deliveries.run(send, AWS_MANAGED_RETRIES, context.clock.now());
    context.events.emit({
      kind: outcome.delivered ? 'dead-lettered' : 'delivery-failed',
      service: 'sns',
      resourceArn: subscription.arn,
      messageId: message.messageId,
      detail: {
        target: queueArn,
        deadLetter: true,
        ...(outcome.delivered ? {} : { errorCode: outcome.error.code }),
      },
    });
  };

  const inOrder = (
    subscription: Subscription,
    { messageGroupId }: Message,
    start: () => Promise<void>,
  ): Promise<void> => {
    const key = `${subscription.arn}\n${messageGroupId}`;
    const previous = lastOfGroup.get(key);
    const done = (previous ? previous.then(start) : start()).finally(() => {
      if (lastOfGroup.get(key) === done) lastOfGroup.delete(key);
    });
    lastOfGroup.set(key, done);
    return done;
  };

  const deliverInOrder = (topic: Topic, subscription: Subscription, message: Message): Promise<void> =>
    noted(subscription, message, () =>
      inOrder(subscription, message, () => deliverKept(topic, subscription, message)),
    );

  return {
    deliver(topic, message) {
      const started: Promise<void>[] = [];
      const reasonAgainst = filtersFor(message);
      for (const subscription of topic.subscriptions.values()) {
        if (subscription.pending) continue;
        const reason = reasonAgainst(subscription);
        if (reason !== undefined) {
          reportFiltered(context, subscription, message, reason);
          continue;
        }
        started.push((topic.fifo ? deliverInOrder : deliverOne)(topic, subscription, message));
      }
      return Promise.all(started);
    },
    replay(topic, subscription, messages) {
      const wanted = messages.filter((message) => filtersFor(message)(subscription) === undefined);
      return Promise.all(wanted.map((message) => deliverInOrder(topic, subscription, message)));
    },
    requestConfirmation(topic, subscription, { type, token }) {
      const ask = { type, token, messageId: randomUUID() };
      if (isHttp(subscription.protocol)) {
        const post = () => http.postConfirmation(topic, subscription, ask);
        const policy = httpRetries(deliveryPolicyOf(topic, subscription));
        void deliveries.run(post, policy, context.clock.now());
      } else if (subscription.protocol.startsWith('email') && type === 'SubscriptionConfirmation') {
        const { json, text, subscribeUrl } = notifications.confirmation(topic, subscription, ask);
        inbox.add({
          protocol: subscription.protocol as 'email' | 'email-json',
          to: subscription.endpoint,
          topicArn: topic.arn,
          subscriptionArn: subscription.arn,
          subject: 'AWS Notification - Subscription Confirmation',
          body: subscription.protocol === 'email' ? `${text}\n\n${subscribeUrl}\n` : json,
          confirmation: { token, subscribeUrl },
        });
      }
    },
    save: () => journal.save(),
    resume(find) {
      const patient = patientAfterRestart(context);
      for (const [key, { subscriptionArn, message }] of journal.left()) {
        const end = journal.begin(key, () => ({ subscriptionArn, message }));
        const found = find(subscriptionArn);
        if (!found) {
          end();
          continue;
        }
        const [topic, subscription] = found;
        const start = () => deliverKept(topic, subscription, message, patient).then(end);
        void (topic.fifo ? inOrder(subscription, message, start) : start());
      }
    },
    pending: () => deliveries.pending(),
    close: () => deliveries.close(),
  };
}

/** Why a filter policy keeps a message away, as the metric NumberOfNotificationsFilteredOut tells it apart. */
type FilteredBy = 'MessageAttributes' | 'NoMessageAttributes' | 'MessageBody' | 'InvalidMessageBody';

/**
 * Answers for each subscription of a topic what speaks against the message, which is taken apart once for all;
 * undefined when it is wanted.
 */
function filtersFor(message: Message): (subscription: Subscription) => FilteredBy | undefined {
  let attributes: EventFields | undefined;
  const bodies = new Map<string, EventFields | undefined>();
  const bodyFields = (body: string): EventFields | undefined => {
    if (!bodies.has(body)) {
      const parsed = parseObject(body);
      bodies.set(body, parsed && flattenEvent(parsed));
    }
    return bodies.get(body);
  };
  return (subscription) => {
    const { filter } = subscription;
    if (!filter) return undefined;
    if (filterPolicyScope(subscription) === 'MessageAttributes') {
      attributes ??= flattenEvent(attributesAsEvent(message.attributes));
      if (filter.matches(attributes)) return undefined;
      return Object.keys(message.attributes).length === 0 ? 'NoMessageAttributes' : 'MessageAttributes';
    }
    const body = bodyFields(bodyFor(message, subscription.protocol));
    if (body === undefined) return 'InvalidMessageBody';
    return filter.matches(body) ? undefined : 'MessageBody';
  };
}

function report(
  context: AwsContext,
  subscription: Subscription,
  message: Message,
  outcome: DeliveryOutcome,
): void {
  context.events.emit({
    kind: outcome.delivered ? 'delivered' : 'delivery-failed',
    service: 'sns',
    resourceArn: subscription.arn,
    messageId: message.messageId,
    detail: {
      topicArn: message.topicArn,
      target: subscription.endpoint,
      retries: outcome.retries,
      ...(outcome.delivered ? {} : { errorCode: outcome.error.code }),
    },
  });
}

function reportFiltered(
  context: AwsContext,
  subscription: Subscription,
  message: Message,
  reason: FilteredBy,
): void {
  context.events.emit({
    kind: 'filtered',
    service: 'sns',
    resourceArn: subscription.arn,
    messageId: message.messageId,
    detail: { topicArn: message.topicArn, target: subscription.endpoint, reason },
  });
}
