import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ACCOUNT, ALARM, MINUTE, watched, type Watched } from './harness.ts';

let aws: Watched;
beforeEach(() => {
  aws = watched();
});
afterEach(() => aws.close());

/** A topic whose messages come into a queue as they are; gives topic and queue ARN. */
async function alertTopic(): Promise<{ topicArn: string; inbox: string }> {
  const inbox = await aws.queue('inbox');
  const { TopicArn: topicArn } = (await aws.callOf('sns', 'CreateTopic', { Name: 'alerts' })) as {
    TopicArn: string;
  };
  await aws.callOf('sns', 'Subscribe', {
    TopicArn: topicArn,
    Protocol: 'sqs',
    Endpoint: inbox,
    Attributes: { RawMessageDelivery: 'true' },
  });
  return { topicArn, inbox };
}

const messagesIn = (queueArn: string) =>
  aws.sqs.messages(queueArn).map(({ body }) => JSON.parse(body) as Record<string, unknown>);

test('an alarm begins in INSUFFICIENT_DATA and is evaluated at the end of the minute', async () => {
  await aws.call('PutMetricAlarm', ALARM);
  expect(aws.state('high')).toBe('INSUFFICIENT_DATA');
  await aws.put(6);

  await aws.clock.advance(MINUTE - 1);
  expect(aws.state('high')).toBe('INSUFFICIENT_DATA');
  await aws.clock.advance(1);
  expect(aws.state('high')).toBe('ALARM');
});

test.each([
  ['GreaterThanThreshold', 5, 'OK'],
  ['GreaterThanThreshold', 6, 'ALARM'],
  ['GreaterThanOrEqualToThreshold', 5, 'ALARM'],
  ['LessThanThreshold', 5, 'OK'],
  ['LessThanThreshold', 4, 'ALARM'],
  ['LessThanOrEqualToThreshold', 5, 'ALARM'],
])('%s 5 with %d is %s', async (ComparisonOperator, value, state) => {
  await aws.call('PutMetricAlarm', { ...ALARM, ComparisonOperator });
  await aws.put(value);
  await aws.clock.advance(MINUTE);
  expect(aws.state('high')).toBe(state);
});

test('M of N: 2 of 3 minutes raise it, 1 does not', async () => {
  await aws.call('PutMetricAlarm', { ...ALARM, EvaluationPeriods: 3, DatapointsToAlarm: 2 });
  for (const value of [1, 9, 1]) {
    await aws.put(value);
    await aws.clock.advance(MINUTE);
    expect(aws.state('high')).not.toBe('ALARM');
  }
  await aws.put(9);
  await aws.clock.advance(MINUTE);
  expect(aws.state('high')).toBe('ALARM');
});

test('a period of five minutes slides: it is evaluated each minute over the five before', async () => {
  await aws.call('PutMetricAlarm', { ...ALARM, Statistic: 'Sum', Period: 300 });
  await aws.clock.advance(2 * MINUTE);
  await aws.put(3);
  await aws.clock.advance(MINUTE);
  expect(aws.state('high')).toBe('OK');
  await aws.put(3);
  await aws.clock.advance(MINUTE);
  expect(aws.state('high')).toBe('ALARM');
});

test('a period of 10 seconds is evaluated each 10 seconds', async () => {
  await aws.call('PutMetricAlarm', { ...ALARM, Period: 10 });
  await aws.call('PutMetricData', {
    Namespace: 'test',
    MetricData: [{ MetricName: 'm', Value: 9, StorageResolution: 1 }],
  });
  await aws.clock.advance(10_000);
  expect(aws.state('high')).toBe('ALARM');
});

test('data points from before the alarm was made count', async () => {
  await aws.put(9);
  await aws.clock.advance(MINUTE);
  await aws.call('PutMetricAlarm', ALARM);
  await aws.clock.advance(MINUTE);
  expect(aws.state('high')).toBe('ALARM');
});

test('missing data: after the last data point left the evaluation range, it is treated as the alarm says', async () => {
  const names = ['missing', 'ignore', 'breaching', 'notBreaching'];
  for (const name of names) {
    await aws.call('PutMetricAlarm', { ...ALARM, AlarmName: name, TreatMissingData: name });
  }
  await aws.put(1);
  await aws.clock.advance(MINUTE);
  expect(names.map(aws.state)).toEqual(['OK', 'OK', 'OK', 'OK']);
  await aws.clock.advance(4 * MINUTE);
  expect(names.map(aws.state)).toEqual(['INSUFFICIENT_DATA', 'OK', 'ALARM', 'OK']);
});

