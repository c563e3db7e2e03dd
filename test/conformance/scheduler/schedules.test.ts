/** Schedules: when they are due, what their targets get, and what is refused. */
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import { CreateEventBusCommand, DeleteEventBusCommand } from '@aws-sdk/client-eventbridge';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, refused } from '../harness.ts';
import { openBus } from '../events/rules.ts';
import { API, GUIDE, inSeconds, now, role, schedule, scheduler } from './schedules.ts';

const behaviour = behavioursOf('scheduler');
const TYPES = `${GUIDE}/schedule-types.html`;
const VALIDATION = 'ValidationException';
const NOT_FOUND = 'ResourceNotFoundException';

behaviour('a rate begins at once and comes again', TYPES, async (aws) => {
  const queue = await aws.queue();
  await schedule(aws, 'rate(1 minutes)', { Arn: queue.arn, Input: 'tick' });

  expect(bodies(await queue.receive(1))).toEqual(['tick']);
  await aws.wait(60);
  expect(bodies(await queue.receive(1))).toEqual(['tick']);
});

behaviour('a rate with a start date begins there', TYPES, async (aws) => {
  const queue = await aws.queue();
  const StartDate = new Date((await now(aws)) + 120_000);
  await schedule(aws, 'rate(1 hour)', { Arn: queue.arn, Input: 'tick' }, { StartDate });

  await aws.wait(119);
  expect(await queue.receiveOnce()).toEqual([]);
  await aws.wait(2);
  expect(bodies(await queue.receive(1))).toEqual(['tick']);
});

