/** Schedules, their targets and what is refused. */
import { afterEach, describe, expect, test } from '@jest/globals';

import { startEndpoint } from '../../../../local/aws/endpoint.ts';
import { createSchedulerService } from '../../../../local/aws/scheduler/index.ts';
import { createHarness, functionArn, queueArn, refusal } from '../events/harness.ts';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const OFF = { Mode: 'OFF' };
const RoleArn = 'arn:aws:iam::000000000000:role/scheduler';
const MINUTE = 60_000;

async function setUp() {
  const h = createHarness();
  const scheduler = createSchedulerService(h.context);
  h.context.services.register(scheduler);
  closing.push(
    () => scheduler.close(),
    () => h.close(),
  );
  await h.createQueues('q', 'dead');
  const caller = { accountId: h.context.accountId, arn: RoleArn };
  const create = (ScheduleExpression: string, target: Record<string, unknown>, more = {}) =>
    scheduler.createSchedule({
      Name: 's',
      ScheduleExpression,
      FlexibleTimeWindow: OFF,
      Target: { Arn: queueArn('q'), RoleArn, ...target },
      ...more,
    });
  const call = (action: string, input: Record<string, unknown>) => scheduler.handle(action, input, caller);
  return { ...h, scheduler, create, call };
}

describe('schedules', () => {
  test('rate begins at once, with the event of AWS when there is no input', async () => {
    const { clock, create, bodies } = await setUp();
    const { ScheduleArn } = create('rate(1 hours)', {});

    await clock.advance(60 * MINUTE - 1);
    expect(bodies('q')).toHaveLength(1);
    await clock.advance(1);

    expect(bodies('q')).toMatchObject([
      {
        version: '0',
        'detail-type': 'Scheduled Event',
        source: 'aws.scheduler',
        time: '2026-01-21T12:00:00Z',
        resources: [ScheduleArn],
        detail: '{}',
      },
      { time: '2026-01-21T13:00:00Z' },
    ]);
  });

  test('a one-time schedule in a time zone fires once and is deleted when it says so', async () => {
    const { clock, scheduler, create, bodies } = await setUp();
    const Input = '{"at":"<aws.scheduler.scheduled-time>","try":<aws.scheduler.attempt-number>}';
    const more = { ScheduleExpressionTimezone: 'Europe/Berlin', ActionAfterCompletion: 'DELETE' };
    create('at(2026-01-21T13:30:00)', { Input }, more);

    await clock.advance(24 * 60 * MINUTE);

    expect(bodies('q')).toEqual([{ at: '2026-01-21T12:30:00Z', try: 1 }]);
    expect(scheduler.schedules()).toEqual([]);
  });

  test('start and end dates, a change, and a disabled schedule', async () => {
    const { clock, create, call, bodies } = await setUp();
    const StartDate = new Date('2026-01-21T12:10:00Z');
    const EndDate = new Date('2026-01-21T12:12:30Z');
    create('rate(1 minute)', { Input: '"first"' }, { StartDate, EndDate });
    await clock.advance(60 * MINUTE);
    expect(bodies('q')).toEqual(['first', 'first', 'first']);

    const changed = {
      Name: 's',
      ScheduleExpression: 'cron(0 14 * * ? *)',
      FlexibleTimeWindow: OFF,
      Target: { Arn: queueArn('q'), RoleArn, Input: '"second"' },
    };
    await call('UpdateSchedule', changed);
    await clock.advance(60 * MINUTE);
    await call('UpdateSchedule', { ...changed, State: 'DISABLED' });
    await clock.advance(48 * 60 * MINUTE);

    expect(bodies('q')).toEqual(['first', 'first', 'first', 'second']);
  });

  test('a flexible window moves the invocation, not the beat', async () => {
    const { clock, create, messages } = await setUp();
    const FlexibleTimeWindow = { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 15 };
    create('rate(60 minutes)', { Input: '{}' }, { FlexibleTimeWindow });

    await clock.advance((15 + 60 + 15) * MINUTE);

    const [first = 0, second = 0] = messages('q').map(
      ({ sentAt }) => (sentAt - Date.UTC(2026, 0, 21, 12)) / MINUTE,
    );
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(15);
    expect(second).toBeGreaterThanOrEqual(60);
    expect(second).toBeLessThan(75);
  });
});

