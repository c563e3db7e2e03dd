/**
 * How often a message has failed, and how often its handling has begun and never ended. With controls a receive is no
 * failure: a message may have been received a hundred times because what it needs was away (docs/adr/0025).
 */
import type { DynamoDbClient } from '../aws/dynamodb.ts';
import { receiveCountOf } from '../consumer/handle-message.ts';
import type { SqsRecord } from '../types.ts';
import { expiryAfter, failuresPartition } from './control-keys.ts';

/** Seconds: longer than any queue keeps a message. */
const COUNT_KEPT = 15 * 86_400;

export type HandlingCount = 'failures' | 'unended';

/** Sets of receives, so that a call that is made again because its answer was lost counts nothing twice. */
const ATTRIBUTE: Readonly<Record<HandlingCount, string>> = {
  failures: 'failedReceives',
  unended: 'unendedReceives',
};

/**
 * Counts this receive of the message, or takes it back.
 * @returns the count with this change
 */
export async function addToCount(
  table: DynamoDbClient,
  consumer: string,
  record: SqsRecord,
  count: HandlingCount,
  change: 1 | -1,
  now: number,
): Promise<number> {
  const attribute = ATTRIBUTE[count];
  const { Attributes: item } = await table.call('UpdateItem', {
    Key: { pk: { S: failuresPartition(consumer) }, sk: { S: record.messageId } },
    UpdateExpression: `${change === 1 ? 'ADD' : 'DELETE'} ${attribute} :receive SET expiresAt = :expiresAt`,
    ExpressionAttributeValues: {
      ':receive': { NS: [String(receiveCountOf(record))] },
      ':expiresAt': expiryAfter(now, COUNT_KEPT),
    },
    ReturnValues: 'ALL_NEW',
  });
  const receives = item?.[attribute];
  return receives !== undefined && 'NS' in receives ? receives.NS.length : 0;
}
