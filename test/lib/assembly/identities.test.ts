/** Names and ARNs of every type that carries messages, in AWS's form, and how they are found again. */
import { describe, expect, test } from '@jest/globals';
import {
  assemblyOf,
  formatArn,
  messagingOf,
  parseArn,
  partitionOf,
  queueArnOf,
} from '../../../lib/assembly/index.ts';
import type { Assembly, Template } from '../../../lib/assembly/index.ts';

const place = { account: '111111111111', region: 'eu-west-1' };

function assembly(resources: Record<string, object>, region = place.region): Assembly {
  return assemblyOf([
    { stackName: 'Shop', ...place, region, template: { Resources: resources } as unknown as Template },
  ]);
}

const IN = 'eu-west-1:111111111111';

test.each<[string, object, string, string]>([
  [
    'AWS::SQS::Queue',
    {},
    `https://sqs.eu-west-1.amazonaws.com/111111111111/Shop-X`,
    `arn:aws:sqs:${IN}:Shop-X`,
  ],
  [
    'AWS::SQS::Queue',
    { FifoQueue: true },
    'https://sqs.eu-west-1.amazonaws.com/111111111111/Shop-X.fifo',
    `arn:aws:sqs:${IN}:Shop-X.fifo`,
  ],
  [
    'AWS::SQS::Queue',
    { QueueName: 'a.fifo', FifoQueue: 'true' },
    'https://sqs.eu-west-1.amazonaws.com/111111111111/a.fifo',
    `arn:aws:sqs:${IN}:a.fifo`,
  ],
  ['AWS::SNS::Topic', { TopicName: 'orders' }, `arn:aws:sns:${IN}:orders`, `arn:aws:sns:${IN}:orders`],
  ['AWS::Events::EventBus', { Name: 'shop' }, 'shop', `arn:aws:events:${IN}:event-bus/shop`],
  ['AWS::Events::Rule', {}, 'Shop-X', `arn:aws:events:${IN}:rule/Shop-X`],
  ['AWS::Events::Rule', { EventBusName: 'shop', Name: 'r' }, 'shop|r', `arn:aws:events:${IN}:rule/shop/r`],
  [
    'AWS::Events::Rule',
    { EventBusName: `arn:aws:events:${IN}:event-bus/shop`, Name: 'r' },
    'shop|r',
    `arn:aws:events:${IN}:rule/shop/r`,
  ],
  ['AWS::Lambda::Function', {}, 'Shop-X', `arn:aws:lambda:${IN}:function:Shop-X`],
  [
    'AWS::Lambda::Version',
    { FunctionName: 'f' },
    `arn:aws:lambda:${IN}:function:f:1`,
    `arn:aws:lambda:${IN}:function:f:1`,
  ],
  [
    'AWS::Lambda::Alias',
    { FunctionName: 'f', Name: 'live' },
    `arn:aws:lambda:${IN}:function:f:live`,
    `arn:aws:lambda:${IN}:function:f:live`,
  ],
  ['AWS::IAM::Role', { RoleName: 'r', Path: '/service/' }, 'r', 'arn:aws:iam::111111111111:role/service/r'],
  [
    'AWS::IAM::ManagedPolicy',
    {},
    'arn:aws:iam::111111111111:policy/Shop-X',
    'arn:aws:iam::111111111111:policy/Shop-X',
  ],
  ['AWS::KMS::Key', {}, 'Shop-X', `arn:aws:kms:${IN}:key/Shop-X`],
  ['AWS::KMS::Alias', { AliasName: 'alias/orders' }, 'alias/orders', `arn:aws:kms:${IN}:alias/orders`],
  ['AWS::DynamoDB::Table', {}, 'Shop-X', `arn:aws:dynamodb:${IN}:table/Shop-X`],
  ['AWS::Kinesis::Stream', {}, 'Shop-X', `arn:aws:kinesis:${IN}:stream/Shop-X`],
  [
    'AWS::StepFunctions::StateMachine',
    {},
    `arn:aws:states:${IN}:stateMachine:Shop-X`,
    `arn:aws:states:${IN}:stateMachine:Shop-X`,
  ],
  ['AWS::Logs::LogGroup', { LogGroupName: '/a' }, '/a', `arn:aws:logs:${IN}:log-group:/a:*`],
  ['AWS::S3::Bucket', {}, 'shop-x', 'arn:aws:s3:::shop-x'],
  ['AWS::Scheduler::Schedule', { GroupName: 'g' }, 'Shop-X', `arn:aws:scheduler:${IN}:schedule/g/Shop-X`],
  ['AWS::Pipes::Pipe', {}, 'Shop-X', `arn:aws:pipes:${IN}:pipe/Shop-X`],
  ['AWS::CloudWatch::Alarm', {}, 'Shop-X', `arn:aws:cloudwatch:${IN}:alarm:Shop-X`],
  ['AWS::New::Thing', {}, 'Shop-X', `arn:aws:new:${IN}:Shop-X`],
])('%s %j', (type, properties, ref, arn) => {
  const [resource] = assembly({ X: { Type: type, Properties: properties } }).resources;

  expect(resource).toMatchObject({ ref, arn });
});

