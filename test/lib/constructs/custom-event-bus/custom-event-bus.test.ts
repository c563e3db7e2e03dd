import { describe, expect, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import * as z from 'zod/mini';
import {
  AlertTopic,
  CUSTOM_EVENT_BUS_REGIONS,
  EventTopic,
  MessageBus,
  QueueConsumer,
  topologyOf,
} from '../../../../lib/constructs/index.ts';
import { event } from '../../../../lib/contracts/index.ts';
import {
  codesOf,
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  propertiesOf,
  reference,
  statementsOf,
  StockReserved,
  testApp,
} from '../support.ts';
import type { QueueConsumerProps } from '../../../../lib/constructs/index.ts';
import type { Statement } from '../support.ts';
import { encryptedApp, ENV, orderedApp, severalStacksApp } from './apps.ts';

const SUBSCRIBER = 'AWS::EventsV2::Subscriber';
const BUS_ARN = { 'Fn::GetAtt': [expect.stringMatching(/^BusCustomEventBus/), 'EventBusArn'] };

function stackIn(region: string | undefined): Stack {
  const stack = new Stack(
    testApp(),
    'Test',
    region === undefined ? {} : { env: { account: '000000000000', region } },
  );
  new AlertTopic(stack, 'Alerts');
  return stack;
}

/** The logical ids of the subscribers that the subscriber waits for. */
function waitsFor(template: Template, prefix: string): string[] {
  const subscribers = template.findResources(SUBSCRIBER) as Record<string, { DependsOn: string[] }>;
  const found = Object.entries(subscribers).find(([id]) => id.startsWith(prefix));
  return found![1].DependsOn.filter((id) => id in subscribers);
}

describe('MessageBus of type custom', () => {
  test('keeps events as long as the archive would, and has neither archive nor rules', () => {
    const template = Template.fromStack(orderedApp().stack);

    expect(propertiesOf(template, 'AWS::EventsV2::EventBus', 'BusCustomEventBus')).toEqual({
      Name: 'Events-Bus-407D6324',
      StorageConfiguration: { RetentionPeriodInDays: 7 },
    });
    for (const type of ['AWS::Events::EventBus', 'AWS::Events::Archive', 'AWS::Events::Rule']) {
      template.resourceCountIs(type, 0);
    }
  });

  test('D15 keeps events for a day where nothing is said, and says so', () => {
    const stack = stackIn('eu-west-1');
    new MessageBus(stack, 'Bus', { busType: 'custom', description: 'between services' });

    expect(propertiesOf(Template.fromStack(stack), 'AWS::EventsV2::EventBus', 'Bus')).toMatchObject({
      Description: 'between services',
      StorageConfiguration: { RetentionPeriodInDays: 1 },
    });
  });

  test('D8 a FIFO subscriber puts the event group and the eventId on the message', () => {
    const template = Template.fromStack(orderedApp().stack);

    const subscriber = propertiesOf(template, SUBSCRIBER, 'Fulfilment');
    expect(subscriber).toMatchObject({
      EventBusArn: BUS_ARN,
      Type: 'FIFO',
      StartingPosition: 'LATEST',
      FilterConfiguration: {
        Language: 'EVENT_BRIDGE_PATTERN',
        Filters: [
          {
            Scope: 'SYSTEM_METADATA',
            Pattern: '{"aws:Source":["orders"],"aws:DetailType":["OrderPlaced","OrderCancelled"]}',
          },
        ],
      },
      InvokeConfiguration: {
        TargetArn: reference('FulfilmentQueue'),
        RoleArn: reference('FulfilmentFromBusDeliveryRole'),
        SqsParameters: {
          MessageGroupId: '{% $events.SystemMetadata.EventGroupId %}',
          MessageDeduplicationId: '{% $events.Data.detail.eventId %}',
        },
      },
      LogConfiguration: { Level: 'OFF' },
    });
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'FulfilmentQueue')).toMatchObject({ FifoQueue: true });
  });

  test('D8 an unordered subscriber makes the queue a fair one, by tenant', () => {
    const template = Template.fromStack(orderedApp().stack);

    expect(propertiesOf(template, SUBSCRIBER, 'Audit')).toMatchObject({
      Type: 'UNORDERED',
      InvokeConfiguration: { SqsParameters: { MessageGroupId: '{% $events.Data.detail.tenantId %}' } },
    });
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'AuditQueue')['FifoQueue']).toBeUndefined();
  });

  test('D14 D15 retries are said, and what is given up has a queue of the type that the subscriber needs', () => {
    const template = Template.fromStack(orderedApp().stack);

    for (const consumer of ['Fulfilment', 'Audit']) {
      expect(propertiesOf(template, SUBSCRIBER, consumer)).toMatchObject({
        RetryPolicy: { MaxRetryAttempts: 185, MaxEventAgeInSeconds: 86_400, RetryStrategy: 'ALL' },
        OnFailureConfiguration: { Arn: reference(`${consumer}FromBusDeadLetterQueue`) },
        BatchConfiguration: { MaxBatchSize: 10, MaxBatchWindowInSeconds: 0 },
      });
    }
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'FulfilmentFromBusDeadLetterQueue')).toMatchObject({
      FifoQueue: true,
      ContentBasedDeduplication: true,
      MessageRetentionPeriod: 1_209_600,
    });
    expect(
      propertiesOf(template, 'AWS::SQS::Queue', 'AuditFromBusDeadLetterQueue')['FifoQueue'],
    ).toBeUndefined();
  });

  test('the role of a delivery may send to the queue and to its dead letters, and nothing else', () => {
    const template = Template.fromStack(orderedApp().stack);

    expect(statementsOf(template, 'AuditFromBusDeliveryRole')).toEqual([
      {
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Resource: expect.arrayContaining([reference('AuditQueue'), reference('AuditFromBusDeadLetterQueue')]),
      },
    ]);
    expect(
      propertiesOf(template, 'AWS::IAM::Role', 'AuditFromBusDeliveryRole')['AssumeRolePolicyDocument'],
    ).toMatchObject({ Statement: [{ Principal: { Service: 'events.amazonaws.com' } }] });
  });

  test('a subscriber waits for the policy of its role, and for the subscriber before it', () => {
    const template = Template.fromStack(orderedApp().stack);

    expect(waitsFor(template, 'FulfilmentFromBus')).toEqual([]);
    expect(waitsFor(template, 'AuditFromBus')).toEqual([expect.stringMatching(/^FulfilmentFromBus/)]);
    const { DependsOn } = Object.values(
      template.findResources(SUBSCRIBER, { Properties: { Type: 'FIFO' } }),
    )[0] as unknown as { DependsOn: string[] };
    expect(DependsOn).toContainEqual(expect.stringMatching(/^FulfilmentFromBusDeliveryRoleDefaultPolicy/));
  });

  test('across stacks the stacks wait for each other, in the order of their first consumers', () => {
    const { app, consumers } = severalStacksApp();
    const assembly = app.synth();

    const [billing, shipping] = consumers;
    const names = (name: string) => assembly.getStackByName(name).dependencies.map(({ id }) => id);
    expect(names(shipping!.stackName)).toContain(billing!.artifactId);
    expect(names(billing!.stackName)).not.toContain(shipping!.artifactId);
    const template = Template.fromStack(billing!);
    expect(waitsFor(template, 'BillingFirst')).toEqual([]);
    expect(waitsFor(template, 'BillingSecond')).toEqual([expect.stringMatching(/^BillingFirst/)]);
  });

  test('stacks that refer to each other keep their order, whatever the consumers came in', () => {
    const app = testApp();
    const events = new Stack(app, 'Events', { env: ENV });
    new AlertTopic(events, 'Alerts');
    const bus = new MessageBus(events, 'Bus', { busType: 'custom' });
    const [early, late] = ['Early', 'Late'].map((id) => new Stack(app, id, { env: ENV }));
    const topic = new EventTopic(late!, 'Orders', { service: Orders, publishes: [OrderCancelled] });
    new QueueConsumer(early!, 'First', {
      entry: ENTRY,
      subscribesTo: [bus.event(OrderPlaced), topic.event(OrderCancelled)],
    });
    new QueueConsumer(late!, 'Second', { entry: ENTRY, subscribesTo: [bus.event(OrderPlaced)] });
    const assembly = app.synth();

    const dependencies = (name: string) => assembly.getStackByName(name).dependencies.map(({ id }) => id);
    expect(dependencies('Early')).toContain('Late');
    expect(dependencies('Late')).not.toContain('Early');
  });

  test('several sources are one subscriber, each with its own events, and tenants are looked for in the envelope', () => {
    const template = Template.fromStack(encryptedApp().stack);

    expect(propertiesOf(template, SUBSCRIBER, 'BillingFromBus')['FilterConfiguration']).toEqual({
      Language: 'EVENT_BRIDGE_PATTERN',
      Filters: [
        {
          Scope: 'SYSTEM_METADATA',
          Pattern:
            '{"$or":[{"aws:Source":["orders"],"aws:DetailType":["OrderPlaced"]},{"aws:Source":["inventory"],"aws:DetailType":["StockReserved"]}]}',
        },
        { Scope: 'DATA', Pattern: '{"detail":{"tenantId":["acme","globex"]}}' },
      ],
    });
  });

  test('all tenants but some', () => {
    const stack = stackIn('us-east-1');
    const bus = new MessageBus(stack, 'Bus', { busType: 'custom' });
    new QueueConsumer(stack, 'Pool', {
      entry: ENTRY,
      subscribesTo: [bus.event(OrderPlaced, { exceptTenants: ['acme'] })],
    });

    expect(propertiesOf(Template.fromStack(stack), SUBSCRIBER, 'Pool')['FilterConfiguration']).toMatchObject({
      Filters: [
        { Scope: 'SYSTEM_METADATA' },
        { Scope: 'DATA', Pattern: '{"detail":{"tenantId":[{"anything-but":["acme"]}]}}' },
      ],
    });
  });

  test('publishers get the action on the bus, and on its key only by way of EventBridge and for this bus', () => {
    const template = Template.fromStack(encryptedApp().stack);
    const busArns = 'arn:aws:events:us-east-1:000000000000:event-busv2/Events-Bus-407D6324/*';
    const context = { 'kms:EncryptionContext:aws:events:event-busv2:arn': busArns };

    expect(statementsOf(template, 'StockRole').slice(1)).toEqual([
      { Effect: 'Allow', Action: 'events:PutEvents', Resource: BUS_ARN },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: reference('Key'),
        Condition: {
          StringEquals: { 'kms:ViaService': 'events.us-east-1.amazonaws.com' },
          StringLike: context,
        },
      },
    ]);
    const { KeyPolicy } = propertiesOf(template, 'AWS::KMS::Key', 'Key') as {
      KeyPolicy: { Statement: Statement[] };
    };
    expect(KeyPolicy.Statement).toContainEqual({
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: [
        'kms:Decrypt',
        'kms:Encrypt',
        'kms:GenerateDataKeyWithoutPlaintext',
        'kms:ReEncryptFrom',
        'kms:ReEncryptTo',
      ],
      Resource: '*',
      Condition: {
        StringEquals: { 'aws:SourceAccount': '000000000000' },
        ArnLike: { 'aws:SourceArn': busArns },
        StringLike: context,
      },
    });
  });

  test('a delivery to a queue under a key may use the key', () => {
    const template = Template.fromStack(encryptedApp().stack);

    expect(statementsOf(template, 'BillingFromBusDeliveryRole')[1]).toEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: reference('Key'),
    });
  });

  test('an imported key: what it has to allow is said', () => {
    const stack = stackIn('us-east-1');
    const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:us-east-1:000000000000:key/1');
    new MessageBus(stack, 'Bus', { busType: 'custom', encryptionKey });

    Annotations.fromStack(stack).hasWarning('/Test/Bus', Match.stringLikeRegexp('kms:ReEncryptTo'));
  });

  test('D14 three alarms per subscriber, whose dimensions are ARNs', () => {
    const template = Template.fromStack(orderedApp().stack);

    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
      .map((alarm) => (alarm as { Properties: Record<string, unknown> }).Properties)
      .filter(({ Namespace }) => Namespace === 'AWS/EventsV2');
    expect(alarms).toHaveLength(6);
    for (const alarm of alarms) {
      expect(alarm['Dimensions']).toEqual([
        { Name: 'EventBus', Value: BUS_ARN },
        { Name: 'Subscriber', Value: { 'Fn::GetAtt': [expect.any(String), 'SubscriberArn'] } },
      ]);
    }
    // Milliseconds: a quarter of an hour.
    expect(alarms.find(({ MetricName }) => MetricName === 'ApproximateBacklogAge')).toMatchObject({
      Threshold: 900_000,
    });
  });

  test('the topology has the same edges as of a classic bus', () => {
    const { app } = encryptedApp();
    app.synth();
    const { nodes, edges } = topologyOf(app);

    expect(nodes.find(({ id }) => id === 'Events/Bus')).toMatchObject({
      kind: 'bus',
      resourceType: 'AWS::EventsV2::EventBus',
      physicalName: 'Events-Bus-407D6324',
    });
    expect(edges.filter(({ kind }) => kind === 'routes')).toEqual([
      {
        kind: 'routes',
        from: 'Events/Bus',
        to: 'Events/Billing/Queue',
        via: 'Events/Billing/FromBus',
        events: ['OrderPlaced'],
        pattern: {
          source: ['orders'],
          'detail-type': ['OrderPlaced'],
          detail: { tenantId: ['acme', 'globex'] },
        },
        inputPath: '$.detail',
      },
      expect.objectContaining({ via: 'Events/Billing/FromBus', events: ['StockReserved'] }),
    ]);
    expect(edges).toContainEqual({
      kind: 'deadLetters',
      hop: 'rule',
      from: 'Events/Billing/FromBus',
      to: 'Events/Billing/FromBusDeadLetterQueue',
      attempts: 185,
    });
    expect(edges).toContainEqual({
      kind: 'archives',
      from: 'Events/Bus',
      to: 'Events/Bus',
      retentionDays: 1,
    });
    expect(edges).toContainEqual(
      expect.objectContaining({ kind: 'publishes', from: 'Events/Api', to: 'Events/Bus' }),
    );
  });
});

