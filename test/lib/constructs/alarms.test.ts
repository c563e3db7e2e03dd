/** The alarms of every hop: a table of what is watched, when each rises, how urgent it is and who speaks for it. */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import {
  drainableBacklog,
  maxConnections,
  notificationFilter,
  RUNBOOK_BASE_URL_CONTEXT_KEY,
  RUNBOOKS,
} from '../../../lib/constructs/alarms/index.ts';
import {
  accountConcurrency,
  AlertTopic,
  EventFunction,
  EventTopic,
  HopAlarms,
  latency,
  MessageBus,
  MessagingKey,
  OutboxRelay,
  QueueConsumer,
  serverErrors,
  topologyOf,
} from '../../../lib/constructs/index.ts';
import { matchesPattern, SNS_BODY_PROFILE } from '../../../lib/matching/index.ts';
import {
  aDatabase,
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  StockReserved,
  testApp,
  testStack,
} from './support.ts';

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Statistic?: string;
  readonly ExtendedStatistic?: string;
  readonly ComparisonOperator?: string;
  readonly Threshold?: number;
  readonly EvaluationPeriods?: number;
  readonly DatapointsToAlarm?: number;
  readonly Period?: number;
  readonly TreatMissingData?: string;
  readonly AlarmActions?: readonly unknown[];
  readonly OKActions?: readonly unknown[];
  readonly InsufficientDataActions?: readonly unknown[];
  readonly AlarmRule?: unknown;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

/** By path below the stack. */
function alarmsOf(stack: Stack): Map<string, AlarmProperties & { readonly logicalId: string }> {
  const template = Template.fromStack(stack);
  const all = {
    ...template.findResources('AWS::CloudWatch::Alarm'),
    ...template.findResources('AWS::CloudWatch::CompositeAlarm'),
  } as Record<string, { Properties: AlarmProperties }>;
  return new Map(
    Object.entries(all).map(([logicalId, { Properties }]) => [
      Properties.AlarmName.replace('Test/', ''),
      { ...Properties, logicalId },
    ]),
  );
}

/** Everything that has alarms, once. */
function everything(): Stack {
  const stack = testStack();
  const key = new MessagingKey(stack, 'Key');
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const bus = new MessageBus(stack, 'Bus', { encryptionKey: key });
  const relay = new OutboxRelay(stack, 'Relay', { database: aDatabase(stack), publishesTo: [orders] });
  new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
    maxAge: Duration.minutes(5),
    outbox: relay,
  });
  new EventFunction(stack, 'Job', { entry: ENTRY, timeout: Duration.seconds(10) });
  const alarms = new HopAlarms(stack, {});
  const api = new HttpApi(stack, 'Api');
  alarms.add('ServerErrorAlarm', serverErrors(api));
  alarms.add('LatencyAlarm', latency(api));
  alarms.add('AccountConcurrencyAlarm', accountConcurrency(1000));
  return stack;
}