test('alarms of AWS/DynamoDB ignore missing data', async () => {
  await aws.call('PutMetricAlarm', { ...ALARM, Namespace: 'AWS/DynamoDB', TreatMissingData: 'breaching' });
  await aws.clock.advance(5 * MINUTE);
  expect(aws.state('high')).toBe('INSUFFICIENT_DATA');
});

test('an alarm on an expression', async () => {
  const stat = (name: string) => ({
    Metric: { Namespace: 'test', MetricName: name },
    Period: 60,
    Stat: 'Sum',
  });
  await aws.call('PutMetricAlarm', {
    AlarmName: 'rate',
    EvaluationPeriods: 1,
    Threshold: 10,
    ComparisonOperator: 'GreaterThanThreshold',
    Metrics: [
      { Id: 'e', Expression: '100 * errors / FILL(calls, 0)' },
      { Id: 'errors', MetricStat: stat('errors'), ReturnData: false },
      { Id: 'calls', MetricStat: stat('calls'), ReturnData: false },
    ],
  });
  await aws.put(1, aws.clock.now(), 'errors');
  await aws.put(5, aws.clock.now(), 'calls');
  await aws.clock.advance(MINUTE);
  expect(aws.state('rate')).toBe('ALARM');
});

test('an expression that fails with its data leaves the alarm without a state, and the others evaluated', async () => {
  await aws.call('PutMetricAlarm', {
    AlarmName: 'broken',
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanThreshold',
    Metrics: [
      { Id: 'e', Expression: 'IF(METRICS(), 1, 0)' },
      {
        Id: 'm1',
        MetricStat: { Metric: { Namespace: 'test', MetricName: 'm' }, Period: 60, Stat: 'Sum' },
        ReturnData: false,
      },
    ],
  });
  await aws.call('PutMetricAlarm', ALARM);
  await aws.put(9);
  await aws.clock.advance(MINUTE);
  expect(aws.monitoring.alarms()).toMatchObject([
    { name: 'broken', state: 'INSUFFICIENT_DATA', reason: expect.stringMatching(/^Evaluation error: IF/) },
    { name: 'high', state: 'ALARM' },
  ]);
});

describe('actions', () => {
  test('run on transitions only, as a notification in CloudWatch’s own JSON', async () => {
    const { topicArn, inbox } = await alertTopic();
    await aws.call('PutMetricAlarm', { ...ALARM, AlarmActions: [topicArn], OKActions: [topicArn] });
    for (const value of [9, 9, 9]) {
      await aws.put(value);
      await aws.clock.advance(MINUTE);
    }
    expect(messagesIn(inbox)).toHaveLength(1);
    expect(messagesIn(inbox)[0]).toMatchObject({
      AlarmName: 'high',
      AWSAccountId: ACCOUNT,
      NewStateValue: 'ALARM',
      OldStateValue: 'INSUFFICIENT_DATA',
      Region: 'US East (N. Virginia)',
      AlarmArn: `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:high`,
      StateChangeTime: '2026-01-01T12:01:00.000+0000',
      NewStateReason:
        'Threshold Crossed: 1 out of the last 1 datapoints [9.0 (01/01/26 12:00:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition).',
      Trigger: { MetricName: 'm', Namespace: 'test', Statistic: 'MAXIMUM', Period: 60, Threshold: 5 },
    });

    await aws.put(1);
    await aws.clock.advance(MINUTE);
    expect(messagesIn(inbox).map(({ NewStateValue }) => NewStateValue)).toEqual(['ALARM', 'OK']);
  });

  test('do not run when they are disabled', async () => {
    const { topicArn, inbox } = await alertTopic();
    await aws.call('PutMetricAlarm', { ...ALARM, AlarmActions: [topicArn] });
    await aws.call('DisableAlarmActions', { AlarmNames: ['high'] });
    await aws.put(9);
    await aws.clock.advance(MINUTE);
    expect(aws.state('high')).toBe('ALARM');
    expect(messagesIn(inbox)).toEqual([]);
  });

  test('the topic must let cloudwatch.amazonaws.com publish for this alarm: a refusal is in the history', async () => {
    const { topicArn, inbox } = await alertTopic();
    const asked: unknown[] = [];
    aws.context.authorizer = {
      authorize(service: string, caller: { service?: string; sourceArn?: string }) {
        asked.push([service, caller.service, caller.sourceArn]);
        throw Object.assign(new Error('no grant'), { name: 'AuthorizationError' });
      },
    } as unknown as NonNullable<typeof aws.context.authorizer>;
    await aws.call('PutMetricAlarm', { ...ALARM, AlarmActions: [topicArn] });
    await aws.put(9);
    await aws.clock.advance(MINUTE);

    const alarmArn = `arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:high`;
    expect(asked).toContainEqual(['sns', 'cloudwatch.amazonaws.com', alarmArn]);
    expect(messagesIn(inbox)).toEqual([]);
    const { AlarmHistoryItems } = await aws.call('DescribeAlarmHistory', { HistoryItemType: 'Action' });
    expect(AlarmHistoryItems[0].HistorySummary).toMatch(/^Failed to execute action .*alerts/);
    expect(aws.happenings).toContainEqual(
      expect.objectContaining({ kind: 'delivery-failed', service: 'cloudwatch', resourceArn: alarmArn }),
    );
  });

  test('an event of each change is on the default bus', async () => {
    const inbox = await aws.queue('events');
    await aws.callOf('events', 'PutRule', {
      Name: 'changes',
      EventPattern: JSON.stringify({
        source: ['aws.cloudwatch'],
        'detail-type': ['CloudWatch Alarm State Change'],
        detail: { state: { value: ['ALARM'] } },
      }),
    });
    await aws.callOf('events', 'PutTargets', { Rule: 'changes', Targets: [{ Id: 'q', Arn: inbox }] });
    await aws.call('PutMetricAlarm', ALARM);
    await aws.put(9);
    await aws.clock.advance(MINUTE);
    expect(messagesIn(inbox)[0]).toMatchObject({
      source: 'aws.cloudwatch',
      resources: [`arn:aws:cloudwatch:us-east-1:${ACCOUNT}:alarm:high`],
      detail: {
        alarmName: 'high',
        state: { value: 'ALARM' },
        previousState: { value: 'INSUFFICIENT_DATA' },
        configuration: {
          metrics: [{ metricStat: { metric: { namespace: 'test', name: 'm' }, period: 60 } }],
        },
      },
    });
  });
});

