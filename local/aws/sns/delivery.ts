// From a topic to its subscriptions: filter, shape, deliver, retry, dead-letter.

import type { AwsContext } from '../context.ts';
import { serviceCaller } from '../context.ts';
import {
  createDeliveries,
  type DeliveryOutcome,
  invokeFunction,
  type QueueMessage,
  type QueueMessageAttribute,
  type RetryPolicy,
  sendToQueue,
} from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { attributesAsEvent, type EventFields, flattenEvent } from '../matching/index.ts';
import { HTTP_RETRIES, postConfirmation, postNotification } from './http-delivery.ts';
import { MAX_RAW_DELIVERY_ATTRIBUTES } from './limits.ts';
import { binaryBytes } from './message-attributes.ts';
import {
  filterPolicyScope,
  isFifoName,
  isRaw,
  type Message,
  type Subscription,
  type Topic,
} from './model.ts';
import { bodyFor, lambdaEvent, notificationJson } from './notification.ts';
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
  /** Asks an HTTP endpoint to confirm its subscription. */
  requestConfirmation(topic: Topic, subscription: Subscription): void;
  /** Deliveries that have not ended yet. */
  pending(): number;
  close(): void;
}

export function createTopicDelivery(context: AwsContext): TopicDelivery {
  const deliveries = createDeliveries(context);
  /** The last delivery of each group of a FIFO topic to each subscription: the next one waits for it. */
  const lastOfGroup = new Map<string, Promise<void>>();

  const deliverOne = async (topic: Topic, subscription: Subscription, message: Message): Promise<void> => {
    const policy = subscription.protocol.startsWith('http') ? HTTP_RETRIES : AWS_MANAGED_RETRIES;
    const attempt = () => attemptDelivery(context, topic, subscription, message);
    const outcome = await deliveries.run(attempt, policy, context.clock.now());
    report(context, subscription, message, outcome);
    if (!outcome.delivered) await deadLetter(topic, subscription, message);
  };

  const deadLetter = async (topic: Topic, subscription: Subscription, message: Message): Promise<void> => {
    const queueArn = deadLetterTarget(subscription);
    if (queueArn === undefined) return;
    const letter = deadLetterMessage(context, topic, subscription, message, queueArn);
    const caller = serviceCaller(context, SERVICE_PRINCIPAL, topic.arn);
    const attempt = async () => sendToQueue(context, queueArn, letter, caller);
    const outcome = await deliveries.run(attempt, AWS_MANAGED_RETRIES, context.clock.now());
    context.events.emit({
      kind: outcome.delivered ? 'dead-lettered' : 'delivery-failed',
      service: 'sns',
      resourceArn: subscription.arn,
      messageId: message.messageId,
      detail: { target: queueArn, ...(outcome.delivered ? {} : { errorCode: outcome.error.code }) },
    });
  };

  const deliverInOrder = (topic: Topic, subscription: Subscription, message: Message): Promise<void> => {
    const key = `${subscription.arn}\n${message.messageGroupId}`;
    const previous = lastOfGroup.get(key);
    const start = () => deliverOne(topic, subscription, message);
    const done = (previous ? previous.then(start) : start()).finally(() => {
      if (lastOfGroup.get(key) === done) lastOfGroup.delete(key);
    });
    lastOfGroup.set(key, done);
    return done;
  };

  return {
    deliver(topic, message) {
      const started: Promise<void>[] = [];
      const passesFilter = filtersFor(message);
      for (const subscription of topic.subscriptions.values()) {
        if (subscription.pending) continue;
        if (!passesFilter(subscription)) {
          reportFiltered(context, subscription, message);
          continue;
        }
        started.push((topic.fifo ? deliverInOrder : deliverOne)(topic, subscription, message));
      }
      return Promise.all(started);
    },
    replay(topic, subscription, messages) {
      const wanted = messages.filter((message) => filtersFor(message)(subscription));
      return Promise.all(wanted.map((message) => deliverInOrder(topic, subscription, message)));
    },
    requestConfirmation(topic, subscription) {
      if (!subscription.protocol.startsWith('http')) return;
      const attempt = () => postConfirmation(context, topic, subscription);
      void deliveries.run(attempt, HTTP_RETRIES, context.clock.now());
    },
    pending: () => deliveries.pending(),
    close: () => deliveries.close(),
  };
}