/** Alarm, metric, statistic, compared to what, minutes, severity, runbook, and whether a composite alarm speaks for it. */
const TABLE: readonly [
  string,
  string,
  string,
  string,
  number,
  'critical' | 'warning',
  string,
  'acts' | 'silent',
][] = [
  // A message that has failed for good, at each hop.
  [
    'Fulfilment/DeadLetterAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Maximum',
    '> 0',
    1,
    'critical',
    'dead-letters',
    'acts',
  ],
  [
    'Fulfilment/FromOrdersDeadLetterAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Maximum',
    '> 0',
    1,
    'critical',
    'event-undelivered',
    'acts',
  ],
  [
    'Fulfilment/FromBusInventoryDeadLetterAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Maximum',
    '> 0',
    1,
    'critical',
    'event-undelivered',
    'acts',
  ],
  [
    'Bus/DeadLetterAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Maximum',
    '> 0',
    1,
    'critical',
    'event-undelivered',
    'acts',
  ],
  [
    'Relay/DeadLetterAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Maximum',
    '> 0',
    1,
    'warning',
    'outbox-relay',
    'acts',
  ],
  [
    'Relay/NudgeDeadLetterAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Maximum',
    '> 0',
    1,
    'warning',
    'outbox-relay',
    'acts',
  ],
  // A consumer.
  [
    'Fulfilment/AgeAlarm',
    'SQS ApproximateAgeOfOldestMessage',
    'Maximum',
    '>= 300',
    3,
    'critical',
    'consumer-unhealthy',
    'silent',
  ],
  // 300 and 1 a second, five minutes.
  [
    'Fulfilment/BacklogAlarm',
    'SQS ApproximateNumberOfMessagesVisible',
    'Average',
    '> 90300',
    15,
    'warning',
    'consumer-backlog',
    'acts',
  ],
  [
    'Fulfilment/InFlightAlarm',
    'SQS ApproximateNumberOfMessagesNotVisible',
    'Maximum',
    '>= 108000',
    5,
    'critical',
    'consumer-unhealthy',
    'silent',
  ],
  [
    'Fulfilment/Handler/ErrorsAlarm',
    'Lambda Errors',
    'Sum',
    '> 0',
    3,
    'warning',
    'function-errors',
    'silent',
  ],
  [
    'Fulfilment/Handler/ThrottlesAlarm',
    'Lambda Throttles',
    'Sum',
    '> 0',
    5,
    'warning',
    'function-errors',
    'silent',
  ],
  [
    'Fulfilment/Handler/DurationAlarm',
    'Lambda Duration',
    'p90',
    '>= 27000',
    15,
    'warning',
    'function-errors',
    'acts',
  ],
  [
    'Fulfilment/Handler/RecursionAlarm',
    'Lambda RecursiveInvocationsDropped',
    'Sum',
    '> 0',
    1,
    'critical',
    'recursion',
    'acts',
  ],
  // The paths to it.
  [
    'Orders/FailedAlarm',
    'SNS NumberOfNotificationsFailed',
    'Sum',
    '> 0',
    1,
    'warning',
    'event-undelivered',
    'acts',
  ],
  [
    'Orders/LostAlarm',
    'SNS NumberOfNotificationsFailedToRedriveToDlq',
    'Sum',
    '> 0',
    1,
    'critical',
    'event-lost',
    'acts',
  ],
  [
    'Orders/InvalidAttributesAlarm',
    'SNS NumberOfNotificationsFilteredOut-InvalidAttributes',
    'Sum',
    '> 0',
    1,
    'critical',
    'event-lost',
    'acts',
  ],
  [
    'Fulfilment/FromBusInventoryFailedAlarm',
    'Events FailedInvocations',
    'Sum',
    '> 0',
    1,
    'warning',
    'event-undelivered',
    'acts',
  ],
  [
    'Fulfilment/FromBusInventoryLostAlarm',
    'Events InvocationsFailedToBeSentToDlq',
    'Sum',
    '> 0',
    1,
    'critical',
    'event-lost',
    'acts',
  ],
  [
    'Fulfilment/FromBusInventoryThrottledAlarm',
    'Events ThrottledRules',
    'Sum',
    '> 0',
    5,
    'warning',
    'event-undelivered',
    'acts',
  ],
  // The relay, which loses nothing: events stay in the outbox.
  ['Relay/Handler/ErrorsAlarm', 'Lambda Errors', 'Sum', '> 0', 3, 'warning', 'function-errors', 'silent'],
  [
    'Relay/Handler/ThrottlesAlarm',
    'Lambda Throttles',
    'Sum',
    '> 0',
    5,
    'warning',
    'function-errors',
    'silent',
  ],
  [
    'Relay/Handler/RecursionAlarm',
    'Lambda RecursiveInvocationsDropped',
    'Sum',
    '> 0',
    1,
    'critical',
    'recursion',
    'acts',
  ],
  [
    'Relay/DroppedAlarm',
    'Scheduler InvocationDroppedCount',
    'Sum',
    '> 0',
    1,
    'warning',
    'outbox-relay',
    'silent',
  ],
  [
    'Relay/LostAlarm',
    'Scheduler InvocationsFailedToBeSentToDeadLetterCount',
    'Sum',
    '> 0',
    1,
    'warning',
    'outbox-relay',
    'acts',
  ],
  [
    'Relay/ThrottledAlarm',
    'Scheduler TargetErrorThrottledCount',
    'Sum',
    '> 0',
    15,
    'warning',
    'outbox-relay',
    'acts',
  ],
  [
    'Relay/DestinationAlarm',
    'Lambda DestinationDeliveryFailures',
    'Sum',
    '> 0',
    1,
    'warning',
    'outbox-relay',
    'acts',
  ],
  ['Relay/SilentAlarm', 'Lambda Invocations', 'Sum', '< 1', 5, 'critical', 'outbox-relay', 'acts'],
  // A function of its own, which nobody speaks for.
  ['Job/ErrorsAlarm', 'Lambda Errors', 'Sum', '> 0', 3, 'warning', 'function-errors', 'acts'],
  ['Job/ThrottlesAlarm', 'Lambda Throttles', 'Sum', '> 0', 5, 'warning', 'function-errors', 'acts'],
  ['Job/DurationAlarm', 'Lambda Duration', 'p90', '>= 9000', 15, 'warning', 'function-errors', 'acts'],
  // The edges.
  ['ServerErrorAlarm', 'ApiGateway 5xx', 'Average', '> 0.05', 3, 'critical', 'http-api', 'acts'],
  ['LatencyAlarm', 'ApiGateway Latency', 'p90', '>= 2500', 5, 'warning', 'http-api', 'acts'],
  [
    'AccountConcurrencyAlarm',
    'Lambda ClaimedAccountConcurrency',
    'Maximum',
    '> 900',
    10,
    'critical',
    'account-concurrency',
    'acts',
  ],
];