describe('where the Region has no Custom Event Bus', () => {
  test('it is a classic bus, with a warning', () => {
    const stack = stackIn('eu-west-2');
    const bus = new MessageBus(stack, 'Bus', { busType: 'custom', archiveRetention: Duration.days(7) });

    expect(bus.busType).toBe('classic');
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Events::EventBus', 1);
    template.resourceCountIs('AWS::EventsV2::EventBus', 0);
    expect(propertiesOf(template, 'AWS::Events::Archive', 'Bus')).toMatchObject({ RetentionDays: 7 });
    Annotations.fromStack(stack).hasWarning('/Test/Bus', Match.stringLikeRegexp('eu-west-2 had no Custom'));
  });

  test('a Region that got it later is added by the context', () => {
    const app = testApp({ 'waybill:customEventBusRegions': ['eu-west-2'] });
    const stack = new Stack(app, 'Test', { env: { account: '1', region: 'eu-west-2' } });

    expect(new MessageBus(stack, 'Bus', { busType: 'custom' }).busType).toBe('custom');
  });

  test('a Region known only at deployment: what was asked for, with a warning', () => {
    const stack = stackIn(undefined);

    expect(new MessageBus(stack, 'Bus', { busType: 'custom' }).busType).toBe('custom');
    Annotations.fromStack(stack).hasWarning('/Test/Bus', Match.stringLikeRegexp('known only at deployment'));
  });

  test('nothing asked for is a classic bus, in every Region', () => {
    for (const region of CUSTOM_EVENT_BUS_REGIONS.regions) {
      expect(new MessageBus(stackIn(region), 'Bus').busType).toBe('classic');
    }
  });

  test('WAYBILL_BUS_TO_FIFO_QUEUE: order is not lost in silence', () => {
    const stack = stackIn('eu-west-2');
    const bus = new MessageBus(stack, 'Bus', { busType: 'custom' });

    expect(
      codesOf(
        () =>
          new QueueConsumer(stack, 'Consumer', {
            entry: ENTRY,
            subscribesTo: [bus.event(OrderPlaced, { fifo: true })],
          }),
      ),
    ).toEqual(['WAYBILL_BUS_TO_FIFO_QUEUE']);
  });
});

