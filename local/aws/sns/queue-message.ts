/** A message as a subscribed queue, or a dead-letter queue, gets it. */
import type { QueueMessage, QueueMessageAttribute } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { MAX_RAW_DELIVERY_ATTRIBUTES } from './limits.ts';
import { binaryBytes } from './message-attributes.ts';
import { isFifoName, isRaw, type Message, type Subscription, type Topic } from './model.ts';
import { bodyFor, type Notifications } from './notification.ts';

/** Throws for a message that raw delivery can't carry: a client error, which is not tried again. */
export function subscriptionMessage(
  notifications: Notifications,
  topic: Topic,
  subscription: Subscription,
  message: Message,
  queueArn: string,
): QueueMessage {
  const ids = queueIds(message, queueArn);
  if (!isRaw(subscription)) {
    return { MessageBody: notifications.json(topic, subscription, message), ...ids };
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
export function deadLetterMessage(
  notifications: Notifications,
  topic: Topic,
  subscription: Subscription,
  message: Message,
  queueArn: string,
): QueueMessage {
  const tooManyForRaw = Object.keys(message.attributes).length > MAX_RAW_DELIVERY_ATTRIBUTES;
  if (tooManyForRaw || subscription.protocol !== 'sqs') {
    const MessageBody = notifications.json(topic, subscription, message);
    return { MessageBody, ...queueIds(message, queueArn) };
  }
  return subscriptionMessage(notifications, topic, subscription, message, queueArn);
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
