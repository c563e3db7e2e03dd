import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  AlertTopic,
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  QueueConsumer,
} from '../../../lib/constructs/index.ts';
import { service } from '../../../lib/contracts/index.ts';
import {
  codesOf,
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  propertiesOf,
  queuePolicyOf,
  statementsOf,
  StockReserved,
  testApp,
  testStack,
} from './support.ts';
import type { Statement } from './support.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

const keyStatements = (template: Template): Statement[] =>
  Object.values(template.findResources('AWS::KMS::Key')).flatMap(
    (key) =>
      (key as { Properties: { KeyPolicy: { Statement: Statement[] } } }).Properties.KeyPolicy.Statement,
  );

/** Of each statement with an id: principal, actions, condition. */
function usesOf(template: Template, key: string): Record<string, readonly unknown[]> {
  const { Statement: statements } = propertiesOf(template, 'AWS::KMS::Key', key)['KeyPolicy'] as {
    Statement: Statement[];
  };
  return Object.fromEntries(
    statements.flatMap(({ Sid, Principal, Action, Condition }) =>
      Sid === undefined ? [] : [[Sid, [(Principal as { Service: string }).Service, Action, Condition]]],
    ),
  );
}

/** A stack whose account and Region are known, with an alert topic. */
function environmentStack(): Stack {
  const stack = new Stack(testApp(), 'Test', { env: { account: '111111111111', region: 'us-east-1' } });
  new AlertTopic(stack, 'Alerts');
  return stack;
}

describe('EventTopic', () => {
  test('W14 the policy refuses plain HTTP and keeps the account in', () => {
    const stack = testStack();
    new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });

    const { PolicyDocument } = propertiesOf(
      Template.fromStack(stack),
      'AWS::SNS::TopicPolicy',
      'OrdersTopicPolicy',
    ) as { PolicyDocument: { Statement: Statement[] } };
    expect(PolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Effect: 'Allow',
        Action: expect.arrayContaining(['sns:Publish', 'sns:Subscribe']),
        Principal: { AWS: expect.anything() },
      }),
      expect.objectContaining({
        Effect: 'Deny',
        Action: 'sns:Publish',
        Principal: { AWS: '*' },
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ]);
  });

  test('a standard topic signs with version 2 and is not encrypted unless a key is given', () => {
    const stack = testStack();
    new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });

    const topic = propertiesOf(Template.fromStack(stack), 'AWS::SNS::Topic', 'OrdersTopic');
    expect(topic).toEqual({ SignatureVersion: '2' });
  });

  test('D8 a FIFO topic never deduplicates by content, and counts its throughput per message group', () => {
    const stack = testStack();
    new EventTopic(stack, 'Orders', {
      service: Orders,
      publishes: [OrderPlaced],
      fifo: true,
      topicName: 'orders',
    });

    expect(propertiesOf(Template.fromStack(stack), 'AWS::SNS::Topic', 'OrdersTopic')).toMatchObject({
      FifoTopic: true,
      TopicName: 'orders.fifo',
      ContentBasedDeduplication: false,
      FifoThroughputScope: 'MessageGroup',
    });
  });

  test('a publisher gets its actions on the topic and its key, and its runtime the route', () => {
    const stack = testStack();
    const key = new MessagingKey(stack, 'Key');
    const orders = new EventTopic(stack, 'Orders', {
      service: Orders,
      publishes: [OrderPlaced, OrderCancelled],
      encryptionKey: key,
    });
    new EventFunction(stack, 'Api', { entry: ENTRY, service: Orders, publishesTo: [orders] });

    const template = Template.fromStack(stack);
    expect(statementsOf(template, 'ApiRole').slice(1)).toEqual([
      { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: expect.stringMatching(/^OrdersTopic/) } },
      {
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
      },
    ]);
    const { Environment } = propertiesOf(template, 'AWS::Lambda::Function', 'ApiFunction') as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toEqual({
      WAYBILL_ENVIRONMENT: 'local',
      WAYBILL_SERVICE: 'orders',
      WAYBILL_PUBLISH_ROUTES: {
        'Fn::Join': [
          '',
          [
            '[{"source":"orders","target":"',
            { Ref: expect.stringMatching(/^OrdersTopic/) },
            '","events":["OrderPlaced","OrderCancelled"]}]',
          ],
        ],
      },
    });
  });

  test.each([
    ['WAYBILL_NOTHING_PUBLISHED', { publishes: [] }],
    ['WAYBILL_EVENT_SOURCE_MISMATCH', { publishes: [OrderPlaced, StockReserved] }],
    ['WAYBILL_DUPLICATE_EVENT', { publishes: [OrderPlaced, OrderPlaced] }],
  ])('%s', (code, props) => {
    const stack = testStack();
    expect(codesOf(() => new EventTopic(stack, 'Topic', { service: Orders, ...props }))).toEqual([code]);
  });
});