describe('targets', () => {
  test('topic, function, bus and any action of a service', async () => {
    const { clock, sns, invoked, create, rule, bodies, scheduler } = await setUp();
    const { TopicArn } = sns.createTopic({ Name: 'topic' });
    sns.subscribe({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn('q'),
      Attributes: { RawMessageDelivery: 'true' },
    });
    rule({ Arn: queueArn('q'), InputPath: '$.detail' });
    const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
    const EventBridgeParameters = { Source: 'shop', DetailType: 'Tick' };
    const url = `http://127.0.0.1:4566/000000000000/q`;
    const send = JSON.stringify({ QueueUrl: url, MessageBody: '"universal"' });

    create('rate(1 minute)', { Arn: TopicArn, Input: '"topic"' }, { Name: 'a' });
    create('rate(1 minute)', { Arn: functionArn, Input: '"function"' }, { Name: 'b' });
    create('rate(1 minute)', { Arn: bus, Input: '{"bus":true}', EventBridgeParameters }, { Name: 'c' });
    create(
      'rate(1 minute)',
      { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage', Input: send },
      { Name: 'd' },
    );
    await clock.advance(1);

    expect(bodies('q')).toEqual(expect.arrayContaining(['topic', { bus: true }, 'universal']));
    expect(invoked).toEqual(['function']);
    expect(scheduler.busy()).toBe(0);
  });

  test('what fails is retried, then dead-lettered with the reason', async () => {
    const { clock, context, create, messages } = await setUp();
    context.faults.add({
      service: 'sqs',
      action: 'Deliver',
      matches: ({ input }) => input['QueueArn'] === queueArn('q'),
      effect: { kind: 'fail', code: 'InternalError' },
    });
    const { ScheduleArn } = create('at(2026-01-21T12:01:00)', {
      Input: '"payload"',
      RetryPolicy: { MaximumRetryAttempts: 1 },
      DeadLetterConfig: { Arn: queueArn('dead') },
    });

    await clock.advance(2 * MINUTE);

    expect(messages('dead')).toMatchObject([
      {
        body: '"payload"',
        messageAttributes: {
          SCHEDULE_ARN: { StringValue: ScheduleArn },
          TARGET_ARN: { StringValue: queueArn('q') },
          ERROR_CODE: { StringValue: 'InternalError' },
          RETRY_ATTEMPTS: { StringValue: '1' },
          EXHAUSTED_RETRY_CONDITION: { StringValue: 'MaximumRetryAttempts' },
        },
      },
    ]);
  });
});

describe('refusals', () => {
  const cases: readonly (readonly [Record<string, unknown>, string])[] = [
    [{ ScheduleExpression: 'cron(nonsense)' }, 'Invalid Schedule Expression cron(nonsense).'],
    [{ ScheduleExpressionTimezone: 'Mars/Olympus' }, 'Invalid ScheduleExpressionTimezone Mars/Olympus.'],
    [{ FlexibleTimeWindow: undefined }, 'FlexibleTimeWindow.Mode'],
    [{ FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }, 'MaximumWindowInMinutes'],
    [{ Name: 'a b' }, "Value 'a b' at 'name'"],
    [{ Target: { Arn: queueArn('q') } }, 'RoleArn must not be null or empty.'],
    [{ Target: { Arn: queueArn('q.fifo'), RoleArn } }, 'SqsParameters.MessageGroupId is required'],
    [
      { Target: { Arn: queueArn('q'), RoleArn, RetryPolicy: { MaximumRetryAttempts: 186 } } },
      'from 0 to 185',
    ],
  ];
  test.each(cases)('%j', async (more, message) => {
    const { create } = await setUp();

    expect(await refusal(() => create('rate(1 minute)', {}, more))).toEqual([
      'ValidationException',
      expect.stringContaining(message),
    ]);
  });

  test('what is there already, and what is not', async () => {
    const { create, call } = await setUp();
    create('rate(1 minute)', {});

    expect(await refusal(() => create('rate(1 minute)', {}))).toEqual([
      'ConflictException',
      'Schedule s already exists.',
    ]);
    expect(await refusal(() => call('GetSchedule', { Name: 'x' }))).toEqual([
      'ResourceNotFoundException',
      'Schedule x does not exist.',
    ]);
    expect(await refusal(() => create('rate(1 minute)', {}, { GroupName: 'g' }))).toEqual([
      'ResourceNotFoundException',
      'Schedule group g does not exist.',
    ]);
  });
});

test('over the wire: create, read, list, delete', async () => {
  const { context } = await setUp();
  const endpoint = await startEndpoint(context);
  closing.push(() => endpoint.close());
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${endpoint.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return [response.status, await response.json()] as const;
  };
  const schedule = {
    ScheduleExpression: 'rate(1 hour)',
    FlexibleTimeWindow: OFF,
    GroupName: 'nightly',
    Target: { Arn: queueArn('q'), RoleArn },
  };

  expect(await send('POST', '/schedule-groups/nightly', {})).toMatchObject([
    200,
    { ScheduleGroupArn: expect.any(String) as unknown },
  ]);
  const ScheduleArn = 'arn:aws:scheduler:us-east-1:000000000000:schedule/nightly/s';
  expect(await send('POST', '/schedules/s', schedule)).toEqual([200, { ScheduleArn }]);
  expect(await send('GET', '/schedules/s?groupName=nightly')).toMatchObject([
    200,
    { Arn: ScheduleArn, ScheduleExpression: 'rate(1 hour)', State: 'ENABLED', ActionAfterCompletion: 'NONE' },
  ]);
  expect(await send('GET', '/schedules?ScheduleGroup=nightly')).toMatchObject([
    200,
    { Schedules: [{ Name: 's' }] },
  ]);
  expect(await send('DELETE', '/schedules/s?groupName=nightly')).toEqual([200, {}]);
  expect((await send('GET', '/schedules/s?groupName=nightly'))[0]).toBe(404);
});