behaviour('a schedule with an end date ends there', TYPES, async (aws) => {
  const queue = await aws.queue();
  const EndDate = new Date((await now(aws)) + 90_000);
  await schedule(aws, 'rate(1 minute)', { Arn: queue.arn, Input: 'tick' }, { EndDate });
  await aws.wait(600);

  expect(await queue.receive(2)).toHaveLength(2);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('a one-time schedule comes once', TYPES, async (aws) => {
  const queue = await aws.queue();
  await schedule(aws, `at(${await inSeconds(aws, 60)})`, { Arn: queue.arn, Input: 'once' });
  expect(await queue.receiveOnce()).toEqual([]);
  await aws.wait(600);

  expect(bodies(await queue.receive(1))).toEqual(['once']);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('cron is due at its minute', TYPES, async (aws) => {
  const queue = await aws.queue();
  const due = new Date(Math.ceil(((await now(aws)) + 60_000) / 60_000) * 60_000);
  const expression = `cron(${due.getUTCMinutes()} ${due.getUTCHours()} * * ? *)`;
  await schedule(aws, expression, { Arn: queue.arn, Input: '<aws.scheduler.scheduled-time>' });
  await aws.wait(125);

  expect(bodies(await queue.receive(1))).toEqual([due.toISOString().replace('.000Z', 'Z')]);
});

behaviour('a time zone moves the hour', `${TYPES}#time-zones`, async (aws) => {
  const queue = await aws.queue();
  const due = new Date(Math.ceil(((await now(aws)) + 60_000) / 60_000) * 60_000);
  // Kolkata is 5 hours and 30 minutes ahead, all year round.
  const wall = new Date(due.getTime() + 5.5 * 3_600_000);
  const expression = `cron(${wall.getUTCMinutes()} ${wall.getUTCHours()} * * ? *)`;
  const input = { ScheduleExpressionTimezone: 'Asia/Kolkata' };
  await schedule(aws, expression, { Arn: queue.arn, Input: 'local' }, input);
  await aws.wait(125);

  expect(bodies(await queue.receive(1))).toEqual(['local']);
});

behaviour(
  'a flexible window lets the invocation come later, not earlier',
  `${GUIDE}/managing-schedule-flexible-time-windows.html`,
  async (aws) => {
    const queue = await aws.queue();
    const due = await inSeconds(aws, 60);
    const FlexibleTimeWindow = { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } as const;
    await schedule(aws, `at(${due})`, { Arn: queue.arn, Input: 'x' }, { FlexibleTimeWindow });
    await aws.wait(59);
    expect(await queue.receiveOnce()).toEqual([]);
    await aws.wait(302);

    const [message] = await queue.receive(1);
    const late = Number(message?.Attributes?.['SentTimestamp']) - Date.parse(`${due}Z`);
    expect(late).toBeGreaterThanOrEqual(0);
    expect(late).toBeLessThanOrEqual(300_000);
  },
);

behaviour(
  'a schedule that deletes itself is gone when it is done',
  `${GUIDE}/managing-schedule-delete.html`,
  async (aws) => {
    const queue = await aws.queue();
    const { name } = await schedule(
      aws,
      `at(${await inSeconds(aws, 60)})`,
      { Arn: queue.arn, Input: 'x' },
      { ActionAfterCompletion: 'DELETE' },
    );
    await aws.wait(65);

    expect(await queue.receive(1)).toHaveLength(1);
    await refused(scheduler(aws).send(new GetScheduleCommand({ Name: name })), NOT_FOUND);
  },
);

behaviour('a disabled schedule is never due', `${GUIDE}/managing-schedule-state.html`, async (aws) => {
  const queue = await aws.queue();
  await schedule(aws, 'rate(1 minute)', { Arn: queue.arn, Input: 'x' }, { State: 'DISABLED' });
  await aws.wait(120);

  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  "without input the target gets Scheduler's event",
  `${GUIDE}/managing-targets-templated.html`,
  async (aws) => {
    const queue = await aws.queue();
    const { arn } = await schedule(aws, 'rate(1 hour)', { Arn: queue.arn });

    const [message] = await queue.receive(1);
    expect(JSON.parse(message?.Body ?? '{}')).toMatchObject({
      version: '0',
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      resources: [arn],
      detail: '{}',
    });
  },
);

behaviour(
  'context attributes are filled in',
  `${GUIDE}/managing-schedule-context-attributes.html`,
  async (aws) => {
    const queue = await aws.queue();
    const Input =
      '{"arn":"<aws.scheduler.schedule-arn>","id":"<aws.scheduler.execution-id>","try":<aws.scheduler.attempt-number>}';
    const { arn } = await schedule(aws, 'rate(1 hour)', { Arn: queue.arn, Input });

    const [message] = await queue.receive(1);
    expect(JSON.parse(message?.Body ?? '{}')).toEqual({
      arn,
      id: expect.stringMatching(/^[\w-]+$/) as unknown,
      try: 1,
    });
  },
);

behaviour('a FIFO queue gets the message group', `${API}/API_SqsParameters.html`, async (aws) => {
  const queue = await aws.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  await schedule(aws, 'rate(1 hour)', {
    Arn: queue.arn,
    Input: 'x',
    SqsParameters: { MessageGroupId: 'ticks' },
  });

  const [message] = await queue.receive(1);
  expect(message?.Attributes?.['MessageGroupId']).toBe('ticks');
});

behaviour(
  'a bus gets an event of the source and type given',
  `${API}/API_EventBridgeParameters.html`,
  async (aws) => {
    const name = aws.uniqueName('bus');
    const { EventBusArn = '' } = await aws.events.send(new CreateEventBusCommand({ Name: name }));
    aws.cleanup(() => aws.events.send(new DeleteEventBusCommand({ Name: name })));
    const queue = await (await openBus(aws, name, EventBusArn).rule()).queue();
    await schedule(aws, 'rate(1 hour)', {
      Arn: EventBusArn,
      Input: '{"n":1}',
      EventBridgeParameters: { Source: 'shop', DetailType: 'Tick' },
    });

    const [message] = await queue.receive(1);
    expect(JSON.parse(message?.Body ?? '{}')).toMatchObject({
      source: 'shop',
      'detail-type': 'Tick',
      detail: { n: 1 },
    });
  },
);

behaviour(
  'a universal target is any action of a service',
  `${GUIDE}/managing-targets-universal.html`,
  async (aws) => {
    const queue = await aws.queue();
    const Input = JSON.stringify({ QueueUrl: queue.url, MessageBody: 'universal' });
    await schedule(aws, 'rate(1 hour)', { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage', Input });

    expect(bodies(await queue.receive(1))).toEqual(['universal']);
  },
);

behaviour(
  'a universal target that only reads is refused',
  `${GUIDE}/managing-targets-universal.html`,
  async (aws) => {
    const Arn = 'arn:aws:scheduler:::aws-sdk:sqs:getQueueUrl';

    await refused(schedule(aws, 'rate(1 hour)', { Arn, Input: '{}' }), VALIDATION);
  },
);

behaviour(
  'what can not be delivered is dead-lettered with the reason',
  `${GUIDE}/configuring-schedule-dlq.html`,
  async (aws) => {
    const [queue, dead] = [await aws.queue(), await aws.queue()];
    await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
    const { arn } = await schedule(aws, 'rate(1 hour)', {
      Arn: queue.arn,
      Input: 'lost',
      DeadLetterConfig: { Arn: dead.arn },
    });

    const [letter] = await dead.receive(1);
    expect(letter?.Body).toBe('lost');
    expect(letter?.MessageAttributes).toMatchObject({
      SCHEDULE_ARN: { StringValue: arn },
      TARGET_ARN: { StringValue: queue.arn },
      RETRY_ATTEMPTS: { StringValue: '0' },
    });
    expect(Object.keys(letter?.MessageAttributes ?? {})).toEqual(
      expect.arrayContaining(['ERROR_CODE', 'ERROR_MESSAGE', 'EXECUTION_ID', 'SCHEDULED_TIME']),
    );
  },
);

behaviour('a schedule describes itself', `${API}/API_GetSchedule.html`, async (aws) => {
  const queue = await aws.queue();
  const { name, arn } = await schedule(
    aws,
    'cron(0 12 * * ? *)',
    { Arn: queue.arn, Input: 'x' },
    { Description: 'noon', ScheduleExpressionTimezone: 'Europe/Berlin' },
  );

  expect(await scheduler(aws).send(new GetScheduleCommand({ Name: name }))).toMatchObject({
    Arn: arn,
    Name: name,
    GroupName: 'default',
    State: 'ENABLED',
    Description: 'noon',
    ScheduleExpression: 'cron(0 12 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    ActionAfterCompletion: 'NONE',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } },
  });
});

behaviour('a schedule that exists is a conflict', `${API}/API_CreateSchedule.html`, async (aws) => {
  const queue = await aws.queue();
  const { name } = await schedule(aws, 'rate(1 day)', { Arn: queue.arn });

  const call = schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { Name: name });
  expect((await refused(call, 'ConflictException')).status).toBe(409);
});

behaviour('the same client token makes one schedule', `${API}/API_CreateSchedule.html`, async (aws) => {
  const queue = await aws.queue();
  const ClientToken = aws.uniqueName('token');
  const first = await schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { ClientToken });
  const again = await schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { ClientToken, Name: first.name });

  expect(again.arn).toBe(first.arn);
});

behaviour('an update replaces everything', `${API}/API_UpdateSchedule.html`, async (aws) => {
  const queue = await aws.queue();
  const { name } = await schedule(aws, 'rate(1 day)', { Arn: queue.arn }, { Description: 'before' });
  await scheduler(aws).send(
    new UpdateScheduleCommand({
      Name: name,
      ScheduleExpression: 'rate(2 days)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: queue.arn, RoleArn: await role(aws) },
    }),
  );

  const described = await scheduler(aws).send(new GetScheduleCommand({ Name: name }));
  expect(described.ScheduleExpression).toBe('rate(2 days)');
  expect(described.Description).toBeUndefined();
});

behaviour('what does not exist is not found', `${API}/API_GetSchedule.html`, async (aws) => {
  const Name = aws.uniqueName();

  expect((await refused(scheduler(aws).send(new GetScheduleCommand({ Name })), NOT_FOUND)).status).toBe(404);
  await refused(scheduler(aws).send(new DeleteScheduleCommand({ Name })), NOT_FOUND);
  await refused(scheduler(aws).send(new GetScheduleGroupCommand({ Name })), NOT_FOUND);
});

const invalid: readonly (readonly [
  why: string,
  expression: string,
  input?: Partial<Record<string, unknown>>,
])[] = [
  ['an expression that is none', 'every(1 minute)'],
  ['cron with five fields', 'cron(0 12 * * ?)'],
  ['a rate of nothing', 'rate(0 minutes)'],
  ['a rate in weeks', 'rate(1 week)'],
  ['a time that is none', 'at(2026-13-01T00:00:00)'],
  ['an unknown time zone', 'rate(1 day)', { ScheduleExpressionTimezone: 'Mars/Olympus' }],
  ['a flexible window without minutes', 'rate(1 day)', { FlexibleTimeWindow: { Mode: 'FLEXIBLE' } }],
  [
    'an end before the start',
    'rate(1 day)',
    { StartDate: new Date('2030-01-02'), EndDate: new Date('2030-01-01') },
  ],
  ['a name of odd characters', 'rate(1 day)', { Name: 'a b' }],
];
for (const [why, expression, input] of invalid) {
  behaviour(`a schedule with ${why} is refused`, `${API}/API_CreateSchedule.html`, async (aws) => {
    const queue = await aws.queue();

    await refused(schedule(aws, expression, { Arn: queue.arn }, input), VALIDATION);
  });
}

for (const RetryPolicy of [{ MaximumRetryAttempts: 186 }, { MaximumEventAgeInSeconds: 59 }]) {
  behaviour(
    `a retry policy ${JSON.stringify(RetryPolicy)} is refused`,
    `${API}/API_RetryPolicy.html`,
    async (aws) => {
      const queue = await aws.queue();

      await refused(schedule(aws, 'rate(1 day)', { Arn: queue.arn, RetryPolicy }), VALIDATION);
    },
  );
}

behaviour('a schedule needs a target', `${API}/API_CreateSchedule.html`, async (aws) => {
  await refused(
    scheduler(aws).send(
      new CreateScheduleCommand({
        Name: aws.uniqueName(),
        ScheduleExpression: 'rate(1 day)',
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: undefined,
      }),
    ),
    VALIDATION,
  );
});
