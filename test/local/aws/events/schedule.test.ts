/** Rules with a schedule. */
import { afterEach, describe, expect, test } from '@jest/globals';

import { createHarness, type Harness, queueArn } from './harness.ts';

describe('rules with a schedule', () => {
  const open: Harness[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });
  const harness = async () => {
    const one = createHarness();
    open.push(one);
    await one.createQueues('q');
    return one;
  };
  const scheduled = (ScheduleExpression: string) => ({
    Name: 'tick',
    EventPattern: undefined,
    ScheduleExpression,
  });

  test('fire on the clock with the event of AWS, until they are disabled', async () => {
    const h = await harness();
    const { RuleArn } = h.rule({ Arn: queueArn('q') }, scheduled('rate(1 minute)'));

    await h.clock.advance(59_999);
    expect(h.bodies('q')).toEqual([]);
    await h.clock.advance(60_001);
    await h.call('DisableRule', { Name: 'tick' });
    await h.clock.advance(600_000);

    expect(h.bodies('q')).toMatchObject([
      {
        source: 'aws.events',
        'detail-type': 'Scheduled Event',
        time: '2026-01-21T12:01:00Z',
        resources: [RuleArn],
        detail: {},
      },
      { time: '2026-01-21T12:02:00Z' },
    ]);
  });

  test('wait longer than a timer of the machine can', async () => {
    const h = await harness();
    h.rule({ Arn: queueArn('q'), Input: '{}' }, scheduled('cron(0 0 1 JUN ? *)'));

    await h.clock.advance(Date.UTC(2026, 5, 1) - h.clock.now() - 1);
    expect(h.bodies('q')).toEqual([]);
    await h.clock.advance(1);

    expect(h.bodies('q')).toEqual([{}]);
  });
});