describe('MessageBus', () => {
  test('with a key the bus has dead letters that are not under that key, and a policy that lets EventBridge put them there', () => {
    const stack = testStack();
    const key = new MessagingKey(stack, 'Key');
    new MessageBus(stack, 'Bus', {
      encryptionKey: key,
      archiveRetention: Duration.days(7),
      logLevel: 'error',
      description: 'between services',
    });

    const template = Template.fromStack(stack);
    const keyArn = { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] };
    expect(propertiesOf(template, 'AWS::Events::EventBus', 'Bus')).toEqual({
      Name: expect.stringMatching(/^Test-Bus-/),
      Description: 'between services',
      KmsKeyIdentifier: keyArn,
      LogConfig: { Level: 'ERROR', IncludeDetail: 'NONE' },
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^BusDeadLetterQueue/), 'Arn'] } },
    });
    expect(propertiesOf(template, 'AWS::Events::Archive', 'BusArchive')).toMatchObject({
      KmsKeyIdentifier: keyArn,
      RetentionDays: 7,
    });
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'BusDeadLetterQueue')).toMatchObject({
      SqsManagedSseEnabled: true,
      RedriveAllowPolicy: { redrivePermission: 'denyAll' },
    });
    expect(queuePolicyOf(template, 'BusDeadLetterQueuePolicy')).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: {
          ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [expect.stringMatching(/^Bus/), 'Arn'] } },
        },
      }),
    );
    template.resourceCountIs('AWS::CloudWatch::Alarm', 1);
  });

  test('without a key there is no dead-letter queue, and without a retention no archive', () => {
    const stack = testStack();
    const bus = new MessageBus(stack, 'Bus');

    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::SQS::Queue', 0);
    template.resourceCountIs('AWS::Events::Archive', 0);
    expect([bus.archive, bus.deadLetterQueue]).toEqual([undefined, undefined]);
  });

  test('a publisher may put events on this bus, and its runtime knows which of which source', () => {
    const stack = testStack();
    const bus = new MessageBus(stack, 'Bus');
    new EventFunction(stack, 'Api', {
      entry: ENTRY,
      publishesTo: [bus.publishing([OrderPlaced, StockReserved])],
    });

    const template = Template.fromStack(stack);
    const busArn = { 'Fn::GetAtt': [expect.stringMatching(/^Bus/), 'Arn'] };
    expect(statementsOf(template, 'ApiRole')[1]).toEqual({
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Resource: busArn,
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          WAYBILL_SERVICE: 'api',
          WAYBILL_PUBLISH_ROUTES: {
            'Fn::Join': [
              '',
              [
                '[{"source":"orders","target":"',
                Match.anyValue(),
                '","events":["OrderPlaced"]},{"source":"inventory","target":"',
                Match.anyValue(),
                '","events":["StockReserved"]}]',
              ],
            ],
          },
        },
      },
    });
  });

  test('two environments of one account do not share a bus name', () => {
    const app = testApp();
    const stacks = ['dev', 'prod'].map(
      (environment) => new Stack(app, environment, { stackName: `waybill-${environment}` }),
    );
    for (const stack of stacks) new MessageBus(stack, 'Bus');

    const names = stacks.map(
      (stack) => propertiesOf(Template.fromStack(stack), 'AWS::Events::EventBus', 'Bus')['Name'],
    );
    expect(new Set(names).size).toBe(2);
  });
});

