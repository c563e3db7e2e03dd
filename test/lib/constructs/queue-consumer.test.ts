import { describe, expect, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { EventTopic, MessageBus, MessagingKey, QueueConsumer } from '../../../lib/constructs/index.ts';
import {
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  propertiesOf,
  queuePolicyOf,
  reference,
  statementsOf,
  StockReserved,
  testApp,
  testStack,
} from './support.ts';
import { service } from '../../../lib/contracts/index.ts';

describe('one topic, one event', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const consumer = new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced)],
    entry: ENTRY,
  });
  const template = Template.fromStack(stack);

  test('the queue has a dead-letter queue that keeps messages longer and takes them from this queue alone', () => {
    const queue = propertiesOf(template, 'AWS::SQS::Queue', 'FulfilmentQueue');
    expect(queue).toMatchObject({
      QueueName: expect.stringMatching(/^Test-Fulfilment-/),
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 180,
      MessageRetentionPeriod: 345_600,
      ReceiveMessageWaitTimeSeconds: 20,
      RedrivePolicy: { maxReceiveCount: 5, deadLetterTargetArn: reference('FulfilmentDeadLetterQueue') },
    });

    const deadLetters = propertiesOf(template, 'AWS::SQS::Queue', 'FulfilmentDeadLetterQueue');
    expect(deadLetters).toMatchObject({
      MessageRetentionPeriod: 1_209_600,
      RedriveAllowPolicy: { redrivePermission: 'byQueue' },
    });
    expect(JSON.stringify(deadLetters['RedriveAllowPolicy'])).toContain(`:${String(queue['QueueName'])}`);
  });

  test('SNS may deliver to the queue and to the dead-letter queue of the subscription, for this topic alone', () => {
    for (const prefix of ['FulfilmentQueuePolicy', 'FulfilmentFromOrdersDeadLetterQueuePolicy']) {
      const allowed = queuePolicyOf(template, prefix).filter(({ Effect }) => Effect === 'Allow');
      expect(allowed).toHaveLength(1);
      expect(allowed[0]).toMatchObject({
        Action: 'sqs:SendMessage',
        Principal: { Service: 'sns.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': { Ref: expect.stringMatching(/^OrdersTopic/) } } },
      });
    }
  });

  test('every queue refuses to talk without TLS', () => {
    for (const policy of Object.keys(template.findResources('AWS::SQS::QueuePolicy'))) {
      expect(queuePolicyOf(template, policy)).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      );
    }
    template.resourceCountIs('AWS::SQS::QueuePolicy', 3);
  });

  test('the subscription is raw, filters on the event type, has its own dead letters and waits for the policies', () => {
    template.hasResource('AWS::SNS::Subscription', {
      Properties: {
        Protocol: 'sqs',
        RawMessageDelivery: true,
        FilterPolicy: { eventType: ['OrderPlaced'] },
        FilterPolicyScope: Match.absent(),
        RedrivePolicy: {
          deadLetterTargetArn: {
            'Fn::GetAtt': [Match.stringLikeRegexp('^FulfilmentFromOrdersDeadLetterQueue'), 'Arn'],
          },
        },
      },
      DependsOn: Match.arrayWith([
        Match.stringLikeRegexp('^FulfilmentFromOrdersDeadLetterQueuePolicy'),
        Match.stringLikeRegexp('^FulfilmentQueuePolicy'),
      ]),
    });
  });

  test('D3 the mapping reports failures of single messages and is limited in concurrency', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: 0,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
  });

  test('the function is told its queue, its dead-letter queue and their limits', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      LoggingConfig: {
        LogFormat: 'JSON',
        LogGroup: { Ref: Match.stringLikeRegexp('^FulfilmentHandlerLog') },
      },
      Environment: {
        Variables: {
          WAYBILL_ENVIRONMENT: 'local',
          WAYBILL_CONSUMER: 'fulfilment',
          WAYBILL_QUEUE_URL: { Ref: Match.stringLikeRegexp('^FulfilmentQueue') },
          WAYBILL_DEAD_LETTER_QUEUE_URL: { Ref: Match.stringLikeRegexp('^FulfilmentDeadLetterQueue') },
          WAYBILL_MAX_RECEIVE_COUNT: '5',
          WAYBILL_VISIBILITY_TIMEOUT_SECONDS: '180',
        },
      },
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  });

  test('the role may do this and nothing else', () => {
    const role = propertiesOf(template, 'AWS::IAM::Role', 'FulfilmentHandlerRole');
    expect(role['ManagedPolicyArns']).toBeUndefined();
    expect(statementsOf(template, 'FulfilmentHandlerRole')).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: reference('FulfilmentHandlerLog'),
      },
      {
        Effect: 'Allow',
        Action: [
          'sqs:ChangeMessageVisibility',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          'sqs:ReceiveMessage',
        ],
        Resource: reference('FulfilmentQueue'),
      },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: reference('FulfilmentDeadLetterQueue') },
    ]);
  });

  test('D14 each hop has an alarm with an action', () => {
    const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).toSorted()).toEqual([
      'FulfilmentAgeAlarm',
      'FulfilmentBacklogAlarm',
      'FulfilmentDeadLetterAlarm',
      'FulfilmentFromOrdersDeadLetterAlarm',
      'FulfilmentHandlerDurationAlarm',
      'FulfilmentHandlerErrorsAlarm',
      'FulfilmentHandlerThrottlesAlarm',
      'FulfilmentInFlightAlarm',
      'OrdersFailedAlarm',
      'OrdersInvalidAttributesAlarm',
      'OrdersLostAlarm',
    ]);
    const acts = { AlarmActions: [{ Ref: expect.stringMatching(/^AlertsTopic/) }] };
    const { AlarmRule } = propertiesOf(
      template,
      'AWS::CloudWatch::CompositeAlarm',
      'FulfilmentUnhealthyAlarm',
    );
    for (const [id, alarm] of alarms) {
      expect(alarm['Properties']).toMatchObject({ TreatMissingData: 'notBreaching' });
      if (!JSON.stringify(AlarmRule).includes(id)) expect(alarm['Properties']).toMatchObject(acts);
      else expect(alarm['Properties']).not.toHaveProperty('AlarmActions');
    }
    expect(
      propertiesOf(template, 'AWS::CloudWatch::CompositeAlarm', 'FulfilmentUnhealthyAlarm'),
    ).toMatchObject(acts);
    expect(propertiesOf(template, 'AWS::CloudWatch::Alarm', 'FulfilmentDeadLetterAlarm')).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
      EvaluationPeriods: 1,
      Period: 60,
      Statistic: 'Maximum',
    });
  });

  test('everything is reachable', () => {
    expect(consumer.consumerName).toBe('fulfilment');
    expect(consumer.subscriptions).toHaveLength(1);
    expect(consumer.rules).toHaveLength(0);
    expect(consumer.deliveryDeadLetterQueues).toHaveLength(1);
    expect(consumer.alarms).toHaveLength(9);
    expect(consumer.function).toBe(consumer.handler.function);
    expect(consumer.eventSourceMapping.eventSourceMappingId).toBeDefined();
  });
});

