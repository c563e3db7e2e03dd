/** ReceiveMessage: what is asked for, and a stored message in the shape of the answer. */
import { bodyMd5 } from './digest.ts';
import { invalidAttributeName } from './errors.ts';
import { checkedId, textList, wholeNumber, type Input } from './input.ts';
import { MAXIMUM_BATCH_ENTRIES, MAXIMUM_VISIBILITY_SECONDS, MAXIMUM_WAIT_SECONDS } from './limits.ts';
import type { MessageAttributes, ReceivedMessage, StoredMessage } from './message.ts';
import { attributesMd5, selectAttributes } from './message-attributes.ts';
import type { Queue } from './queue.ts';

/** A message in the shape of the API. */
export interface Message {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly MD5OfBody: string;
  readonly Body: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MD5OfMessageAttributes?: string;
  readonly MessageAttributes?: MessageAttributes;
}

type SystemAttribute = (message: Readonly<StoredMessage>) => string | number | undefined;

const SYSTEM_ATTRIBUTES: Readonly<Record<string, SystemAttribute>> = {
  SenderId: (message) => message.senderId,
  SentTimestamp: (message) => message.sentAt,
  ApproximateReceiveCount: (message) => message.receiveCount,
  ApproximateFirstReceiveTimestamp: (message) => message.firstReceivedAt,
  SequenceNumber: (message) => message.sequenceNumber,
  MessageDeduplicationId: (message) => message.deduplicationId,
  MessageGroupId: (message) => message.groupId,
  AWSTraceHeader: (message) => message.traceHeader,
  DeadLetterQueueSourceArn: (message) => message.sourceQueueArn,
};

/** Receives as the request says; resolves with an empty list when the wait is over or `signal` aborts. */
export async function receiveMessages(queue: Queue, input: Input, signal?: AbortSignal): Promise<Message[]> {
  const { settings } = queue;
  const systemAttributes = [
    ...textList(input, 'AttributeNames'),
    ...textList(input, 'MessageSystemAttributeNames'),
  ];
  for (const name of systemAttributes) {
    if (name !== 'All' && !Object.hasOwn(SYSTEM_ATTRIBUTES, name)) throw invalidAttributeName(name);
  }
  const attributes = textList(input, 'MessageAttributeNames');
  const attemptId = queue.fifo ? checkedId(input, 'ReceiveRequestAttemptId') : undefined;
  const received = await queue.receive(
    {
      maxMessages: wholeNumber(input, 'MaxNumberOfMessages', 1, MAXIMUM_BATCH_ENTRIES, 1),
      visibilitySeconds: wholeNumber(
        input,
        'VisibilityTimeout',
        0,
        MAXIMUM_VISIBILITY_SECONDS,
        settings.visibilitySeconds,
      ),
      waitSeconds: wholeNumber(input, 'WaitTimeSeconds', 0, MAXIMUM_WAIT_SECONDS, settings.waitSeconds),
      attemptId,
    },
    signal,
  );
  return received.map((one) => toMessage(one, systemAttributes, attributes));
}

function toMessage(
  { message, receiptHandle }: ReceivedMessage,
  systemAttributes: readonly string[],
  attributeNames: readonly string[],
): Message {
  const wanted = systemAttributes.includes('All') ? Object.keys(SYSTEM_ATTRIBUTES) : systemAttributes;
  const system: Record<string, string> = {};
  for (const name of wanted) {
    const value = SYSTEM_ATTRIBUTES[name]?.(message);
    if (value !== undefined) system[name] = String(value);
  }
  const attributes = selectAttributes(message.attributes, attributeNames);
  const md5 = attributesMd5(attributes);
  return {
    MessageId: message.messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: bodyMd5(message.body),
    Body: message.body,
    ...(Object.keys(system).length > 0 && { Attributes: system }),
    ...(md5 !== undefined && { MD5OfMessageAttributes: md5, MessageAttributes: attributes }),
  };
}