const OPERATORS: Readonly<Record<string, string>> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '>=',
  LessThanThreshold: '<',
};

describe('D14 each alarm', () => {
  let stack: Stack;
  let alarms: ReturnType<typeof alarmsOf>;
  beforeAll(() => {
    stack = everything();
    alarms = alarmsOf(stack);
  });

  test.each(TABLE)('%s', (path, metric, statistic, comparison, minutes, severity, runbook, acts) => {
    const alarm = alarms.get(path);

    expect({
      metric: `${alarm?.Namespace?.replace('AWS/', '')} ${alarm?.MetricName}`,
      statistic: alarm?.Statistic ?? alarm?.ExtendedStatistic,
      comparison: `${OPERATORS[alarm?.ComparisonOperator ?? '']} ${alarm?.Threshold}`,
      minutes: ((alarm?.EvaluationPeriods ?? 0) * (alarm?.Period ?? 0)) / 60,
      datapoints: alarm?.DatapointsToAlarm,
      missing: alarm?.TreatMissingData,
    }).toEqual({
      metric,
      statistic,
      comparison,
      minutes,
      datapoints: alarm?.EvaluationPeriods,
      missing: path === 'Relay/SilentAlarm' ? 'missing' : 'notBreaching',
    });
    expect(alarm?.AlarmDescription).toMatch(
      new RegExp(`^${severity.toUpperCase()}: .+\\. Runbook: docs/runbooks/${runbook}\\.md$`),
    );
    const topic = acts === 'acts' ? [{ Ref: expect.stringMatching(/^AlertsTopic/) }] : undefined;
    expect(alarm?.AlarmActions).toEqual(topic);
    expect(alarm?.OKActions).toEqual(topic);
  });

  test('the table is complete', () => {
    expect([...alarms.keys()].toSorted()).toEqual(
      [...TABLE.map(([path]) => path), 'Fulfilment/UnhealthyAlarm', 'Relay/UnhealthyAlarm'].toSorted(),
    );
  });

  test('every dead-letter queue of the template is watched by its visible messages, never by messages sent', () => {
    const watched = [...alarms.values()]
      .filter(
        ({ MetricName, Threshold }) => MetricName === 'ApproximateNumberOfMessagesVisible' && Threshold === 0,
      )
      .map(({ Dimensions }) => (Dimensions![0]!.Value as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0]);
    const queues = Object.keys(Template.fromStack(stack).findResources('AWS::SQS::Queue'));

    expect(watched.toSorted()).toEqual(queues.filter((id) => id.includes('DeadLetterQueue')).toSorted());
    expect([...alarms.values()].map(({ MetricName }) => MetricName)).not.toContain('NumberOfMessagesSent');
  });

  test.each([
    [
      'Fulfilment',
      'consumer-unhealthy',
      ['AgeAlarm', 'InFlightAlarm', 'Handler/ErrorsAlarm', 'Handler/ThrottlesAlarm'],
    ],
    ['Relay', 'outbox-relay', ['DroppedAlarm', 'Handler/ErrorsAlarm', 'Handler/ThrottlesAlarm']],
  ])('%s: one composite alarm speaks for exactly the silent ones, and acts', (path, runbook, symptoms) => {
    const composite = alarms.get(`${path}/UnhealthyAlarm`);

    const named = JSON.stringify(composite?.AlarmRule).matchAll(/"Fn::GetAtt":\["(\w+)","Arn"\]/g);
    expect([...named].map(([, logicalId]) => logicalId)).toEqual(
      symptoms.map((symptom) => alarms.get(`${path}/${symptom}`)?.logicalId),
    );
    expect(JSON.stringify(composite?.AlarmRule).match(/ALARM\(/g)).toHaveLength(symptoms.length);
    expect(composite?.AlarmActions).toEqual([{ Ref: expect.stringMatching(/^AlertsTopic/) }]);
    expect(composite?.AlarmDescription).toMatch(
      new RegExp(`^CRITICAL: ${path.toLowerCase()} is unhealthy.*/${runbook}\\.md$`),
    );
    const silent = [...alarms].filter(
      ([id, { AlarmActions }]) => id.startsWith(path) && AlarmActions === undefined,
    );
    expect(silent.map(([id]) => id).toSorted()).toEqual(
      symptoms.map((symptom) => `${path}/${symptom}`).toSorted(),
    );
  });

  test('a relay that has stopped sends no data at all, and that is told', () => {
    expect(alarms.get('Relay/SilentAlarm')?.InsufficientDataActions).toHaveLength(1);
    const others = [...alarms].filter(([path]) => path !== 'Relay/SilentAlarm');
    for (const [, { InsufficientDataActions }] of others) expect(InsufficientDataActions).toBeUndefined();
  });

  test('descriptions fit into what CloudWatch takes, 1024 characters', () => {
    for (const { AlarmDescription } of alarms.values()) expect(AlarmDescription.length).toBeLessThan(1024);
  });

  test('the topology has an edge for each, with the severity and who speaks for it', () => {
    const edges = topologyOf(stack).edges.filter((edge) => edge.kind === 'alerts');
    const edgeOf = (path: string) => edges.find(({ alarm }) => alarm === `Test/${path}`);

    expect(edges.map(({ alarm }) => alarm.replace('Test/', '')).toSorted()).toEqual(
      // The account is no node.
      TABLE.map(([path]) => path)
        .filter((path) => path !== 'AccountConcurrencyAlarm')
        .toSorted(),
    );
    expect(edgeOf('Fulfilment/AgeAlarm')).toMatchObject({
      from: 'Test/Fulfilment/Queue',
      to: 'Test/Alerts',
      severity: 'critical',
      composite: 'Test/Fulfilment/UnhealthyAlarm',
    });
    expect(edgeOf('Fulfilment/Handler/ErrorsAlarm')?.composite).toBe('Test/Fulfilment/UnhealthyAlarm');
    expect(edgeOf('Fulfilment/DeadLetterAlarm')).not.toHaveProperty('composite');
  });
});

test.each([
  // The peak is faster than ten slots of ten messages that all run into a timeout of 30 seconds: 3.3 a second.
  ['the declared peak', { peakPerSecond: 300 }, 300 * 900],
  ['what runs into the timeout is still handled', { peakPerSecond: 1 }, 3000],
  ['FIFO: slots without groups are none', { peakPerSecond: 1, fifo: true }, 900],
  ['a shorter objective', { peakPerSecond: 300, maxAgeSeconds: 60 }, 300 * 60],
])('a backlog that drains in time: %s', (_name, changes, expected) => {
  const load = {
    peakPerSecond: 1,
    fifo: false,
    batchSize: 10,
    maxConcurrency: 10,
    timeoutSeconds: 30,
    visibilityTimeoutSeconds: 180,
    maxReceiveCount: 5,
    maxAgeSeconds: 900,
  };
  expect(drainableBacklog({ ...load, ...changes })).toBe(expected);
});

test.each([
  [
    'one event a second cannot fill the queue with messages in flight',
    { contract: OrderCancelled, batchSize: 10 },
    false,
  ],
  ['300 a second can, when all fail', { contract: OrderPlaced, batchSize: 10 }, true],
  ['batches of 10,000 can, when all works', { contract: OrderCancelled, batchSize: 10_000 }, true],
])('messages in flight: %s', (_name, { contract, batchSize }, expected) => {
  const stack = testStack();
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(contract)],
    entry: ENTRY,
    batchSize,
    maxConcurrency: 11,
    maxBatchingWindow: Duration.seconds(1),
  });

  expect(alarmsOf(stack).has('Fulfilment/InFlightAlarm')).toBe(expected);
});

