/** Tables: what is refused, what is described, what is kept beside them, permissions, metrics, and a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { AuthorizationRequest } from '../../../../local/aws/index.ts';
import type { MetricSample } from '../../../../local/aws/metrics.ts';
import { openStateStore } from '../../../../local/aws/state/index.ts';
import { database, put, type Json } from './database.ts';

const DEFINITION = {
  TableName: 'things',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};

describe('CreateTable', () => {
  test.each([
    [{ TableName: 'ab' }, 'TableName must be at least 3 characters long and at most 255 characters long'],
    [
      { TableName: 'a/b' },
      "1 validation error detected: Value 'a/b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
    ],
    [
      { BillingMode: 'PROVISIONED' },
      'One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    ],
    [
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    ],
    [
      { KeySchema: [{ AttributeName: 'pk', KeyType: 'RANGE' }] },
      'Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
    ],
    [
      { KeySchema: [{ AttributeName: 'other', KeyType: 'HASH' }] },
      'One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [other], AttributeDefinitions: [pk]',
    ],
    [
      {
        AttributeDefinitions: [
          ...DEFINITION.AttributeDefinitions,
          { AttributeName: 'x', AttributeType: 'S' },
        ],
      },
      'One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    ],
    [
      { GlobalSecondaryIndexes: [] },
      'One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty',
    ],
    [
      {
        LocalSecondaryIndexes: [
          {
            IndexName: 'local',
            KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      },
      'One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    ],
    [
      { StreamSpecification: { StreamEnabled: true } },
      'One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true',
    ],
  ])('%p is refused', async (more, message) => {
    const { refusal } = database();
    expect(await refusal('CreateTable', { ...DEFINITION, ...more })).toBe(`ValidationException: ${message}`);
  });

  test('it says CREATING, and the table is ACTIVE at the next look', async () => {
    const { call, refusal } = database();
    const { TableDescription } = await call('CreateTable', DEFINITION);
    expect(TableDescription).toMatchObject({ TableStatus: 'CREATING', TableName: 'things' });
    const { Table } = await call('DescribeTable', { TableName: 'things' });
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      TableArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/things',
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      ProvisionedThroughput: { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
      ItemCount: 0,
      DeletionProtectionEnabled: false,
    });
    expect(await call('DescribeTable', { TableName: (Table as { TableArn: string }).TableArn })).toEqual({
      Table,
    });
    expect(await refusal('CreateTable', DEFINITION)).toBe(
      'ResourceInUseException: Table already exists: things',
    );
  });
});

test('a protected table is not deleted; a deleted one is gone with its items', async () => {
  const db = database();
  await db.table({ DeletionProtectionEnabled: true });
  await put(db, { pk: { S: 'a' } });
  expect(await db.refusal('DeleteTable', { TableName: 'orders' })).toMatch(
    /^ValidationException: .*protected against deletion/,
  );
  await db.call('UpdateTable', { TableName: 'orders', DeletionProtectionEnabled: false });
  await db.call('DeleteTable', { TableName: 'orders' });
  expect(await db.refusal('DescribeTable', { TableName: 'orders' })).toBe(
    'ResourceNotFoundException: Requested resource not found: Table: orders not found',
  );
  await db.table();
  expect(db.dynamodb.items('orders')).toEqual([]);
});

test('tags, recovery and resource policy are kept', async () => {
  const db = database();
  await db.table({ Tags: [{ Key: 'team', Value: 'a' }] });
  const { arn: ResourceArn } = db.dynamodb.table('orders');
  await db.call('TagResource', { ResourceArn, Tags: [{ Key: 'cost', Value: 'b' }] });
  await db.call('UntagResource', { ResourceArn, TagKeys: ['team'] });
  expect(await db.call('ListTagsOfResource', { ResourceArn })).toEqual({
    Tags: [{ Key: 'cost', Value: 'b' }],
  });

  await db.call('UpdateContinuousBackups', {
    TableName: 'orders',
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  expect(await db.call('DescribeContinuousBackups', { TableName: 'orders' })).toMatchObject({
    ContinuousBackupsDescription: {
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
    },
  });

  expect(await db.refusal('GetResourcePolicy', { ResourceArn })).toMatch(/^PolicyNotFoundException/);
  await db.call('PutResourcePolicy', { ResourceArn, Policy: '{}' });
  expect(await db.call('GetResourcePolicy', { ResourceArn })).toMatchObject({ Policy: '{}' });
});

test('tables are listed in order, page by page', async () => {
  const { call } = database();
  for (const TableName of ['ccc', 'aaa', 'bbb']) await call('CreateTable', { ...DEFINITION, TableName });
  const first = await call('ListTables', { Limit: 2 });
  expect(first).toEqual({ TableNames: ['aaa', 'bbb'], LastEvaluatedTableName: 'bbb' });
  expect(await call('ListTables', { ExclusiveStartTableName: 'bbb' })).toEqual({ TableNames: ['ccc'] });
});

test('PartiQL and backups are unknown operations', async () => {
  const { refusal } = database();
  expect(await refusal('ExecuteStatement', { Statement: 'SELECT' })).toMatch(/^UnknownOperationException/);
});

describe('permissions', () => {
  const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/orders';
  const keys = (...values: readonly string[]) => ({ 'dynamodb:LeadingKeys': values });

  async function needed(action: string, input: Json): Promise<readonly AuthorizationRequest[]> {
    const db = database();
    await db.table();
    return db.dynamodb.authorization?.(action, input) ?? [];
  }
  const a = { pk: { S: 'a' } };
  const b = { pk: { S: 'b' } };

  test('calls on one item name its partition key', async () => {
    expect(await needed('PutItem', { TableName: 'orders', Item: a })).toEqual([
      { action: 'dynamodb:PutItem', resourceArn: ARN, conditionKeys: keys('a') },
    ]);
    expect(
      await needed('Query', {
        TableName: ARN,
        IndexName: 'byG',
        KeyConditionExpression: '#p = :p',
        ExpressionAttributeNames: { '#p': 'pk' },
        ExpressionAttributeValues: { ':p': { S: 'a' } },
      }),
    ).toEqual([{ action: 'dynamodb:Query', resourceArn: `${ARN}/index/byG`, conditionKeys: keys('a') }]);
  });

  test('batches name all keys, transactions ask for the action of each part', async () => {
    const RequestItems = { orders: [{ PutRequest: { Item: a } }, { DeleteRequest: { Key: b } }] };
    expect(await needed('BatchWriteItem', { RequestItems })).toEqual([
      { action: 'dynamodb:BatchWriteItem', resourceArn: ARN, conditionKeys: keys('a', 'b') },
    ]);
    const TransactItems = [
      { Put: { TableName: 'orders', Item: a } },
      { ConditionCheck: { TableName: 'orders', Key: b } },
    ];
    expect(await needed('TransactWriteItems', { TransactItems })).toEqual([
      { action: 'dynamodb:PutItem', resourceArn: ARN, conditionKeys: keys('a') },
      { action: 'dynamodb:ConditionCheckItem', resourceArn: ARN, conditionKeys: keys('b') },
    ]);
  });

  test("the table's own policy goes along", async () => {
    const db = database();
    await db.table({ ResourcePolicy: '{"Statement":[]}' });
    expect(db.dynamodb.authorization?.('GetItem', { TableName: 'orders', Key: a })).toEqual([
      expect.objectContaining({ resourcePolicy: '{"Statement":[]}' }),
    ]);
  });
});

test('metrics carry table and operation', async () => {
  const db = database();
  await db.table();
  const samples: MetricSample[] = [];
  db.context.metrics.observe((sample) => samples.push(sample));
  await put(db, { pk: { S: 'a' } });
  await db.refusal('PutItem', {
    TableName: 'orders',
    Item: { pk: { S: 'a' } },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  const named = (name: string) => samples.filter((sample) => sample.name === name);
  expect(named('ConsumedWriteCapacityUnits')).toHaveLength(2);
  expect(named('SuccessfulRequestLatency')).toEqual([
    expect.objectContaining({
      namespace: 'AWS/DynamoDB',
      unit: 'Milliseconds',
      dimensions: { TableName: 'orders', Operation: 'PutItem' },
    }),
  ]);
  expect(named('ConditionalCheckFailedRequests')).toEqual([
    expect.objectContaining({ dimensions: { TableName: 'orders' }, value: 1 }),
  ]);
});

test('tables, items, streams and time to live outlive the process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-dynamodb-'));
  try {
    const first = database({ state: openStateStore(directory) });
    await first.table({ StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } });
    await first.call('UpdateTimeToLive', {
      TableName: 'orders',
      TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    });
    const expires = { N: String(first.clock.now() / 1000 + 60) };
    await put(first, { pk: { S: 'a' }, v: { N: '1' } }, { pk: { S: 'gone' } }, { pk: { S: 'b' }, expires });
    await first.call('DeleteItem', { TableName: 'orders', Key: { pk: { S: 'gone' } } });
    first.context.state.close();

    const second = database({ state: openStateStore(directory) });
    expect(second.dynamodb.item('orders', { pk: { S: 'a' } })).toEqual({ pk: { S: 'a' }, v: { N: '1' } });
    expect(second.dynamodb.items('orders').length).toBe(2);
    const arn = second.dynamodb.table('orders').streamArn ?? '';
    const shard = second.streams.shards(arn)[0]?.ShardId ?? '';
    const start = second.streams.position(arn, shard, { type: 'TRIM_HORIZON' });
    expect(second.streams.read(arn, shard, start, 10).records.length).toBe(4);
    await second.clock.advance(120_000);
    expect(second.streams.read(arn, shard, start, 10).records.length).toBe(5);
    second.context.state.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});