test('a queue whose name only AWS knows still has one that is its own', () => {
  const [resource] = assembly({
    X: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::ImportValue': 'name' } } },
  }).resources;

  expect(resource?.arn).toBe(`arn:aws:sqs:${IN}:Shop-X`);
});

test('partitions', () => {
  expect(partitionOf('cn-north-1')).toBe('aws-cn');
  expect(partitionOf('us-gov-west-1')).toBe('aws-us-gov');
  expect(assembly({ X: { Type: 'AWS::SQS::Queue' } }, 'cn-north-1').resources[0]?.arn).toMatch(
    /^arn:aws-cn:sqs:/,
  );
});

describe('a queue in China', () => {
  test('has a URL of its partition, by which its policy finds it', () => {
    const { queues } = messagingOf(
      assembly(
        {
          Queue: { Type: 'AWS::SQS::Queue' },
          Policy: {
            Type: 'AWS::SQS::QueuePolicy',
            Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: { Statement: [{ Effect: 'Allow' }] } },
          },
        },
        'cn-north-1',
      ),
    );

    expect(queues[0]?.url).toBe('https://sqs.cn-north-1.amazonaws.com.cn/111111111111/Shop-Queue');
    expect(queues[0]?.policies).toHaveLength(1);
  });
});

describe('ARNs', () => {
  test('are taken apart and put together', () => {
    const arn = `arn:aws:sqs:${IN}:orders`;
    expect(parseArn(arn)).toEqual({
      partition: 'aws',
      service: 'sqs',
      region: 'eu-west-1',
      accountId: '111111111111',
      resource: 'orders',
    });
    expect(formatArn('sqs', { accountId: '111111111111', region: 'eu-west-1' }, 'orders')).toBe(arn);
    expect(parseArn('orders')).toBeUndefined();
    expect(parseArn('')).toBeUndefined();
  });

  test('of queues by their URL', () => {
    expect(queueArnOf('https://sqs.eu-west-1.amazonaws.com/111111111111/orders')).toBe(
      `arn:aws:sqs:${IN}:orders`,
    );
    expect(queueArnOf('https://example.com/orders')).toBeUndefined();
  });
});

describe('what is found', () => {
  const found = assembly({
    Fn: { Type: 'AWS::Lambda::Function' },
    Queue: { Type: 'AWS::SQS::Queue' },
    Key: { Type: 'AWS::KMS::Key' },
    Alias: { Type: 'AWS::KMS::Alias', Properties: { AliasName: 'alias/a', TargetKeyId: { Ref: 'Key' } } },
  });
  const messaging = messagingOf(found);

  test('a function by version, alias and name; a queue by ARN and URL; a key by id, ARN and alias', () => {
    const fn = messaging.functions[0];
    for (const name of [fn?.arn, `${fn?.arn}:live`, `${fn?.arn}:1`, fn?.name]) {
      expect(messaging.function(name)).toBe(fn);
    }
    const queue = messaging.queues[0];
    for (const name of [queue?.arn, queue?.url]) expect(messaging.queue(name)).toBe(queue);
    const key = messaging.keys[0];
    for (const name of [key?.arn, key?.id, 'alias/a', `arn:aws:kms:${IN}:alias/a`]) {
      expect(messaging.key(name)).toBe(key);
    }
  });

  test('nothing by what is no name', () => {
    for (const name of [undefined, null, 5, {}, '', 'alias/aws/sqs']) {
      expect(messaging.queue(name)).toBeUndefined();
      expect(messaging.key(name)).toBeUndefined();
      expect(found.find(name)).toBeUndefined();
    }
  });
});