describe('what a bus of type custom refuses', () => {
  test.each([
    ['WAYBILL_RETENTION_OUT_OF_RANGE', { archiveRetention: Duration.days(366) }],
    ['WAYBILL_RETENTION_OUT_OF_RANGE', { archiveRetention: Duration.hours(36) }],
    ['WAYBILL_BUS_LOG_LEVEL_UNSUPPORTED', { logLevel: 'error' as const }],
    ['WAYBILL_BUS_NAME_INVALID', { eventBusName: 'orders/prod' }],
    ['WAYBILL_BUS_NAME_INVALID', { eventBusName: '-orders' }],
  ])('%s', (code, props) => {
    expect(
      codesOf(() => new MessageBus(stackIn('us-east-1'), 'Bus', { busType: 'custom', ...props })),
    ).toEqual([code]);
  });

  test('all of it at once', () => {
    expect(
      codesOf(
        () =>
          new MessageBus(stackIn('us-east-1'), 'Bus', {
            busType: 'custom',
            archiveRetention: Duration.days(400),
            logLevel: 'trace',
            eventBusName: '',
          }),
      ),
    ).toEqual([
      'WAYBILL_RETENTION_OUT_OF_RANGE',
      'WAYBILL_BUS_LOG_LEVEL_UNSUPPORTED',
      'WAYBILL_BUS_NAME_INVALID',
    ]);
  });

  test('WAYBILL_FIFO_MIXED: one consumer takes all in order, or nothing', () => {
    const stack = stackIn('us-east-1');
    const bus = new MessageBus(stack, 'Bus', { busType: 'custom' });
    const topic = new EventTopic(stack, 'Orders', {
      service: Orders,
      publishes: [OrderPlaced],
      fifo: true,
    });

    const consume = (id: string, subscribesTo: QueueConsumerProps['subscribesTo']) =>
      codesOf(() => new QueueConsumer(stack, id, { entry: ENTRY, subscribesTo }));
    expect(consume('A', [topic.event(OrderPlaced), bus.event(StockReserved)])).toEqual([
      'WAYBILL_FIFO_MIXED',
    ]);
    expect(consume('B', [bus.event(OrderPlaced, { fifo: true }), bus.event(StockReserved)])).toEqual([
      'WAYBILL_FIFO_MIXED',
    ]);
    expect(consume('C', [topic.event(OrderPlaced), bus.event(StockReserved, { fifo: true })])).toEqual([]);
  });

  test('WAYBILL_SUBSCRIBER_FILTER_TOO_LARGE', () => {
    const stack = stackIn('us-east-1');
    const bus = new MessageBus(stack, 'Bus', { busType: 'custom' });
    const many = Array.from({ length: 40 }, (_, index) =>
      event(`Event${'x'.repeat(95)}${index}`, { version: '1.0', source: 'orders', data: z.object({}) }),
    );
    const consume = (id: string, count: number) =>
      codesOf(
        () =>
          new QueueConsumer(stack, id, {
            entry: ENTRY,
            subscribesTo: many.slice(0, count).map((contract) => bus.event(contract)),
          }),
      );

    expect(consume('Few', 38)).toEqual([]);
    expect(consume('Many', 40)).toEqual(['WAYBILL_SUBSCRIBER_FILTER_TOO_LARGE']);
  });

  test('WAYBILL_CUSTOM_EVENT_BUS_ELSEWHERE: a consumer in another Region or account', () => {
    const app = testApp();
    const events = new Stack(app, 'Events', { env: ENV });
    const bus = new MessageBus(events, 'Bus', { busType: 'custom' });
    const elsewhere = new Stack(app, 'Elsewhere', { env: { ...ENV, region: 'eu-west-1' } });

    expect(
      codesOf(
        () =>
          new QueueConsumer(elsewhere, 'Consumer', {
            entry: ENTRY,
            subscribesTo: [bus.event(OrderPlaced)],
          }),
      ),
    ).toEqual(['WAYBILL_CUSTOM_EVENT_BUS_ELSEWHERE']);
  });
});