test('events of one topic share a subscription, events of several topics get one each, for named tenants', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const inventory = new EventTopic(stack, 'Inventory', {
    service: service('inventory'),
    publishes: [StockReserved],
  });

  const tenants = ['acme', 'globex'];
  new QueueConsumer(stack, 'Both', {
    subscribesTo: [
      orders.event(OrderPlaced, { tenants }),
      orders.event(OrderCancelled, { tenants }),
      inventory.events(),
    ],
    entry: ENTRY,
  });

  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::SNS::Subscription', 2);
  expect(propertiesOf(template, 'AWS::SNS::Subscription', 'BothFromOrders')['FilterPolicy']).toEqual({
    eventType: ['OrderPlaced', 'OrderCancelled'],
    tenantId: ['acme', 'globex'],
  });
  expect(
    propertiesOf(template, 'AWS::SNS::Subscription', 'BothFromInventory')['FilterPolicy'],
  ).toBeUndefined();
  const allowed = queuePolicyOf(template, 'BothQueuePolicy').filter(({ Effect }) => Effect === 'Allow');
  expect(allowed).toHaveLength(1);
  expect(allowed[0]?.Condition).toEqual({
    ArnEquals: {
      'aws:SourceArn': [
        { Ref: expect.stringMatching(/^OrdersTopic/) },
        { Ref: expect.stringMatching(/^InventoryTopic/) },
      ],
    },
  });
});

test('a rule per bus and source: its pattern lets no other combination through', () => {
  const stack = testStack();
  const bus = new MessageBus(stack, 'Bus');

  const consumer = new QueueConsumer(stack, 'Audit', {
    subscribesTo: [bus.event(OrderPlaced), bus.event(OrderCancelled), bus.event(StockReserved)],
    entry: ENTRY,
  });

  const template = Template.fromStack(stack);
  expect(consumer.rules).toHaveLength(2);
  expect(propertiesOf(template, 'AWS::Events::Rule', 'AuditFromBusOrders')).toMatchObject({
    EventBusName: { Ref: expect.stringMatching(/^Bus/) },
    EventPattern: { source: ['orders'], 'detail-type': ['OrderPlaced', 'OrderCancelled'] },
    Targets: [
      {
        Arn: reference('AuditQueue'),
        InputPath: '$.detail',
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        DeadLetterConfig: { Arn: reference('AuditFromBusOrdersDeadLetterQueue') },
      },
    ],
  });
  expect(propertiesOf(template, 'AWS::Events::Rule', 'AuditFromBusInventory')['EventPattern']).toEqual({
    source: ['inventory'],
    'detail-type': ['StockReserved'],
  });
  expect(queuePolicyOf(template, 'AuditQueuePolicy')).toContainEqual(
    expect.objectContaining({
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Principal: { Service: 'events.amazonaws.com' },
      Condition: {
        ArnEquals: { 'aws:SourceArn': [reference('AuditFromBusOrders'), reference('AuditFromBusInventory')] },
      },
    }),
  );
  expect(queuePolicyOf(template, 'AuditFromBusOrdersDeadLetterQueuePolicy')).toContainEqual(
    expect.objectContaining({
      Principal: { Service: 'events.amazonaws.com' },
      Condition: { ArnEquals: { 'aws:SourceArn': reference('AuditFromBusOrders') } },
    }),
  );
  expect(propertiesOf(template, 'AWS::CloudWatch::Alarm', 'AuditFromBusOrdersFailedAlarm')).toMatchObject({
    MetricName: 'FailedInvocations',
    Namespace: 'AWS/Events',
    Dimensions: [
      { Name: 'EventBusName', Value: { Ref: expect.stringMatching(/^Bus/) } },
      {
        Name: 'RuleName',
        Value: { 'Fn::Select': [2, { 'Fn::Split': ['/', reference('AuditFromBusOrders')] }] },
      },
    ],
  });
});

