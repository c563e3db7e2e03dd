/** What EventBridge and Scheduler keep: nothing acknowledged is lost when the process is killed. */
import { describe, expect, test } from '@jest/globals';

import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext, rootCaller } from '../../../../local/aws/context.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createEventsService } from '../../../../local/aws/events/index.ts';
import { createSchedulerService } from '../../../../local/aws/scheduler/index.ts';
import {
  createSqsService,
  type Delivery,
  type DeliveryResult,
  type SqsService,
} from '../../../../local/aws/sqs/index.ts';
import { keptState, type KeptState } from '../kept-state.ts';
import { queueArn } from './harness.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = manualClock();
  /** One process beside queues that are down, or keep what they get. */
  const start = (state: KeptState, { down = false } = {}) => {
    const context = createAwsContext({ clock, state: state.store });
    const bodies: string[] = [];
    const sqs: SqsService = {
      ...createSqsService(createAwsContext({ clock })),
      deliverToQueue(_arn: string, delivery: Delivery): DeliveryResult {
        if (down) return { delivered: false, error: new AwsError('InternalError', 'down', 500) };
        bodies.push(delivery.body);
        return { delivered: true, messageId: '1' };
      },
    };
    context.services.register(sqs);
    const events = createEventsService(context);
    const scheduler = createSchedulerService(context);
    context.services.register(events);
    context.services.register(scheduler);
    const call = (action: string, input: Record<string, unknown>) =>
      events.handle(action, input, rootCaller(context)) as Promise<Record<string, unknown>>;
    const kill = () => {
      events.close();
      scheduler.close();
    };
    return { events, scheduler, bodies, call, kill };
  };
  return { clock, start };
}

const rule = (Name = 'r') => ({ Name, EventBusName: 'shop', EventPattern: '{"source":["shop"]}' });
const targets = (Rule = 'r') => ({
  Rule,
  EventBusName: 'shop',
  Targets: [{ Id: 't', Arn: queueArn('q'), InputPath: '$.detail' }],
});
const event = (Detail: string) => ({
  Entries: [{ EventBusName: 'shop', Source: 'shop', DetailType: 'x', Detail }],
});

describe('EventBridge after kill -9', () => {
  test('buses, policies, rules, targets and tags are there', async () => {
    const { start } = setUp();
    const state = keptState();
    const before = start(state);
    before.events.createEventBus({ Name: 'shop', Description: 'orders', Tags: [{ Key: 'a', Value: 'b' }] });
    await before.call('PutPermission', { EventBusName: 'shop', Policy: '{"Statement":[]}' });
    before.events.putRule(rule());
    before.events.putTargets(targets());
    before.events.putRule(rule('gone'));
    await before.call('DeleteRule', { Name: 'gone', EventBusName: 'shop' });
    before.kill();

    const after = start(state.survivor());
    await after.events.putEvents(event('{"n":1}'));

    expect(after.bodies).toEqual(['{"n":1}']);
    expect(await after.call('DescribeEventBus', { Name: 'shop' })).toMatchObject({
      Description: 'orders',
      Policy: '{"Statement":[]}',
    });
    expect(await after.call('ListRules', { EventBusName: 'shop' })).toMatchObject({
      Rules: [{ Name: 'r', EventPattern: '{"source":["shop"]}', State: 'ENABLED' }],
    });
  });

  test('an event that was accepted and not delivered is delivered, numbers as they were spelt', async () => {
    const { clock, start } = setUp();
    const state = keptState();
    const before = start(state, { down: true });
    before.events.createEventBus({ Name: 'shop' });
    before.events.putRule(rule());
    before.events.putTargets(targets());
    await before.events.putEvents(event('{"price":1.50}'));
    before.kill();
    const survivor = state.survivor();

    const after = start(survivor);
    await clock.advance(10 * MINUTE);

    expect(after.bodies).toEqual(['{"price":1.50}']);
    expect(survivor.keys('events.deliveries')).toEqual([]);
  });

  test('an archive keeps its events, and a replay that was under way ends', async () => {
    const { clock, start } = setUp();
    const state = keptState();
    const before = start(state);
    const { EventBusArn } = before.events.createEventBus({ Name: 'shop' });
    const { ArchiveArn } = await before.call('CreateArchive', {
      ArchiveName: 'a',
      EventSourceArn: EventBusArn,
    });
    before.events.putRule(rule());
    before.events.putTargets(targets());
    await before.events.putEvents(event('{"n":1}'));
    await before.call('StartReplay', {
      ReplayName: 'again',
      EventSourceArn: ArchiveArn,
      EventStartTime: 0,
      EventEndTime: clock.now() / 1_000 + 1,
      Destination: { Arn: EventBusArn },
    });
    before.kill();

    const after = start(state.survivor());
    await clock.advance(MINUTE);

    expect(after.bodies).toEqual(['{"n":1}']);
    expect(await after.call('DescribeReplay', { ReplayName: 'again' })).toMatchObject({
      State: 'COMPLETED',
    });
  });

  test('connections, API destinations and schedules of rules are there', async () => {
    const { clock, start } = setUp();
    const state = keptState();
    const before = start(state);
    const { ConnectionArn } = await before.call('CreateConnection', {
      Name: 'c',
      AuthorizationType: 'API_KEY',
      AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'k', ApiKeyValue: 'v' } },
    });
    await before.call('CreateApiDestination', {
      Name: 'd',
      ConnectionArn,
      InvocationEndpoint: 'https://example.com',
      HttpMethod: 'POST',
    });
    before.events.putRule({ Name: 'tick', ScheduleExpression: 'rate(2 minutes)' });
    before.events.putTargets({ Rule: 'tick', Targets: [{ Id: 't', Arn: queueArn('q'), Input: '"tick"' }] });
    await clock.advance(MINUTE);
    before.kill();

    const after = start(state.survivor());
    await clock.advance(MINUTE);

    expect(after.bodies).toEqual(['"tick"']);
    expect(await after.call('DescribeApiDestination', { Name: 'd' })).toMatchObject({
      ConnectionArn,
      ApiDestinationState: 'ACTIVE',
    });
  });
});

