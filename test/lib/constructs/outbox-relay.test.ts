import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  OutboxRelay,
  topologyOf,
} from '../../../lib/constructs/index.ts';
import type { OutboxRelayProps } from '../../../lib/constructs/index.ts';
import {
  aDatabase,
  codesOf,
  ENTRY,
  OrderPlaced,
  Orders,
  propertiesOf,
  reference,
  statementsOf,
  StockReserved,
  testStack,
} from './support.ts';

describe('a relay and a writer', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const bus = new MessageBus(stack, 'Bus');
  const relay = new OutboxRelay(stack, 'OrdersRelay', {
    database: aDatabase(stack),
    publishesTo: [orders, bus.publishing([OrderPlaced, StockReserved])],
    entry: ENTRY,
  });
  new EventFunction(stack, 'Api', { service: Orders, entry: ENTRY, outbox: relay });
  const template = Template.fromStack(stack);

  test('D11 it looks every minute, with explicit retries and dead letters', () => {
    const schedule = propertiesOf(template, 'AWS::Scheduler::Schedule', 'OrdersRelaySchedule');
    expect(schedule).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: reference('OrdersRelayHandlerFunction'),
        RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 2 },
        DeadLetterConfig: { Arn: reference('OrdersRelayDeadLetterQueue') },
      },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: {
        OnFailure: {
          Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^OrdersRelayDeadLetterQueue'), 'Arn'] },
        },
      },
    });
  });

  test('the scheduler may invoke this function and fill this dead-letter queue, and nobody else may be it', () => {
    expect(statementsOf(template, 'OrdersRelayScheduleRole')).toEqual([
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: reference('OrdersRelayHandlerFunction') },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: reference('OrdersRelayDeadLetterQueue') },
    ]);
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
  });

  test('a nudge wakes it at once, and fails into its own dead-letter queue', () => {
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'OrdersRelayNudgeQueue')).toMatchObject({
      VisibilityTimeout: 330,
      RedrivePolicy: {
        maxReceiveCount: 5,
        deadLetterTargetArn: reference('OrdersRelayNudgeDeadLetterQueue'),
      },
    });
    expect(
      propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'OrdersRelayNudgeMapping'),
    ).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  test('the relay may read the secret, publish where it is told, and read its nudges', () => {
    expect(statementsOf(template, 'OrdersRelayHandlerRole')).toEqual([
      expect.objectContaining({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: { Ref: expect.stringMatching(/^DatabaseSecret/) },
      },
      { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: expect.stringMatching(/^OrdersTopic/) } },
      { Effect: 'Allow', Action: 'events:PutEvents', Resource: reference('Bus') },
      expect.objectContaining({ Resource: reference('OrdersRelayNudgeQueue') }),
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: reference('OrdersRelayDeadLetterQueue') },
    ]);
  });

  test('a writer gets the secret and the nudge, and nothing of the topics', () => {
    const { Environment } = propertiesOf(template, 'AWS::Lambda::Function', 'ApiFunction') as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toEqual({
      WAYBILL_ENVIRONMENT: 'local',
      WAYBILL_SERVICE: 'orders',
      WAYBILL_DATABASE_SECRET_ARN: { Ref: expect.stringMatching(/^DatabaseSecret/) },
      NODE_EXTRA_CA_CERTS: '/var/runtime/ca-cert.pem',
      WAYBILL_OUTBOX_NUDGE_QUEUE_URL: { Ref: expect.stringMatching(/^OrdersRelayNudgeQueue/) },
    });
    expect(statementsOf(template, 'ApiRole').slice(1)).toEqual([
      expect.objectContaining({ Action: 'secretsmanager:GetSecretValue' }),
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: reference('OrdersRelayNudgeQueue') },
    ]);
  });

  test('D14 nudges, schedule and function have their alarms', () => {
    expect(relay.alarms.map(({ node }) => node.path.replace('Test/OrdersRelay/', '')).toSorted()).toEqual([
      'DeadLetterAlarm',
      'DestinationAlarm',
      'DroppedAlarm',
      'Handler/ErrorsAlarm',
      'Handler/RecursionAlarm',
      'Handler/ThrottlesAlarm',
      'LostAlarm',
      'NudgeDeadLetterAlarm',
      'SilentAlarm',
      'ThrottledAlarm',
      'UnhealthyAlarm',
    ]);
  });
});

test('with a key every queue is under it, and all who touch them may use it', () => {
  const stack = testStack();
  const key = new MessagingKey(stack, 'Key');
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const relay = new OutboxRelay(stack, 'Relay', {
    database: aDatabase(stack),
    publishesTo: [orders],
    entry: ENTRY,
    encryptionKey: key,
  });
  new EventFunction(stack, 'Api', { entry: ENTRY, outbox: relay });

  const template = Template.fromStack(stack);
  for (const queue of Object.values(template.findResources('AWS::SQS::Queue'))) {
    expect(queue['Properties']).toHaveProperty('KmsMasterKeyId');
  }
  for (const role of ['RelayHandlerRole', 'RelayScheduleRole', 'ApiRole']) {
    const actions = statementsOf(template, role).flatMap(({ Action }) => Action);
    expect(actions).toEqual(expect.arrayContaining(['kms:Decrypt', 'kms:GenerateDataKey']));
  }
});

test('a secret found by name is granted with the characters that Secrets Manager appends', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  new OutboxRelay(stack, 'Relay', {
    database: { secret: Secret.fromSecretNameV2(stack, 'Secret', 'shared/postgres') },
    publishesTo: [orders],
    entry: ENTRY,
  });

  const statement = statementsOf(Template.fromStack(stack), 'RelayHandlerRole')[1];
  expect(JSON.stringify(statement?.Resource)).toContain('secret:shared/postgres-??????');
});

describe('what is refused', () => {
  test.each<[string, Partial<OutboxRelayProps>]>([
    ['WAYBILL_NOTHING_PUBLISHED', { publishesTo: [] }],
    ['WAYBILL_SCHEDULE_OUT_OF_RANGE', { interval: Duration.seconds(30) }],
    ['WAYBILL_SCHEDULE_OUT_OF_RANGE', { interval: Duration.days(2) }],
    ['WAYBILL_TIMEOUT_OUT_OF_RANGE', { timeout: Duration.minutes(16) }],
  ])('%s %#', (code, props) => {
    const stack = testStack();
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    const create = () =>
      new OutboxRelay(stack, 'Relay', {
        database: aDatabase(stack),
        publishesTo: [orders],
        entry: ENTRY,
        ...props,
      });
    expect(codesOf(create)).toEqual([code]);
  });
});

test('where a Region stands by it is there and off, says so in the topology, and nobody is told of its silence', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  new OutboxRelay(stack, 'Relay', {
    database: aDatabase(stack),
    publishesTo: [orders],
    entry: ENTRY,
    enabled: false,
  });
  const template = Template.fromStack(stack);

  expect(propertiesOf(template, 'AWS::Scheduler::Schedule', 'RelaySchedule')).toMatchObject({
    State: 'DISABLED',
  });
  expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'RelayNudge')).toMatchObject({
    Enabled: false,
  });
  const alarms = Object.keys(template.findResources('AWS::CloudWatch::Alarm'));
  expect(alarms.filter((id) => id.includes('Silent'))).toEqual([]);
  const standing = topologyOf(stack).edges.filter((edge) => 'standby' in edge && edge.standby === true);
  expect(standing.map(({ kind }) => kind).toSorted()).toEqual(['consumes', 'invokes']);
});