test.each([
  [0.5, 1, 225],
  [1, 1, 225],
  [0, 32, 2000],
  [1, 32, 5000],
])('connections of a database of %s to %s capacity units: %s', (minimum, maximum, expected) => {
  expect(maxConnections(minimum, maximum)).toBe(expected);
});

test("alarms: 'none' of a topic, and a consumer without alarms, leave the topic without", () => {
  const stack = testStack();
  const refused = new EventTopic(stack, 'Refused', {
    service: Orders,
    publishes: [OrderPlaced],
    alarms: 'none',
  });
  const unwatched = new EventTopic(stack, 'Unwatched', { service: Orders, publishes: [OrderPlaced] });
  new QueueConsumer(stack, 'One', { subscribesTo: [refused.events()], entry: ENTRY });
  new QueueConsumer(stack, 'Two', { subscribesTo: [unwatched.events()], entry: ENTRY, alarms: 'none' });

  const paths = [...alarmsOf(stack).keys()];
  expect(
    paths.filter(
      (path) => path.startsWith('Refused') || path.startsWith('Unwatched') || path.startsWith('Two'),
    ),
  ).toEqual([]);
});

test('a given topic gets them all, composite alarms too', () => {
  const stack = testStack();
  const alertTopic = new Topic(stack, 'Own');
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced], alertTopic });
  new QueueConsumer(stack, 'Fulfilment', { subscribesTo: [orders.events()], entry: ENTRY, alertTopic });

  for (const { AlarmActions } of alarmsOf(stack).values()) {
    if (AlarmActions !== undefined) expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^Own/) }]);
  }
});