test('a FIFO topic makes FIFO queues with a lane per group, and no batching window', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced], fifo: true });

  new QueueConsumer(stack, 'Ledger', { subscribesTo: [orders.event(OrderPlaced)], entry: ENTRY });

  const template = Template.fromStack(stack);
  for (const prefix of ['LedgerQueue', 'LedgerDeadLetterQueue', 'LedgerFromOrdersDeadLetterQueue']) {
    expect(propertiesOf(template, 'AWS::SQS::Queue', prefix)).toMatchObject({
      FifoQueue: true,
      ContentBasedDeduplication: false,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
  }
  expect(propertiesOf(template, 'AWS::SQS::Queue', 'LedgerQueue')).toMatchObject({
    QueueName: expect.stringMatching(/\.fifo$/),
    RedrivePolicy: { maxReceiveCount: 10 },
  });
  expect(
    propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'LedgerMapping')[
      'MaximumBatchingWindowInSeconds'
    ],
  ).toBeUndefined();
});

test('W2 one key for topic, queues and rule, in its own stack: no circular dependency, every delivery may use it', () => {
  const app = testApp();
  const foundation = new Stack(app, 'Foundation');
  const key = new MessagingKey(foundation, 'Key');
  const bus = new MessageBus(foundation, 'Bus', {
    encryptionKey: key,
    archiveRetention: Duration.days(1),
    alarms: 'none',
  });
  const system = new Stack(app, 'System');
  const orders = new EventTopic(system, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced],
    encryptionKey: key,
  });
  new QueueConsumer(system, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
    encryptionKey: key,
    alarms: 'none',
  });

  // Both throw on a cycle within a stack; between stacks CDK throws at synth.
  const template = Template.fromStack(system);
  Template.fromStack(foundation);
  expect(foundation.dependencies).toEqual([]);
  const queues = Object.values(template.findResources('AWS::SQS::Queue'));
  expect(queues).toHaveLength(4);
  for (const queue of queues) expect(queue['Properties']).toHaveProperty('KmsMasterKeyId');
  expect(statementsOf(template, 'FulfilmentHandlerRole')).toContainEqual(
    expect.objectContaining({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'] }),
  );
});

test("alarms: 'none' refuses them all; without it and without an alert topic synth is refused", () => {
  const silent = new Stack(testApp(), 'Silent');
  const quiet = new EventTopic(silent, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  new QueueConsumer(silent, 'Fulfilment', { subscribesTo: [quiet.events()], entry: ENTRY, alarms: 'none' });
  Template.fromStack(silent).resourceCountIs('AWS::CloudWatch::Alarm', 0);

  const unheard = new Stack(testApp(), 'Unheard');
  const orders = new EventTopic(unheard, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  new QueueConsumer(unheard, 'Fulfilment', { subscribesTo: [orders.events()], entry: ENTRY });
  expect(() => Template.fromStack(unheard)).toThrow(/WAYBILL_ALERT_TOPIC_MISSING/);
});

test('two consumers of one name are refused: they would share an inbox', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  const props = { subscribesTo: [orders.events()], entry: ENTRY, consumerName: 'audit' };
  new QueueConsumer(stack, 'One', props);
  new QueueConsumer(stack, 'Two', props);

  expect(() => Template.fromStack(stack)).toThrow(
    /WAYBILL_CONSUMER_NAME_TAKEN.*'audit', which Test\/One has/,
  );
});

test('in a VPC the role may manage network interfaces, outside it may not', () => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
  new QueueConsumer(stack, 'Inside', {
    subscribesTo: [orders.events()],
    entry: ENTRY,
    vpc: new Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false }),
  });
  new QueueConsumer(stack, 'Outside', { subscribesTo: [orders.events()], entry: ENTRY });

  const template = Template.fromStack(stack);
  const wildcards = (role: string) => statementsOf(template, role).filter(({ Resource }) => Resource === '*');
  expect(wildcards('InsideHandlerRole')).toHaveLength(1);
  expect(wildcards('OutsideHandlerRole')).toHaveLength(0);
});
