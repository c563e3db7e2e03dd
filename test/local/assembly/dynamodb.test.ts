/** AWS::DynamoDB::* from a template into the embedded AWS, and what an update of the template does. */
import { afterEach, expect, test } from '@jest/globals';

import type { ProviderContext } from '../../../local/assembly/providers/provider.ts';
import { providerOf } from '../../../local/assembly/providers/index.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';
import { rootCaller } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy } from './assembly-under-test.ts';
import type { AwsUnderTest } from './assembly-under-test.ts';

const open: AwsUnderTest[] = [];
afterEach(async () => {
  for (const under of open.splice(0)) await under.close();
});

async function started(): Promise<AwsUnderTest> {
  const under = await awsUnderTest();
  open.push(under);
  return under;
}

const KEYS = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
};
const INDEX = {
  IndexName: 'byGroup',
  KeySchema: [{ AttributeName: 'grp', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
};
const GROUPED = {
  ...KEYS,
  AttributeDefinitions: [...KEYS.AttributeDefinitions, { AttributeName: 'grp', AttributeType: 'S' }],
};

async function described(under: AwsUnderTest, TableName: string): Promise<Record<string, unknown>> {
  const { context, services } = under.aws;
  const answer = (await services.dynamodb.handle('DescribeTable', { TableName }, rootCaller(context))) as {
    Table: Record<string, unknown>;
  };
  return answer.Table;
}

test.each([
  [
    'AWS::DynamoDB::Table',
    {
      ProvisionedThroughput: { ReadCapacityUnits: '2', WriteCapacityUnits: 3 },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: 'true' },
      Tags: [{ Key: 'team', Value: 'orders' }],
    },
  ],
  [
    'AWS::DynamoDB::GlobalTable',
    {
      BillingMode: 'PROVISIONED',
      WriteProvisionedThroughputSettings: {
        WriteCapacityAutoScalingSettings: { MinCapacity: 3, MaxCapacity: 9 },
      },
      Replicas: [
        {
          Region: 'us-east-1',
          ReadProvisionedThroughputSettings: { ReadCapacityUnits: 2 },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          Tags: [{ Key: 'team', Value: 'orders' }],
        },
      ],
    },
  ],
])('%s with its settings', async (Type, more) => {
  const under = await started();
  const template = {
    Resources: {
      Orders: {
        Type,
        Properties: {
          TableName: 'orders',
          ...KEYS,
          StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
          TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
          ...more,
        },
      },
      Queue: {
        Type: 'AWS::SQS::Queue',
        Properties: {
          QueueName: 'shows',
          Tags: [{ Key: 'stream', Value: { 'Fn::GetAtt': ['Orders', 'StreamArn'] } }],
        },
      },
    },
  };

  await deploy(under, { app: { template } });

  const table = await described(under, 'orders');
  expect(table).toMatchObject({
    ProvisionedThroughput: { ReadCapacityUnits: 2, WriteCapacityUnits: 3 },
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  const { dynamodb } = under.aws.services;
  const call = (action: string, input: Record<string, unknown>) =>
    dynamodb.handle(action, input, rootCaller(under.aws.context));
  expect(await call('DescribeTimeToLive', { TableName: 'orders' })).toMatchObject({
    TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED' },
  });
  expect(await call('DescribeContinuousBackups', { TableName: 'orders' })).toMatchObject({
    ContinuousBackupsDescription: {
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
    },
  });
  expect(await call('ListTagsOfResource', { ResourceArn: table['TableArn'] })).toEqual({
    Tags: [{ Key: 'team', Value: 'orders' }],
  });
});

test('an update changes indexes, stream, billing and time to live in place, and keeps the items', async () => {
  const under = await started();
  const { context, services } = under.aws;
  const provider = providerOf('AWS::DynamoDB::Table');
  const providerContext = {
    aws: context,
    generatedName: () => 'orders',
    call: async (_service: string, action: string, input: Record<string, unknown>) =>
      (await services.dynamodb.handle(action, input, rootCaller(context))) as JsonObject,
  } as unknown as ProviderContext;
  const before: JsonObject = {
    ...KEYS,
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
    TimeToLiveSpecification: { AttributeName: 'old', Enabled: true },
    Tags: [{ Key: 'a', Value: '1' }],
  };
  const after: JsonObject = {
    ...GROUPED,
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
    GlobalSecondaryIndexes: [
      { ...INDEX, ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
    ],
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
    DeletionProtectionEnabled: true,
    Tags: [{ Key: 'b', Value: '2' }],
  };
  const created = await provider?.create(before, providerContext);
  if (!created || !provider?.update) throw new Error('no provider');
  services.dynamodb.put('orders', { pk: { S: 'a' }, grp: { S: 'g' } });

  const updated = await provider.update(created, after, before, providerContext);

  expect(updated.physicalId).toBe('orders');
  expect(updated.attributes['StreamArn']).not.toBe(created.attributes['StreamArn']);
  expect(services.dynamodb.items('orders')).toHaveLength(1);
  expect(await described(under, 'orders')).toMatchObject({
    BillingModeSummary: { BillingMode: 'PROVISIONED' },
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
    GlobalSecondaryIndexes: [{ IndexName: 'byGroup', ItemCount: 1 }],
    StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    DeletionProtectionEnabled: true,
  });

  await provider.update(updated, before, after, providerContext);
  expect(await described(under, 'orders')).not.toHaveProperty('GlobalSecondaryIndexes');
  await provider.delete?.(updated, before, providerContext);
  expect(services.dynamodb.tableNames()).toEqual([]);
});