describe('keys', () => {
  test('a messaging key rotates, is retained, and lets no service use it before an edge needs it', () => {
    const stack = testStack();
    new MessagingKey(stack, 'Key', { alias: 'messaging' });

    const template = Template.fromStack(stack);
    template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain' });
    template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/messaging' });
    expect(propertiesOf(template, 'AWS::KMS::Key', 'Key')['EnableKeyRotation']).toBe(true);
    expect(usesOf(template, 'Key')).toEqual({});
  });

  test('W22 each use of a key has its statement, its actions and its sources, and no other use is let in', () => {
    const stack = environmentStack();
    const topicKey = new MessagingKey(stack, 'TopicKey');
    const busKey = new MessagingKey(stack, 'BusKey');
    const ruleKey = new MessagingKey(stack, 'RuleKey');
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    const bus = new MessageBus(stack, 'Bus', {
      eventBusName: 'shared',
      encryptionKey: busKey,
      archiveRetention: Duration.days(1),
    });
    for (const [id, key, source] of [
      ['One', topicKey, orders.events()],
      ['Two', ruleKey, bus.event(StockReserved)],
    ] as const) {
      new QueueConsumer(stack, id, { subscribesTo: [source], entry: ENTRY, encryptionKey: key });
    }

    const template = Template.fromStack(stack);
    const delivery = ['kms:Decrypt', 'kms:GenerateDataKey'];
    const StringEquals = { 'aws:SourceAccount': '111111111111' };
    const from = (...sourceArns: string[]) => ({
      StringEquals,
      ArnLike: { 'aws:SourceArn': sourceArns.length === 1 ? sourceArns[0] : sourceArns },
    });
    const bus1 = 'arn:aws:events:us-east-1:111111111111:event-bus/shared';
    expect(usesOf(template, 'TopicKey')).toEqual({
      DeliverFromTopics: ['sns.amazonaws.com', delivery, from('arn:aws:sns:us-east-1:111111111111:*')],
    });
    expect(usesOf(template, 'RuleKey')).toEqual({
      DeliverFromBuses: [
        'events.amazonaws.com',
        delivery,
        from('arn:aws:events:us-east-1:111111111111:rule/shared/*'),
      ],
    });
    expect(usesOf(template, 'BusKey')).toEqual({
      EncryptBus: [
        'events.amazonaws.com',
        ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
        from(bus1),
      ],
      EncryptArchive: [
        'events.amazonaws.com',
        ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
        from(bus1, 'arn:aws:events:us-east-1:111111111111:archive/*'),
      ],
    });
  });

  test('two buses to one queue are two sources of one statement', () => {
    const stack = environmentStack();
    const key = new MessagingKey(stack, 'Key');
    const subscribesTo = ['First', 'Second'].map((id) =>
      new MessageBus(stack, id, { eventBusName: id }).event(StockReserved),
    );
    new QueueConsumer(stack, 'One', { subscribesTo, entry: ENTRY, encryptionKey: key });

    expect(usesOf(Template.fromStack(stack), 'Key')['DeliverFromBuses']?.[2]).toMatchObject({
      ArnLike: {
        'aws:SourceArn': ['First', 'Second'].map(
          (name) => `arn:aws:events:us-east-1:111111111111:rule/${name}/*`,
        ),
      },
    });
  });

  test('the data key of an encrypted queue is used again for an hour, or as long as is said', () => {
    const stack = testStack();
    const key = new MessagingKey(stack, 'Key');
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    for (const [id, more] of [
      ['Usual', {}],
      ['Said', { dataKeyReuse: Duration.minutes(5) }],
    ] as const) {
      new QueueConsumer(stack, id, {
        subscribesTo: [orders.events()],
        entry: ENTRY,
        encryptionKey: key,
        ...more,
      });
    }

    const periods = Object.entries(Template.fromStack(stack).findResources('AWS::SQS::Queue')).map(
      ([id, queue]) => [
        id.startsWith('Usual'),
        (queue as { Properties: Record<string, unknown> }).Properties['KmsDataKeyReusePeriodSeconds'],
      ],
    );
    expect(periods).toHaveLength(6);
    for (const [usual, period] of periods) expect(period).toBe(usual === true ? 3600 : 300);
  });

  test.each([
    [Duration.seconds(59), ['WAYBILL_DATA_KEY_REUSE_OUT_OF_RANGE']],
    [Duration.seconds(60), []],
    [Duration.hours(24), []],
    [Duration.hours(25), ['WAYBILL_DATA_KEY_REUSE_OUT_OF_RANGE']],
  ])('a data key is used again for a minute to a day: %s', (dataKeyReuse, codes) => {
    const stack = testStack();
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    const encryptionKey = new MessagingKey(stack, 'Key');
    const subscribesTo = [orders.events()];
    expect(
      codesOf(
        () => new QueueConsumer(stack, 'C', { subscribesTo, entry: ENTRY, encryptionKey, dataKeyReuse }),
      ),
    ).toEqual(codes);
  });

  test('one key for topic and queue, for bus and archive, in one stack: no circular dependency', () => {
    const stack = testStack();
    const key = new MessagingKey(stack, 'Key');
    const orders = new EventTopic(stack, 'Orders', {
      service: Orders,
      publishes: [OrderPlaced],
      encryptionKey: key,
    });
    const bus = new MessageBus(stack, 'Bus', { encryptionKey: key, archiveRetention: Duration.days(1) });
    new QueueConsumer(stack, 'Fulfilment', {
      subscribesTo: [orders.events(), bus.event(StockReserved)],
      entry: ENTRY,
      encryptionKey: key,
    });

    // Throws "undeployable, these resources have a dependency cycle" on a cycle.
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('W2 a plain CDK key is told once per service; no cycle either', () => {
    const stack = new Stack(testApp(), 'Test');
    const key = new Key(stack, 'Key');
    const orders = new EventTopic(stack, 'Orders', {
      service: Orders,
      publishes: [OrderPlaced],
      encryptionKey: key,
    });
    for (const id of ['One', 'Two']) {
      new QueueConsumer(stack, id, {
        subscribesTo: [orders.events()],
        entry: ENTRY,
        encryptionKey: key,
        alarms: 'none',
      });
    }

    const services = keyStatements(Template.fromStack(stack)).filter(({ Sid }) => Sid !== undefined);
    expect(services.map(({ Sid }) => Sid)).toEqual(['DeliverFromTopics']);
  });

  test('W4 an imported key cannot be repaired, so the user is told once what it must allow', () => {
    const stack = new Stack(testApp(), 'Test');
    const key = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:111122223333:key/0c1d');
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    for (const id of ['One', 'Two']) {
      new QueueConsumer(stack, id, {
        subscribesTo: [orders.events()],
        entry: ENTRY,
        encryptionKey: key,
        alarms: 'none',
      });
    }

    jest.spyOn(console, 'error').mockImplementation(() => undefined);
    const warnings = Annotations.fromStack(stack).findWarning('*', Match.anyValue());
    expect(warnings.map(({ entry }) => entry.data)).toEqual([
      expect.stringContaining('sns.amazonaws.com kms:Decrypt, kms:GenerateDataKey'),
    ]);
  });
});

describe('AlertTopic', () => {
  test('W8 CloudWatch may publish to it: topic policy and key policy name it, for alarms of this account', () => {
    const stack = new Stack(testApp(), 'Test');
    new AlertTopic(stack, 'Alerts', { emails: ['first@example.com', 'second@example.com'] });

    const template = Template.fromStack(stack);
    const conditions = {
      StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
      ArnLike: { 'aws:SourceArn': { 'Fn::Join': ['', expect.arrayContaining([':alarm:*'])] } },
    };
    const { PolicyDocument } = propertiesOf(template, 'AWS::SNS::TopicPolicy', 'Alerts') as {
      PolicyDocument: { Statement: Statement[] };
    };
    expect(PolicyDocument.Statement).toContainEqual(
      expect.objectContaining({
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: conditions,
      }),
    );
    expect(keyStatements(template)).toContainEqual(
      expect.objectContaining({ Principal: { Service: 'cloudwatch.amazonaws.com' }, Condition: conditions }),
    );
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    template.resourceCountIs('AWS::SNS::Subscription', 2);
  });

  test('it is found in the stack, else as the only one of the application; several are ambiguous', () => {
    const app = testApp();
    const [first, second, third] = ['First', 'Second', 'Third'].map((id) => new Stack(app, id));
    const alerts = new AlertTopic(first!, 'Alerts');
    expect(AlertTopic.of(second!)).toBe(alerts.topic);

    const other = new AlertTopic(second!, 'Alerts');
    expect(AlertTopic.of(second!)).toBe(other.topic);
    expect(AlertTopic.of(third!)).toBeUndefined();
  });

  test('an alarm finds a topic that is made after it, and a given one goes first', () => {
    const stack = new Stack(testApp(), 'Test');
    new EventFunction(stack, 'Early', { entry: ENTRY });
    const elsewhere = new Stack(stack.node.root as Stack, 'Elsewhere');
    const given = new AlertTopic(elsewhere, 'Given');
    new EventFunction(stack, 'Late', { entry: ENTRY, alertTopic: given.topic });
    new AlertTopic(stack, 'Alerts');

    const template = Template.fromStack(stack);
    expect(propertiesOf(template, 'AWS::CloudWatch::Alarm', 'EarlyErrorsAlarm')['AlarmActions']).toEqual([
      { Ref: expect.stringMatching(/^AlertsTopic/) },
    ]);
    expect(propertiesOf(template, 'AWS::CloudWatch::Alarm', 'LateErrorsAlarm')['AlarmActions']).toEqual([
      { 'Fn::GetStackOutput': expect.objectContaining({ StackName: 'Elsewhere' }) },
    ]);
  });
});

test('grants work for principals that are not ours', () => {
  const stack = testStack();
  const inventory = new EventTopic(stack, 'Inventory', {
    service: service('inventory'),
    publishes: [StockReserved],
  });
  const task = new Role(stack, 'Task', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });

  inventory.grants.publish(task);

  expect(statementsOf(Template.fromStack(stack), 'Task')).toEqual([
    { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: expect.stringMatching(/^InventoryTopic/) } },
  ]);
});
