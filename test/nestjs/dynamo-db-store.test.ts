/** The store over DynamoDB against the embedded one: the table of the push functions, shared by processes. */
import { CreateTableCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startEmbeddedAws } from '../../local/aws/index.ts';
import type { EmbeddedAws } from '../../local/aws/index.ts';
import { dynamoDbNotificationStore } from '../../nestjs/index.ts';
import type { NotificationStore } from '../../nestjs/index.ts';

const USER = { tenantId: 'acme', userId: 'u1' };
const TABLE = 'push';

let aws: EmbeddedAws;
let dynamoDb: DynamoDBClient;
let store: NotificationStore;
const before = process.env['USE_LOCAL_AWS'];

beforeEach(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  process.env['USE_LOCAL_AWS'] = aws.endpointUrl;
  dynamoDb = new DynamoDBClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await dynamoDb.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  store = dynamoDbNotificationStore({ tableName: TABLE });
});

afterEach(async () => {
  if (before === undefined) delete process.env['USE_LOCAL_AWS'];
  else process.env['USE_LOCAL_AWS'] = before;
  dynamoDb.destroy();
  await aws.close();
});

const note = (id: string, data: unknown = { id }) => ({ id, eventType: 'ImageFinished', data });

describe('the DynamoDB store', () => {
  test('two processes that store at once leave no hole and no double, the same id again changes nothing', async () => {
    const other = dynamoDbNotificationStore({ tableName: TABLE });
    const ids = Array.from({ length: 6 }, (_, index) => `e${index}`);
    for (const id of ids) {
      const [here, there] = await Promise.all([store.append(USER, note(id)), other.append(USER, note(id))]);
      expect(here).toBe(there);
    }

    const { messages, hasMore } = await store.readAfter(USER, 2, 100);
    expect(messages.map((message) => (message.type === 'gap' ? 'gap' : message.cursor))).toEqual([
      3, 4, 5, 6,
    ]);
    expect(hasMore).toBe(false);
    expect(await store.newest(USER)).toBe(6);
    expect((await store.readAfter(USER, 0, 4)).hasMore).toBe(true);
  });

  test('what has expired is a gap, and does not end a page before its time', async () => {
    for (let index = 1; index <= 5; index += 1) await store.append(USER, note(`e${index}`));
    for (const cursor of [1, 2]) {
      await dynamoDb.send(
        new UpdateItemCommand({
          TableName: TABLE,
          Key: { pk: { S: 'USER#acme#u1' }, sk: { S: `NOTE#${String(cursor).padStart(12, '0')}` } },
          UpdateExpression: 'SET expiresAt = :past',
          ExpressionAttributeValues: { ':past': { N: '1' } },
        }),
      );
    }

    const { messages, hasMore } = await store.readAfter(USER, 0, 2);
    expect(messages).toMatchObject([{ type: 'gap', from: 1, to: 2 }, { cursor: 3 }, { cursor: 4 }]);
    expect(hasMore).toBe(true);
  });

  test('a page that DynamoDB cuts at 1 MB is read to its end', async () => {
    const large = 'x'.repeat(100_000);
    for (let index = 1; index <= 15; index += 1) await store.append(USER, note(`e${index}`, { large }));

    const { messages, hasMore } = await store.readAfter(USER, 0, 100);
    expect(messages).toHaveLength(15);
    expect(messages.every(({ type }) => type === 'notification')).toBe(true);
    expect(hasMore).toBe(false);
  });

  test('a ticket is used once', async () => {
    const later = Math.floor(Date.now() / 1000) + 60;
    expect([await store.useTicket('t1', later), await store.useTicket('t1', later)]).toEqual([true, false]);
  });
});
