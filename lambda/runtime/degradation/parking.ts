/**
 * Parking: the messages of a tenant that is switched off wait in a queue of their own, in their order, and use up no
 * receives there. Each has an item in the controls table until it was handled, which is how the consumer knows that
 * newer messages of its group have to wait. The item is written first: what is in the queue is always noted.
 */
import type { DynamoDbClient } from '../aws/dynamodb.ts';
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import { attributesWith } from '../consumer/dead-letter.ts';
import { positional } from '../transports/batch-answer.ts';
import { isFifo } from '../transports/group-id.ts';
import { text } from '../transports/message-attributes.ts';
import type { SqsRecord } from '../types.ts';
import { expiryAfter, PARKED_ATTRIBUTE, parkedKey, parkedPartition, parkedPrefix } from './control-keys.ts';

/** Seconds: longer than any queue keeps a message. */
const NOTE_KEPT = 15 * 86_400;

export interface ParkingPlace {
  readonly table: DynamoDbClient;
  readonly queueUrl: string;
  readonly consumer: string;
  readonly client?: SqsSender | undefined;
}

/** @throws whatever a call throws: the message is then not parked */
export async function park(
  { table, queueUrl, consumer, client }: ParkingPlace,
  record: SqsRecord,
  tenantId: string,
  now: number,
): Promise<void> {
  const group = groupOf(record);
  const key = parkedKey(tenantId, group, record.messageId);
  await table.call('PutItem', {
    Item: {
      pk: { S: parkedPartition(consumer) },
      sk: { S: key },
      parkedAt: { N: String(now) },
      expiresAt: expiryAfter(now, NOTE_KEPT),
    },
  });
  const { api, client: sender } = await sqs(client);
  const answer = await sender.send(
    new api.SendMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: [
        {
          Id: '0',
          MessageBody: record.body,
          MessageAttributes: attributesWith(record, { [PARKED_ATTRIBUTE]: text(key) }),
          ...(group !== '' && { MessageGroupId: group }),
          ...(isFifo(queueUrl) && { MessageDeduplicationId: record.messageId }),
        },
      ],
    }),
  );
  const failure = positional(1, answer)[0];
  if (failure !== undefined) throw Object.assign(new Error(failure.message), { code: failure.code });
}

/** True while a message of the group is parked, or released and not yet handled. */
export async function hasParked(
  table: DynamoDbClient,
  consumer: string,
  tenantId: string,
  group: string,
): Promise<boolean> {
  const { Items: items = [] } = await table.call('Query', {
    KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
    ExpressionAttributeValues: {
      ':pk': { S: parkedPartition(consumer) },
      ':prefix': { S: parkedPrefix(tenantId, group) },
    },
    ConsistentRead: true,
    Limit: 1,
  });
  return items.length > 0;
}

/** A released message is done with: the next of its group need not wait for it. */
export async function forgetParked(table: DynamoDbClient, consumer: string, key: string): Promise<void> {
  await table.call('DeleteItem', { Key: { pk: { S: parkedPartition(consumer) }, sk: { S: key } } });
}

/** The name of its item, for a message that was parked and is released. */
export function releasedKeyOf(record: SqsRecord): string | undefined {
  return record.messageAttributes?.[PARKED_ATTRIBUTE]?.stringValue;
}

export function groupOf(record: SqsRecord): string {
  return record.attributes.MessageGroupId ?? '';
}
