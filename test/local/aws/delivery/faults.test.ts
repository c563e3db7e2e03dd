/** Faults on the way from topics, rules and schedules to their targets. */
import { afterEach, describe, expect, test } from '@jest/globals';

import type { FaultEffect } from '../../../../local/aws/faults.ts';
import { createSchedulerService } from '../../../../local/aws/scheduler/index.ts';
import { createHarness, queueArn, type Harness } from '../events/harness.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function setUp(): Promise<Harness> {
  const h = createHarness();
  closing.push(() => h.close());
  await h.createQueues('q');
  return h;
}

function fault(h: Harness, service: string, effect: FaultEffect, times = 1): void {
  h.context.faults.add({ service, action: 'Deliver', times, effect });
}

/** Publishes texts to a topic that the queue subscribes to; what came into the queue. */
async function published(h: Harness, ...texts: string[]): Promise<readonly string[]> {
  const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
  const Attributes = { RawMessageDelivery: 'true' };
  h.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q'), Attributes });
  for (const Message of texts) await h.sns.publish({ TopicArn, Message });
  await h.clock.advance(60_000);
  return h.messages('q').map(({ body }) => body);
}

describe('from a topic', () => {
  test.each([
    [{ kind: 'duplicate' }, ['a', 'a', 'b']],
    [{ kind: 'drop' }, ['b']],
    [{ kind: 'delay', milliseconds: 10_000 }, ['b', 'a']],
    [{ kind: 'throttle' }, ['a', 'b']],
    [{ kind: 'fail', code: 'InternalError' }, ['a', 'b']],
    [{ kind: 'fail', code: 'AccessDenied', httpStatus: 403 }, ['b']],
    [{ kind: 'drop-response' }, ['a', 'a', 'b']],
  ] as const)('%j', async (effect, expected) => {
    const h = await setUp();
    fault(h, 'sns', effect);

    expect(await published(h, 'a', 'b')).toEqual(expected);
  });

  test('one subscription alone, by its protocol', async () => {
    const h = await setUp();
    h.context.faults.add({
      service: 'sns',
      action: 'Deliver',
      matches: ({ input }) => input['Protocol'] === 'lambda',
      effect: { kind: 'drop' },
    });

    expect(await published(h, 'a')).toEqual(['a']);
  });

  test('a rule without an action does not reach deliveries', async () => {
    const h = await setUp();
    const { TopicArn } = h.sns.createTopic({ Name: 'orders' });
    h.sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q') });
    h.context.faults.add({ service: 'sns', effect: { kind: 'drop' } });
    await h.sns.publish({ TopicArn, Message: 'a' });

    expect(h.messages('q')).toHaveLength(1);
  });
});

test.each([
  [{ kind: 'duplicate' }, 2],
  [{ kind: 'drop' }, 0],
  [{ kind: 'throttle' }, 1],
  [{ kind: 'drop-response' }, 2],
] as const)('from a rule: %j', async (effect, expected) => {
  const h = await setUp();
  h.rule({ Arn: queueArn('q') });
  fault(h, 'events', effect);
  await h.put();
  await h.clock.advance(60_000);

  expect(h.messages('q')).toHaveLength(expected);
});

test('from a schedule', async () => {
  const h = await setUp();
  const scheduler = createSchedulerService(h.context);
  closing.push(() => scheduler.close());
  fault(h, 'scheduler', { kind: 'duplicate' });
  scheduler.createSchedule({
    Name: 's',
    ScheduleExpression: 'rate(1 hour)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: queueArn('q'), RoleArn: 'arn:aws:iam::000000000000:role/r' },
  });
  await h.clock.advance(1);

  expect(h.messages('q')).toHaveLength(2);
});

test('the same seed gives the same faults', async () => {
  const run = async () => {
    const h = await setUp();
    h.context.faults.add({
      service: 'sns',
      action: 'Deliver',
      probability: 0.5,
      effect: { kind: 'duplicate' },
    });
    return published(h, ...Array.from({ length: 20 }, (_, index) => String(index)));
  };

  expect(await run()).toEqual(await run());
});