/** Runbooks of what a person decides: no alarm leads there, `waybill region` and `waybill transport` do. */
const WITHOUT_ALARM = ['region-failover', 'transport-migration'];

describe('runbooks', () => {
  test('the base URL of the application is used', () => {
    const stack = new Stack(
      testApp({ [RUNBOOK_BASE_URL_CONTEXT_KEY]: 'https://wiki.example.com/runbooks/' }),
      'Test',
    );
    new AlertTopic(stack, 'Alerts');
    new EventFunction(stack, 'Job', { entry: ENTRY });

    expect(alarmsOf(stack).get('Job/ErrorsAlarm')?.AlarmDescription).toMatch(
      / Runbook: https:\/\/wiki\.example\.com\/runbooks\/function-errors\.md$/,
    );
  });

  test('each is there, says what to do, and no other is', () => {
    expect(readdirSync('docs/runbooks').toSorted()).toEqual(
      [...RUNBOOKS, ...WITHOUT_ALARM].map((name) => `${name}.md`).toSorted(),
    );
    for (const name of RUNBOOKS) {
      const headings = readFileSync(`docs/runbooks/${name}.md`, 'utf8').match(/^## .*$/gm);
      expect({ name, headings }).toEqual({
        name,
        headings: ['## What it means', '## First look', '## Mend', '## Verify'],
      });
    }
  });
});

describe('who is told', () => {
  const matches = (severity: 'critical' | undefined, notification: Record<string, string>) =>
    matchesPattern(
      notificationFilter(severity),
      { AlarmDescription: 'WARNING: it is late.', ...notification },
      SNS_BODY_PROFILE,
    );

  test.each([
    ['it rises', 'OK', 'ALARM', true],
    ['it rises just after the deployment', 'INSUFFICIENT_DATA', 'ALARM', true],
    ['it ends', 'ALARM', 'OK', true],
    ['a relay falls silent', 'OK', 'INSUFFICIENT_DATA', true],
    ['the first OK of what was just deployed', 'INSUFFICIENT_DATA', 'OK', false],
  ])('%s', (_name, OldStateValue, NewStateValue, expected) => {
    expect(matches(undefined, { OldStateValue, NewStateValue })).toBe(expected);
  });

  test('a pager gets critical alarms only', () => {
    const rises = { OldStateValue: 'OK', NewStateValue: 'ALARM' };
    expect(matches('critical', { ...rises, AlarmDescription: 'CRITICAL: it is lost.' })).toBe(true);
    expect(matches('critical', rises)).toBe(false);
  });

  test('the addresses of an AlertTopic are subscribed with these filters', () => {
    const stack = new Stack(testApp(), 'Test');
    new AlertTopic(stack, 'Alerts', { emails: ['team@example.com'], criticalEmails: ['pager@example.com'] });

    const template = Template.fromStack(stack);
    for (const [Endpoint, FilterPolicy] of [
      ['team@example.com', AlertTopic.filterPolicy()],
      ['pager@example.com', AlertTopic.filterPolicy('critical')],
    ]) {
      template.hasResourceProperties('AWS::SNS::Subscription', {
        Endpoint,
        FilterPolicy,
        FilterPolicyScope: 'MessageBody',
      });
    }
  });
});

test('the same construct path in two environments of an account: no two alarms of one name', () => {
  const names = ['dev', 'prod'].map((environment) => {
    const stack = new Stack(testApp(), 'Core', { stackName: `shop-${environment}-core` });
    new AlertTopic(stack, 'Alerts');
    const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    new QueueConsumer(stack, 'Fulfilment', { subscribesTo: [orders.events()], entry: ENTRY });
    return [...alarmsOf(stack).keys()];
  });

  expect(names[0]).toContain('shop-dev-core/Fulfilment/UnhealthyAlarm');
  expect(new Set(names.flat()).size).toBe(names.flat().length);
});

test('a path that is too long for a name still gives names, each its own', () => {
  const stack = new Stack(testApp(), 'S'.repeat(100));
  new AlertTopic(stack, 'Alerts');
  const deep = new Construct(stack, 'A'.repeat(60));
  const orders = new EventTopic(deep, 'O'.repeat(60), { service: Orders, publishes: [OrderPlaced] });
  const consumerName = 'fulfilment';
  new QueueConsumer(deep, 'C'.repeat(90), { subscribesTo: [orders.events()], entry: ENTRY, consumerName });

  const names = [...alarmsOf(stack).values()].map(({ AlarmName }) => AlarmName);
  expect(names.length).toBeGreaterThan(5);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(255);
});
