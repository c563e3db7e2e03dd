import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseRule } from '../../../../local/aws/cloudwatch/composite-rule.ts';
import type { StateValue } from '../../../../local/aws/cloudwatch/alarm-model.ts';
import { ALARM, MINUTE, watched, type Watched } from './harness.ts';

describe('rules', () => {
  const states: Readonly<Record<string, StateValue>> = { a: 'ALARM', b: 'OK', c: 'INSUFFICIENT_DATA' };

  test.each([
    ['ALARM(a)', true],
    ['ALARM("b")', false],
    ['OK(b) AND INSUFFICIENT_DATA(c)', true],
    ['ALARM(b) OR ALARM(a)', true],
    ['NOT ALARM(a)', false],
    ['NOT (ALARM(b) OR ALARM(c))', true],
    ['ALARM(a) AND NOT OK(b) OR TRUE', true],
    ['ALARM(a) AND (NOT OK(b) OR FALSE)', false],
    ["ALARM('arn:aws:cloudwatch:us-east-1:000000000000:alarm:a')", true],
    ['ALARM(nobody)', false],
  ])('%s is %s', (text, expected) => {
    expect(parseRule(text).holds((name) => states[name])).toBe(expected);
  });

  test.each(['', 'ALARM', 'ALARM(a', 'ALARM(a) ALARM(b)', 'AND ALARM(a)', 'BROKEN(a)'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseRule(text)).toThrow(/syntax/);
    },
  );
});

describe('composite alarms', () => {
  let aws: Watched;
  let topic: string;
  const notified = () =>
    aws.sqs.messages('arn:aws:sqs:us-east-1:000000000000:inbox').map(({ body }) => {
      const { AlarmName, NewStateValue } = JSON.parse(body) as Record<string, string>;
      return `${AlarmName} ${NewStateValue}`;
    });
  const set = (AlarmName: string, StateValue: StateValue) =>
    aws.call('SetAlarmState', { AlarmName, StateValue, StateReason: 'by hand' });

  beforeEach(async () => {
    aws = watched();
    const inbox = await aws.queue('inbox');
    topic = ((await aws.callOf('sns', 'CreateTopic', { Name: 'alerts' })) as { TopicArn: string }).TopicArn;
    await aws.callOf('sns', 'Subscribe', {
      TopicArn: topic,
      Protocol: 'sqs',
      Endpoint: inbox,
      Attributes: { RawMessageDelivery: 'true' },
    });
    for (const AlarmName of ['a', 'b', 'deploying']) {
      await aws.call('PutMetricAlarm', { ...ALARM, AlarmName, TreatMissingData: 'ignore' });
    }
  });
  afterEach(() => aws.close());

  test('follow the alarms of their rule at once', async () => {
    await aws.call('PutCompositeAlarm', {
      AlarmName: 'both',
      AlarmRule: 'ALARM(a) AND ALARM(b)',
      AlarmActions: [topic],
      OKActions: [topic],
    });
    await set('a', 'ALARM');
    expect(aws.state('both')).toBe('OK');
    await set('b', 'ALARM');
    expect(aws.state('both')).toBe('ALARM');
    await set('b', 'OK');
    expect(aws.state('both')).toBe('OK');
    await aws.clock.advance(0);
    expect(notified()).toEqual(['both OK', 'both ALARM', 'both OK']);
  });

  test('may be on composite alarms', async () => {
    await aws.call('PutCompositeAlarm', { AlarmName: 'inner', AlarmRule: 'ALARM(a)' });
    await aws.call('PutCompositeAlarm', { AlarmName: 'outer', AlarmRule: 'ALARM(inner)' });
    await set('a', 'ALARM');
    expect(aws.state('outer')).toBe('ALARM');
  });

  test('are listed only when asked for', async () => {
    await aws.call('PutCompositeAlarm', { AlarmName: 'both', AlarmRule: 'ALARM(a)' });
    expect((await aws.call('DescribeAlarms'))['CompositeAlarms']).toEqual([]);
    const asked = await aws.call('DescribeAlarms', { AlarmTypes: ['CompositeAlarm'] });
    expect(asked['CompositeAlarms']).toMatchObject([{ AlarmName: 'both', AlarmRule: 'ALARM(a)' }]);
    expect(asked['MetricAlarms']).toEqual([]);
  });

  test('an alarm in a rule can not be deleted before the rule', async () => {
    await aws.call('PutCompositeAlarm', { AlarmName: 'both', AlarmRule: 'ALARM(a)' });
    await expect(aws.call('DeleteAlarms', { AlarmNames: ['a'] })).rejects.toMatchObject({
      code: 'ValidationError',
    });
    await aws.call('DeleteAlarms', { AlarmNames: ['a', 'both'] });
    expect(aws.monitoring.alarms().map(({ name }) => name)).toEqual(['b', 'deploying']);
  });

  const suppressed = (wait: number, extension: number) =>
    aws.call('PutCompositeAlarm', {
      AlarmName: 'both',
      AlarmRule: 'ALARM(a)',
      AlarmActions: [topic],
      ActionsSuppressor: 'deploying',
      ActionsSuppressorWaitPeriod: wait,
      ActionsSuppressorExtensionPeriod: extension,
    });

  test('a suppressor in ALARM holds actions back, and for the extension after it', async () => {
    await suppressed(60, 120);
    await set('deploying', 'ALARM');
    await set('a', 'ALARM');
    await aws.clock.advance(5 * MINUTE);
    expect(aws.state('both')).toBe('ALARM');
    expect(notified()).toEqual([]);
    const { CompositeAlarms } = await aws.call('DescribeAlarms', { AlarmTypes: ['CompositeAlarm'] });
    expect(CompositeAlarms).toMatchObject([{ ActionsSuppressedBy: 'Alarm' }]);

    await set('deploying', 'OK');
    await aws.clock.advance(MINUTE);
    expect(notified()).toEqual([]);
    await aws.clock.advance(2 * MINUTE);
    expect(notified()).toEqual(['both ALARM']);
  });

  test('without a wait, a suppressor that is in ALARM already holds back at once', async () => {
    await suppressed(0, 0);
    await set('deploying', 'ALARM');
    await set('a', 'ALARM');
    await aws.clock.advance(2 * MINUTE);
    expect(notified()).toEqual([]);
    await set('deploying', 'OK');
    await aws.clock.advance(MINUTE);
    expect(notified()).toEqual(['both ALARM']);
  });

  test('actions wait for a suppressor that may come, then run', async () => {
    await suppressed(120, 0);
    await set('a', 'ALARM');
    await aws.clock.advance(MINUTE);
    expect(notified()).toEqual([]);
    await aws.clock.advance(2 * MINUTE);
    expect(notified()).toEqual(['both ALARM']);
  });

  test('what went away while it was held back is not told', async () => {
    await suppressed(120, 0);
    await aws.clock.advance(MINUTE);
    await set('a', 'ALARM');
    await set('a', 'OK');
    await aws.clock.advance(5 * MINUTE);
    expect(notified()).toEqual([]);
  });
});
