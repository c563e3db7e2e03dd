/**
 * How often a message has failed, and how often its handling has begun and never ended. With controls a receive is no
 * failure: a message may have been received a hundred times because what it needs was away (docs/adr/0025).
 */
import type { DynamoDbClient } from '../aws/dynamodb.ts';
import type { SqsRecord } from '../types.ts';
import { expiryAfter, failuresPartition, numberOf } from './control-keys.ts';

/** Seconds: longer than any queue keeps a message. */
const COUNT_KEPT = 15 * 86_400;

export type HandlingCount = 'failures' | 'unended';

/** @returns the count with this change */
export async function addToCount(
  table: DynamoDbClient,
  consumer: string,
  record: SqsRecord,
  count: HandlingCount,
  change: 1 | -1,
  now: number,
): Promise<number> {
  const { Attributes: item } = await table.call('UpdateItem', {
    Key: { pk: { S: failuresPartition(consumer) }, sk: { S: record.messageId } },
    UpdateExpression: `ADD ${count} :change SET expiresAt = :expiresAt`,
    ExpressionAttributeValues: {
      ':change': { N: String(change) },
      ':expiresAt': expiryAfter(now, COUNT_KEPT),
    },
    ReturnValues: 'ALL_NEW',
  });
  return numberOf(item, count) ?? 0;
}