/** Answers for each subscription of a topic whether it wants the message, which is taken apart once for all. */
function filtersFor(message: Message): (subscription: Subscription) => boolean {
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
    if (!filter) return true;
    if (filterPolicyScope(subscription) === 'MessageAttributes') {
      attributes ??= flattenEvent(attributesAsEvent(message.attributes));
      return filter.matches(attributes);
    }
    const body = bodyFields(bodyFor(message, subscription.protocol));
    return body !== undefined && filter.matches(body);
  };
}

async function attemptDelivery(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  message: Message,
): Promise<void> {
  const { protocol, endpoint } = subscription;
  const caller = serviceCaller(context, SERVICE_PRINCIPAL, topic.arn);
  if (protocol === 'sqs') {
    const queueMessage = subscriptionMessage(context, topic, subscription, message, endpoint);
    sendToQueue(context, endpoint, queueMessage, caller);
  } else if (protocol === 'lambda') {
    const event = JSON.stringify(lambdaEvent(context, topic, subscription, message));
    await invokeFunction(context, endpoint, event, caller);
  } else if (protocol === 'http' || protocol === 'https') {
    await postNotification(context, topic, subscription, message);
  }
  // E-mail, SMS, push and Firehose: accepted, and nothing on this machine to hand it to.
}

function subscriptionMessage(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  message: Message,
  queueArn: string,
): QueueMessage {
  const ids = queueIds(message, queueArn);
  if (!isRaw(subscription)) {
    return { MessageBody: notificationJson(context, topic, subscription, message), ...ids };
  }
  const attributes = queueAttributes(message);
  const count = Object.keys(attributes).length;
  if (count > MAX_RAW_DELIVERY_ATTRIBUTES) {
    throw new AwsError(
      'InvalidParameterValue',
      `Raw delivery to SQS carries at most ${MAX_RAW_DELIVERY_ATTRIBUTES} message attributes, the message has ${count}`,
    );
  }
  return {
    MessageBody: bodyFor(message, subscription.protocol),
    ...(count > 0 ? { MessageAttributes: attributes } : {}),
    ...ids,
  };
}

/** As the subscription would have got it; in the envelope where raw delivery was the very problem. */
function deadLetterMessage(
  context: AwsContext,
  topic: Topic,
  subscription: Subscription,
  message: Message,
  queueArn: string,
): QueueMessage {
  const tooManyForRaw = Object.keys(message.attributes).length > MAX_RAW_DELIVERY_ATTRIBUTES;
  if (tooManyForRaw || subscription.protocol !== 'sqs') {
    const MessageBody = notificationJson(context, topic, subscription, message);
    return { MessageBody, ...queueIds(message, queueArn) };
  }
  return subscriptionMessage(context, topic, subscription, message, queueArn);
}

/** A FIFO queue gets group and deduplication id, a standard queue the group alone (fair queues). */
function queueIds(
  message: Message,
  queueArn: string,
): { MessageGroupId?: string; MessageDeduplicationId?: string } {
  const { messageGroupId, messageDeduplicationId } = message;
  return {
    ...(messageGroupId === undefined ? {} : { MessageGroupId: messageGroupId }),
    ...(isFifoName(queueArn) && messageDeduplicationId !== undefined
      ? { MessageDeduplicationId: messageDeduplicationId }
      : {}),
  };
}

function queueAttributes(message: Message): Record<string, QueueMessageAttribute> {
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      StringValue === undefined
        ? { DataType, BinaryValue: binaryBytes(BinaryValue).toString('base64') }
        : // String.Array is a type of SNS; SQS takes it as a custom label of String.
          { DataType, StringValue },
    ]),
  );
  return message.replayed
    ? { ...attributes, Replayed: { DataType: 'String', StringValue: 'true' } }
    : attributes;
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

function reportFiltered(context: AwsContext, subscription: Subscription, message: Message): void {
  context.events.emit({
    kind: 'filtered',
    service: 'sns',
    resourceArn: subscription.arn,
    messageId: message.messageId,
    detail: { topicArn: message.topicArn, target: subscription.endpoint },
  });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