test('SetAlarmState acts at once and lasts until the next evaluation', async () => {
  const { topicArn, inbox } = await alertTopic();
  await aws.call('PutMetricAlarm', { ...ALARM, AlarmActions: [topicArn] });
  await aws.put(1);
  await aws.clock.advance(MINUTE);
  await aws.call('SetAlarmState', { AlarmName: 'high', StateValue: 'ALARM', StateReason: 'drill' });
  await aws.clock.advance(0);
  expect(messagesIn(inbox)).toHaveLength(1);
  await aws.clock.advance(MINUTE);
  expect(aws.state('high')).toBe('OK');
});

test('the same state for another reason is kept, and notifies nobody again', async () => {
  const { topicArn, inbox } = await alertTopic();
  await aws.call('PutMetricAlarm', { ...ALARM, AlarmActions: [topicArn] });
  for (const StateReason of ['drill', 'another drill']) {
    await aws.call('SetAlarmState', { AlarmName: 'high', StateValue: 'ALARM', StateReason });
  }
  await aws.clock.advance(0);
  expect(messagesIn(inbox)).toHaveLength(1);
  expect(aws.monitoring.alarms()[0]).toMatchObject({ state: 'ALARM', reason: 'another drill' });
});

test('history holds configuration, states and actions, newest first', async () => {
  await aws.call('PutMetricAlarm', ALARM);
  await aws.put(9);
  await aws.clock.advance(MINUTE);
  const { AlarmHistoryItems } = await aws.call('DescribeAlarmHistory', { AlarmName: 'high' });
  expect(AlarmHistoryItems.map(({ HistorySummary }: { HistorySummary: string }) => HistorySummary)).toEqual([
    'Alarm updated from INSUFFICIENT_DATA to ALARM',
    'Alarm "high" created',
  ]);
});

test('a message in a dead-letter queue raises its alarm and notifies within a minute', async () => {
  const { topicArn, inbox } = await alertTopic();
  const deadLetters = await aws.queue('dead');
  const source = await aws.queue('work', {
    VisibilityTimeout: '1',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters, maxReceiveCount: 1 }),
  });
  await aws.call('PutMetricAlarm', {
    ...ALARM,
    AlarmName: 'dead letters',
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [{ Name: 'QueueName', Value: 'dead' }],
    Threshold: 0,
    TreatMissingData: 'notBreaching',
    AlarmActions: [topicArn],
  });
  await aws.clock.advance(MINUTE);
  expect(aws.state('dead letters')).toBe('OK');

  aws.sqs.deliverToQueue(source, { body: 'poison' });
  await aws.sqs.receiveMessage(source, {});
  await aws.clock.advance(2_000);
  await aws.sqs.receiveMessage(source, {});
  await aws.clock.advance(58_000);

  expect(aws.state('dead letters')).toBe('ALARM');
  expect(messagesIn(inbox)).toHaveLength(1);
});
