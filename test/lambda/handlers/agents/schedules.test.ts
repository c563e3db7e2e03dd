/** What schedules of the agents system start: the daily upkeep of the event store, and what is measured each minute. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { agentNames } from '../../../../catalog/agents/index.ts';
import type { agentsService as AgentsServiceOf } from '../../../../lambda/agents/environment.ts';
import type { handler as Maintain } from '../../../../lambda/handlers/agents/maintain-event-store.ts';
import type { handler as Measure } from '../../../../lambda/handlers/agents/measure-events.ts';
import { registerConsumers } from '../../../../lambda/runtime/cutover/index.ts';
import { useAgents } from '../../agents/agents-under-test.ts';
import type { AgentsUnderTest } from '../../agents/agents-under-test.ts';

const RETENTION_DAYS = 30;
const SETTINGS = {
  WAYBILL_TRANSPORT: 'postgres',
  WAYBILL_ENVIRONMENT: 'rehearsal',
  WAYBILL_EVENT_RETENTION_DAYS: String(RETENTION_DAYS),
  WAYBILL_MIRROR_TO: 'sns-sqs',
};

let agentsService: typeof AgentsServiceOf | undefined;
// Before the database goes, whose hooks are registered next.
afterAll(async () => {
  await (await agentsService?.())?.pool.end();
});
const agents = useAgents();
let system: AgentsUnderTest;
let maintain: typeof Maintain;
let measure: typeof Measure;
let lines: Record<string, unknown>[];
let output: ReturnType<typeof captured>;

beforeAll(async () => {
  // Read when the modules are loaded.
  Object.assign(process.env, agents().environment, { WAYBILL_LOG_LEVEL: 'info' });
  ({ handler: maintain } = await import('../../../../lambda/handlers/agents/maintain-event-store.ts'));
  ({ handler: measure } = await import('../../../../lambda/handlers/agents/measure-events.ts'));
  ({ agentsService } = await import('../../../../lambda/agents/environment.ts'));
});
beforeEach(() => {
  system = agents();
  Object.assign(process.env, SETTINGS);
  lines = [];
  output = captured(lines);
});
afterEach(() => {
  output.mockRestore();
});

/** What is logged goes to standard output, a line each. */
function captured(into: Record<string, unknown>[]) {
  return jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    into.push(JSON.parse(String(chunk)) as Record<string, unknown>);
    return true;
  });
}

/** Feedback as if it had been given so many days ago, and read by nobody: its eventId and its position. */
async function givenDaysAgo(
  feedbackId: string,
  days: number,
): Promise<{ eventId: string; position: number }> {
  const { eventId } = await system.give(feedbackId, 'Too slow');
  const [moved] = await system.rows<{ position: number }>(
    `with moved as (delete from event_store where event_id = $1 returning *), stored as (
       insert into event_store (position, recorded_at, stream, version, event_id, tenant_id, event_type, event_version, source, ordering_key, event_data)
       select position, recorded_at - $2 * interval '1 day', stream, version, event_id, tenant_id, event_type, event_version, source, ordering_key, event_data
       from moved returning position)
     select position::int as position from stored`,
    eventId,
    days,
  );
  return { eventId, position: moved!.position };
}

/** The cursor of an agent, before everything. */
async function cursorOf(agent: string): Promise<void> {
  await system.rows(
    `insert into event_subscription (consumer, ordering, lanes) values ($1, 'total', 1)`,
    agent,
  );
  await system.rows(
    'insert into event_subscription_lane (consumer, lane, position) values ($1, 0, 0)',
    agent,
  );
}

const liveOnRedis = (agent: string) =>
  registerConsumers(system.pool, [{ consumer: agent, configured: 'redis', types: ['FeedbackReceived'] }]);

const handledLongAgo = (agent: string, eventId: string, days: number) =>
  system.rows(
    `insert into event_inbox (consumer, event_id, handled_at) values ($1, $2, now() - $3 * interval '1 day')`,
    agent,
    eventId,
    days,
  );

