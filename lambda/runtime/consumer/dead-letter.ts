/** Puts a copy of a message, with the reason, into the consumer's dead-letter queue (D10). */
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import { positional } from '../transports/batch-answer.ts';
import { isFifo } from '../transports/group-id.ts';
import { MAX_MESSAGE_ATTRIBUTES } from '../transports/limits.ts';
import { text } from '../transports/message-attributes.ts';
import type { StringAttribute } from '../transports/message-attributes.ts';
import type { SqsRecord, SqsRecordAttribute } from '../types.ts';
import { receiveCountOf } from './handle-message.ts';
import type { DeadLetter } from './handle-message.ts';

const MAX_DETAIL_LENGTH = 256;

export interface DeadLetterQueue {
  readonly queueUrl: string;
  readonly consumer: string;
  readonly client?: SqsSender | undefined;
}

/** @throws whatever the client throws, or an Error with the code of the failed entry */
export async function sendDeadLetter(
  queue: DeadLetterQueue,
  record: SqsRecord,
  letter: DeadLetter,
): Promise<void> {
  const { api, client } = await sqs(queue.client);
  const answer = await client.send(
    new api.SendMessageBatchCommand({
      QueueUrl: queue.queueUrl,
      Entries: [
        {
          Id: '0',
          MessageBody: record.body,
          MessageAttributes: deadLetterAttributes(queue.consumer, record, letter),
          ...deadLetterIds(queue.queueUrl, record),
        },
      ],
    }),
  );
  const failure = positional(1, answer)[0];
  if (failure !== undefined) {
    throw Object.assign(new Error(failure.message), { name: 'DeadLetterError', code: failure.code });
  }
}

/**
 * The group id is kept, so that a redrive can keep the order. The deduplication id is the message id, as when
 * SQS itself moves a message: with the eventId, an event that fails again within five minutes of its redrive
 * would be taken for a duplicate of its first dead letter and lost.
 */
function deadLetterIds(queueUrl: string, record: SqsRecord) {
  const groupId = record.attributes.MessageGroupId;
  if (!isFifo(queueUrl)) return groupId === undefined ? {} : { MessageGroupId: groupId };
  return { MessageGroupId: groupId ?? record.messageId, MessageDeduplicationId: record.messageId };
}

/** What the message carried, and why it is here. The reason has priority where the service's limit is reached. */
function deadLetterAttributes(consumer: string, record: SqsRecord, letter: DeadLetter) {
  const reason = {
    deadLetterReason: text(letter.reason),
    deadLetterDetail: text(plain(letter.detail)),
    deadLetterConsumer: text(consumer),
    deadLetterReceiveCount: text(String(receiveCountOf(record))),
  };
  return attributesWith(record, reason);
}

/** The attributes of a message with more of ours, which have priority where the service's limit is reached. */
export function attributesWith(record: SqsRecord, ours: Readonly<Record<string, StringAttribute>>) {
  const carried = Object.entries(record.messageAttributes ?? {})
    .filter(([name]) => !(name in ours))
    .slice(0, MAX_MESSAGE_ATTRIBUTES - Object.keys(ours).length)
    .map(([name, attribute]) => [name, attributeValue(attribute)]);
  return { ...Object.fromEntries(carried), ...ours };
}

/** A value SQS accepts: not empty, no control characters. */
function plain(detail: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what SQS refuses
  return detail.replace(/[\u0000-\u001f\ud800-\udfff\ufffe\uffff]/g, ' ').slice(0, MAX_DETAIL_LENGTH) || '-';
}

function attributeValue(attribute: SqsRecordAttribute) {
  return attribute.binaryValue === undefined || attribute.binaryValue === ''
    ? { DataType: attribute.dataType, StringValue: attribute.stringValue ?? '' }
    : { DataType: attribute.dataType, BinaryValue: Buffer.from(attribute.binaryValue, 'base64') };
}
