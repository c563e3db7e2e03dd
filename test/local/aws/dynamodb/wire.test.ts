/** Over the wire: unmodified SDK clients, error shapes, the checksum, and requests that are no good. */
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from '@aws-sdk/client-dynamodb-streams';
import { startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';

let aws: EmbeddedAws;
let dynamodb: DynamoDBClient;
let streams: DynamoDBStreamsClient;
let streamArn: string;

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  const client = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    maxAttempts: 1,
  };
  dynamodb = new DynamoDBClient(client);
  streams = new DynamoDBStreamsClient(client);
  const created = await dynamodb.send(
    new CreateTableCommand({
      TableName: 'orders',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  streamArn = created.TableDescription?.LatestStreamArn ?? '';
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 30 }, { TableName: 'orders' });
});

afterAll(async () => {
  dynamodb.destroy();
  streams.destroy();
  await aws.close();
});

test('items of every type go round, and come by the stream', async () => {
  const Item = {
    pk: { S: 'types' },
    binary: { B: new Uint8Array([0, 255, 7]) },
    sets: { BS: [new Uint8Array([1])] },
    list: { L: [{ NULL: true as const }, { BOOL: false }, { M: { n: { N: '1.5' } } }] },
  };
  await dynamodb.send(new PutItemCommand({ TableName: 'orders', Item }));

  const { Item: read } = await dynamodb.send(
    new GetItemCommand({ TableName: 'orders', Key: { pk: { S: 'types' } } }),
  );
  expect(read).toEqual(Item);

  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn: streamArn }));
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({
      StreamArn: streamArn,
      ShardId: StreamDescription?.Shards?.[0]?.ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  );
  const { Records } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  expect(Records?.[0]).toMatchObject({ eventName: 'INSERT', dynamodb: { NewImage: Item } });
  expect(Records?.[0]?.dynamodb?.ApproximateCreationDateTime).toBeInstanceOf(Date);
});

test("errors arrive as the SDK's classes, with their members", async () => {
  const put = {
    TableName: 'orders',
    Item: { pk: { S: 'once' } },
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  await dynamodb.send(new PutItemCommand(put));

  const failed = dynamodb.send(
    new PutItemCommand({ ...put, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
  );
  await expect(failed).rejects.toBeInstanceOf(ConditionalCheckFailedException);
  await expect(failed).rejects.toMatchObject({ Item: { pk: { S: 'once' } } });

  const cancelled = dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: put }] }));
  await expect(cancelled).rejects.toBeInstanceOf(TransactionCanceledException);
  await expect(cancelled).rejects.toMatchObject({
    CancellationReasons: [{ Code: 'ConditionalCheckFailed' }],
  });
});

async function post(target: string, body: string) {
  const response = await fetch(aws.endpointUrl, {
    method: 'POST',
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

test('every answer carries the CRC32 of its body', async () => {
  for (const body of ['{}', '{"Limit":0}']) {
    const { headers, text } = await post('DynamoDB_20120810.ListTables', body);
    expect(headers.get('x-amz-crc32')).toBe(String(crc32(text)));
  }
});

test.each([
  ['PutItem', '{', 'SerializationException'],
  ['PutItem', '{}', 'ValidationException'],
  ['PutItem', '{"TableName":1,"Item":{}}', 'SerializationException'],
  ['PutItem', '{"TableName":"orders","Item":[]}', 'SerializationException'],
  ['PutItem', '{"TableName":"orders","Item":{"pk":{"S":1}}}', 'SerializationException'],
  ['PutItem', '{"TableName":"orders","Item":{"pk":{"S":"a"},"b":{"B":"?"}}}', 'SerializationException'],
  ['PutItem', '{"TableName":"orders","Item":{"__proto__":{"S":"a"}}}', 'ValidationException'],
  ['Query', '{"TableName":"orders","KeyConditionExpression":{}}', 'SerializationException'],
  ['Query', '{"TableName":"orders","Limit":"x"}', 'SerializationException'],
  ['BatchWriteItem', '{"RequestItems":{"orders":[null]}}', 'ValidationException'],
  ['BatchGetItem', '{"RequestItems":{"orders":null}}', 'ValidationException'],
  ['TransactWriteItems', '{"TransactItems":[null]}', 'ValidationException'],
  ['UpdateTable', '{"TableName":"orders","GlobalSecondaryIndexUpdates":[7]}', 'ValidationException'],
  ['Constructor', '{}', 'UnknownOperationException'],
])('%s of %s is a %s', async (action, body, code) => {
  const { status, text } = await post(`DynamoDB_20120810.${action}`, body);
  const { __type: type } = JSON.parse(text) as { __type: string };
  expect(type.split('#').at(-1)).toBe(code);
  expect(status).toBe(400);
});