describe('the daily upkeep', () => {
  test('cursors follow an agent that is live elsewhere first, so that what it has handled keeps no partition', async () => {
    const { eventId } = await givenDaysAgo('f1', RETENTION_DAYS + 10);
    await cursorOf('sentiment');
    await liveOnRedis('sentiment');
    // Forgotten by the inbox in the same run, but only after the cursor has followed.
    await handledLongAgo('sentiment', eventId, 50);

    const report = await maintain();

    expect(report.kept).toEqual([]);
    expect(report.dropped).toHaveLength(1);
    expect(report.created.length).toBeGreaterThan(0);
    expect(await system.recorded()).toEqual([]);
    expect(await system.rows('select * from event_inbox')).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('what an agent has not handled is kept, and somebody is told which partition and why', async () => {
    await givenDaysAgo('f1', RETENTION_DAYS + 10);
    await cursorOf('sentiment');
    await liveOnRedis('sentiment');

    const { dropped, kept } = await maintain();

    expect(dropped).toEqual([]);
    expect(kept).toMatchObject([{ reason: 'not read by sentiment' }]);
    expect(await system.recorded()).toHaveLength(1);
    expect(lines).toMatchObject([{ level: 'warn', message: 'partitions are kept beyond their time', kept }]);
  });

  test('forgets what was handled, and what shadows saw, when its time is over, and nothing else', async () => {
    const [old, young] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
    await handledLongAgo('sentiment', old, 50);
    await handledLongAgo('sentiment', young, 40);
    for (const [eventId, days] of [
      [old, 15],
      [young, 13],
    ] as const) {
      await system.rows(
        `insert into shadow_arrival (consumer, transport, event_id, event_type, arrived_at)
         values ('sentiment', 'redis', $1, 'FeedbackReceived', now() - $2 * interval '1 day')`,
        eventId,
        days,
      );
    }

    await maintain();

    expect(await system.rows('select event_id from event_inbox')).toEqual([{ event_id: young }]);
    expect(await system.rows('select event_id from shadow_arrival')).toEqual([{ event_id: young }]);
  });

  test.each(['', '0', 'thirty'])('refuses to run with %j days, and drops nothing', async (days) => {
    await givenDaysAgo('f1', RETENTION_DAYS + 10);
    process.env['WAYBILL_EVENT_RETENTION_DAYS'] = days;

    await expect(maintain()).rejects.toThrow('WAYBILL_EVENT_RETENTION_DAYS');

    expect(await system.recorded()).toHaveLength(1);
  });
});

describe('what is measured each minute', () => {
  test('each agent and each mirror, under the dimensions and the namespace that alarms ask for', async () => {
    await givenDaysAgo('f1', 1);

    await measure();

    const ofConsumers = lines.filter(({ Consumer }) => Consumer !== undefined);
    expect(ofConsumers.map(({ Consumer }) => Consumer)).toEqual([...agentNames, 'mirror-sns-sqs']);
    for (const consumer of ['sentiment', 'mirror-sns-sqs']) {
      expect(ofConsumers.find(({ Consumer }) => Consumer === consumer)).toMatchObject({
        Environment: 'rehearsal',
        DeadLetters: 0,
        OldestUnprocessedSeconds: expect.any(Number),
        _aws: {
          CloudWatchMetrics: [{ Namespace: 'Waybill/EventStore', Dimensions: [['Environment', 'Consumer']] }],
        },
      });
    }
    const late = ofConsumers.find(({ Consumer }) => Consumer === 'sentiment');
    expect(late?.['OldestUnprocessedSeconds']).toBeGreaterThanOrEqual(86_400);
    // Of the event store as a whole.
    expect(lines.filter(({ Consumer }) => Consumer === undefined)).toMatchObject([
      { Environment: 'rehearsal', _aws: { CloudWatchMetrics: [{ Dimensions: [['Environment']] }] } },
    ]);
  });

  test.each([
    ['WAYBILL_ENVIRONMENT', ''],
    ['WAYBILL_MIRROR_TO', 'pigeon'],
  ])('fails, and tells nothing, with %s=%j', async (variable, value) => {
    process.env[variable] = value;

    await expect(measure()).rejects.toThrow(variable);

    expect(lines).toEqual([]);
  });

  test('fails where the dead letters of an agent that is live on Redis cannot be asked for: no figure is no zero', async () => {
    await liveOnRedis('sentiment');

    await expect(measure()).rejects.toMatchObject({ code: 'WAYBILL_REDIS_NOT_CONFIGURED' });

    expect(lines.filter(({ Consumer }) => Consumer !== undefined)).toEqual([]);
  });
});
