/** A service's own memory: one DynamoDB item for each order, with the first event of each type that it heard or said. */
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { FlowEnvelope } from './participant.ts';

export interface OrderBook {
  /**
   * Notes events of one order, and tells all that is known of it, by event type. Of an event type that is known
   * already the first one stays: of two calls at the same time, both are told the same.
   */
  note(events: readonly FlowEnvelope[]): Promise<ReadonlyMap<string, FlowEnvelope>>;
}

/** @param tableName the service's own table; nobody else reads it */
export function openOrderBook(tableName = process.env['ORDER_BOOK'], client?: DynamoDBClient): OrderBook {
  let dynamodb = client;
  return {
    async note(events) {
      const [first] = events;
      if (first === undefined) return new Map();
      dynamodb ??= new DynamoDBClient();
      const { Attributes = {} } = await dynamodb.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: { order: { S: `${first.tenantId}#${first.data.orderId}` } },
          UpdateExpression: `SET ${events.map((_, at) => `#${at} = if_not_exists(#${at}, :${at})`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(
            events.map(({ eventType }, at) => [`#${at}`, eventType]),
          ),
          ExpressionAttributeValues: Object.fromEntries(
            events.map((event, at) => [`:${at}`, { S: JSON.stringify(event) }]),
          ),
          ReturnValues: 'ALL_NEW',
        }),
      );
      const { order: _, ...noted } = Attributes;
      return new Map(
        Object.entries(noted).map(([eventType, { S }]) => [eventType, JSON.parse(S!) as FlowEnvelope]),
      );
    },
  };
}