describe('Scheduler after kill -9', () => {
  const schedule = (ScheduleExpression: string, more = {}) => ({
    Name: 's',
    ScheduleExpression,
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: queueArn('q'), RoleArn: 'arn:aws:iam::000000000000:role/r', Input: 'tick' },
    ...more,
  });

  test('a schedule goes on, and a time that passed meanwhile is made up for once', async () => {
    const { clock, start } = setUp();
    const state = keptState();
    const before = start(state);
    before.scheduler.createSchedule(schedule('rate(1 minute)'));
    await clock.advance(1);
    expect(before.bodies).toEqual(['tick']);
    before.kill();
    await clock.advance(5 * MINUTE);

    const after = start(state.survivor());
    await clock.advance(1);
    expect(after.bodies).toEqual(['tick']);
    await clock.advance(MINUTE);
    expect(after.bodies).toEqual(['tick', 'tick']);
  });

  test('a one-time schedule that was missed is made up for, one that was due is not', async () => {
    const { clock, start } = setUp();
    const state = keptState();
    const before = start(state);
    before.scheduler.createSchedule(schedule('at(2026-01-01T00:01:00)', { Name: 'done' }));
    before.scheduler.createSchedule(schedule('at(2026-01-01T00:05:00)', { Name: 'missed' }));
    await clock.advance(2 * MINUTE);
    before.kill();
    await clock.advance(10 * MINUTE);

    const after = start(state.survivor());
    await clock.advance(MINUTE);

    expect(after.bodies).toEqual(['tick']);
  });

  test('an invocation that began and did not arrive arrives', async () => {
    const { clock, start } = setUp();
    const state = keptState();
    const before = start(state, { down: true });
    before.scheduler.createSchedule(schedule('at(2026-01-01T00:01:00)', { ActionAfterCompletion: 'DELETE' }));
    await clock.advance(MINUTE);
    before.kill();

    const after = start(state.survivor());
    await clock.advance(MINUTE);

    expect(after.bodies).toEqual(['tick']);
    expect(after.scheduler.schedules()).toEqual([]);
  });

  test('groups and their tags are there', async () => {
    const { start } = setUp();
    const state = keptState();
    start(state).scheduler.createScheduleGroup({ Name: 'g', Tags: [{ Key: 'a', Value: 'b' }] });

    const { scheduler } = start(state.survivor());
    const ResourceArn = 'arn:aws:scheduler:us-east-1:000000000000:schedule-group/g';
    const tags = await scheduler.handle('ListTagsForResource', { ResourceArn }, { accountId: '', arn: '' });

    expect(tags).toEqual({ Tags: [{ Key: 'a', Value: 'b' }] });
  });
});
