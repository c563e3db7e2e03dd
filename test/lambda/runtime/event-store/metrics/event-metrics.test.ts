import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

import {
  countEvents,
  countFailures,
  eventMetrics,
  logEventMetrics,
} from '../../../../../lambda/runtime/event-store/index.ts';
import { inTransaction, migrate, runtimeMigrations } from '../../../../../lambda/runtime/postgres/index.ts';
import { processOnce } from '../../../../../lambda/runtime/inbox/index.ts';
import { UnavailableError } from '../../../../../lambda/runtime/degradation/errors.ts';
import { PermanentError } from '../../../../../lambda/runtime/errors.ts';
import type { HandlerContext } from '../../../../../lambda/runtime/types.ts';
import { createTestDatabase } from '../../../../support/postgres.ts';
import { eventually, recording } from '../../subscription/support.ts';
import { useSubscriptions } from '../../subscription/use-subscriptions.ts';
import { counted, empty, noted, silent, useEventStore } from '../support.ts';

const database = useEventStore();
const start = useSubscriptions(database, { listen: false, pollMilliseconds: 20 });
const pool = (): Pool => database().pool;

beforeEach(async () => {
  await empty(pool());
  await pool().query('truncate event_store_minute, event_attempt_minute, event_database_reading');
  await pool().query('update event_store_counted set position = null, since = null');
  await pool().query('drop table if exists consumer_transport');
});

const recorder = { name: 'recorder', types: ['Noted'] };
const of = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** As if they had been appended so long ago. */
async function appendAged(count: number, age: string): Promise<void> {
  const envelopes = of(count).map((number) => noted('aged', number));
  await database().store.append('notes', envelopes);
  await pool().query(
    `update event_store set recorded_at = recorded_at - $1::interval where event_id = any($2::uuid[])`,
    [age, envelopes.map(({ eventId }) => eventId)],
  );
  await pool().query(
    `update event_store_receipt set recorded_at = recorded_at - $1::interval where event_id = any($2::uuid[])`,
    [age, envelopes.map(({ eventId }) => eventId)],
  );
}

describe('volume', () => {
  test('is counted by type, once, however often it is asked for', async () => {
    await database().store.append('notes', [noted('a'), noted('b'), counted(1)]);
    await eventMetrics(pool());
    await database().store.append('notes', [counted(2)]);
    await eventMetrics(pool());
    const { events, schemaVersion } = await eventMetrics(pool());
    expect(schemaVersion).toBe('1.0');
    expect(events).toMatchObject({ lastDay: 4, isComplete: true });
    expect(events.byType.map(({ type, lastDay }) => [type, lastDay])).toEqual([
      ['Counted', 2],
      ['Noted', 2],
    ]);
    expect(events.busiestSecond).toBeGreaterThanOrEqual(1);
    expect(events.averageBytes).toBeGreaterThan(200);
    expect(events.publishLatency?.events).toBe(4);
  });

  test('of an event with text that PostgreSQL can not take is counted, and hides nothing of the others', async () => {
    await database().store.append('notes', [
      noted('half a pair \ud83d'),
      noted('\\u0000 in words'),
      counted(1),
    ]);
    const { events } = await eventMetrics(pool());
    expect(events.lastDay).toBe(3);
    expect(events.publishLatency?.events).toBeGreaterThanOrEqual(1);
  });

  test('has rates of the window, and a day of 24 hours', async () => {
    await appendAged(30, '2 hours');
    await appendAged(5, '47 hours');
    await database().store.append('notes', [noted('now'), noted('now')]);
    const { events } = await eventMetrics(pool(), { windowSeconds: 60 });
    expect(events.lastDay).toBe(32);
    expect(events.busiestSecond).toBe(30);
    // Two events in one to two minutes.
    expect(events.perSecond).toBeGreaterThan(2 / 121);
    expect(events.perSecond).toBeLessThan(2 / 59);
    expect(events.countedHours).toBe(24);
  });

  test('says of how many hours it is where the first event is younger than a day', async () => {
    await appendAged(3, '90 minutes');
    const { events } = await eventMetrics(pool());
    expect(events.countedHours).toBeCloseTo(1.5, 1);
    expect(events.lastDay).toBe(3);
  });

  test('an event whose transaction is open is counted when it commits, also where later ones were first', async () => {
    const { store } = database();
    const slow = await pool().connect();
    try {
      await slow.query('begin');
      await store.appendWithin(slow, 'slow notes', [noted('slow')]);
      await store.append('notes', [noted('quick')]);
      expect((await eventMetrics(pool())).events.lastDay).toBeLessThanOrEqual(1);
      await slow.query('commit');
    } finally {
      slow.release();
    }
    expect((await eventMetrics(pool())).events.lastDay).toBe(2);
    expect((await eventMetrics(pool())).events.lastDay).toBe(2);
  });

  test('many who count at a time count each event once', async () => {
    const { store } = database();
    await Promise.all([
      ...of(20).map((number) => store.append('notes', [noted('at once', number), counted(number)])),
      ...of(20).map(() => countEvents(pool())),
    ]);
    await eventually(async () => expect((await eventMetrics(pool())).events.lastDay).toBe(40));
    expect((await eventMetrics(pool())).events.lastDay).toBe(40);
  });

  test('while another counts, what is counted so far is told, and that it is not all', async () => {
    await database().store.append('notes', [noted('a')]);
    await inTransaction(pool(), async (tx) => {
      await tx.query('select * from event_store_counted for update');
      const { events, notMeasured } = await eventMetrics(pool());
      expect(events).toMatchObject({ isComplete: false, lastDay: 0 });
      expect(notMeasured.map(({ what }) => what)).toContain('events');
    });
  });
});

describe('consumers', () => {
  test('have what they handled, with the latency since the append', async () => {
    await start({ consumer: recording(pool()) });
    await database().store.append(
      'notes',
      of(20).map((number) => noted('a', number)),
    );
    await eventually(async () => {
      const { consumers, processingLatency, errorRate } = await eventMetrics(pool(), {
        consumers: [recorder],
      });
      expect(consumers[0]).toMatchObject({
        name: 'recorder',
        transport: 'postgres',
        unprocessed: 0,
        oldestUnprocessedSeconds: 0,
        deadLetters: 0,
        errorRate: 0,
        isBounded: false,
      });
      expect(consumers[0]!.handledPerSecond).toBeGreaterThan(0);
      expect(processingLatency).toEqual(consumers[0]!.processingLatency);
      expect(processingLatency).toMatchObject({ events: 20 });
      expect(processingLatency!.p99).toBeGreaterThanOrEqual(processingLatency!.p50);
      expect(errorRate).toBe(0);
    });
  });

  test('have the rate of attempts that failed, dead letters among them', async () => {
    const failed = new Set<number>();
    await start({
      consumer: recording(pool(), (event) => {
        const { number } = event.data;
        if (number === 9) throw new PermanentError('never');
        if (number < 3 && !failed.has(number)) {
          failed.add(number);
          throw new Error('once');
        }
      }),
    });
    await database().store.append(
      'notes',
      of(10).map((number) => noted('a', number)),
    );
    await eventually(async () => {
      const { consumers, deadLetters, errorRate } = await eventMetrics(pool(), { consumers: [recorder] });
      // 9 were handled, 3 at the second attempt, and one is dead.
      expect(errorRate).toBeCloseTo(4 / 13, 5);
      expect(consumers[0]!.errorRate).toBe(errorRate);
      expect(deadLetters).toBe(1);
      expect(consumers[0]!.unprocessed).toBe(0);
    });
  });

  test.each(['key', 'total'] as const)(
    'have a backlog, with the age of its oldest event: order %s',
    async (order) => {
      await appendAged(4, '100 seconds');
      const stopped = await start({ consumer: recording(pool()), order });
      await eventually(async () => {
        const { rows } = await pool().query('select from effect');
        expect(rows).toHaveLength(4);
      });
      await stopped.stop();
      await appendAged(2, '50 seconds');
      const { consumers, oldestUnprocessedSeconds } = await eventMetrics(pool(), { consumers: [recorder] });
      expect(consumers[0]).toMatchObject({ unprocessed: 2 });
      expect(oldestUnprocessedSeconds).toBeGreaterThanOrEqual(50);
      expect(oldestUnprocessedSeconds).toBeLessThan(100);
    },
  );

  test('that are live on another transport are measured by the inbox, and what is kept there is said', async () => {
    await pool().query('create table consumer_transport (consumer text primary key, live_on text not null)');
    await pool().query("insert into consumer_transport values ('recorder', 'redis')");
    const [done, open] = [noted('done'), noted('open')];
    await database().store.append('notes', [done, open, counted(1)]);
    await inTransaction(pool(), (tx) => processOnce(tx, 'recorder', done.eventId));
    const { consumers, notMeasured } = await eventMetrics(pool(), { consumers: [recorder] });
    expect(consumers[0]).toMatchObject({
      transport: 'redis',
      unprocessed: 1,
      deadLetters: null,
      // Nobody counts them there: that is not the same as none.
      errorRate: null,
    });
    expect(notMeasured.map(({ what }) => what)).toContain('consumers.recorder.errorRate');
    expect(consumers[0]!.processingLatency?.events).toBe(1);
    expect(consumers[0]!.oldestUnprocessedSeconds).toBeGreaterThan(0);
    expect(notMeasured).toContainEqual({
      what: 'consumers.recorder.deadLetters',
      why: 'it is live on redis, which keeps its own dead letters',
    });
  });

  test('count their failures there by a wrapped handler', async () => {
    await pool().query('create table consumer_transport (consumer text primary key, live_on text not null)');
    await pool().query("insert into consumer_transport values ('recorder', 'sns-sqs')");
    const warn = jest.fn();
    const context = { consumer: 'recorder', logger: { ...silent, warn } } as unknown as HandlerContext;
    const event = noted('a');
    await database().store.append('notes', [event]);
    await inTransaction(pool(), (tx) => processOnce(tx, 'recorder', event.eventId));
    const failing = countFailures(
      () => {
        throw new Error('no');
      },
      { pool: pool(), transport: 'sns-sqs' },
    );
    for (const _ of of(3)) await expect(failing(event, context)).rejects.toThrow('no');
    await countFailures(() => undefined, { pool: pool(), transport: 'sns-sqs' })(event, context);
    // Put off, as where the consumer is live elsewhere: that is no attempt.
    const away = new UnavailableError('WAYBILL_BREAKER_OPEN', 'mail', 5);
    const waiting = countFailures(() => Promise.reject(away), { pool: pool(), transport: 'sns-sqs' });
    await expect(waiting(event, context)).rejects.toBe(away);
    expect((await eventMetrics(pool(), { consumers: [recorder] })).errorRate).toBeCloseTo(3 / 4, 5);

    // A count that fails does not hide why the handler did.
    const broken = { query: () => Promise.reject(new Error('gone')) } as unknown as Pool;
    const other = countFailures(() => Promise.reject(new Error('no')), { pool: broken, transport: 'redis' });
    await expect(other(event, context)).rejects.toThrow('no');
    expect(warn).toHaveBeenCalledTimes(2);
  });
});

describe('the database', () => {
  test('has connections, and the time of statements from the second reading on', async () => {
    const first = await eventMetrics(pool());
    expect(first.database.maxConnections).toBeGreaterThan(0);
    expect(first.database.busyConnections).toBeNull();
    expect(first.notMeasured.map(({ what }) => what)).toContain('database.busyConnections');
    await pool().query(`update event_database_reading set read_at = read_at - interval '30 seconds'`);
    await pool().query('select pg_sleep(0.2)');
    await eventually(async () => {
      const { database: second } = await eventMetrics(pool());
      expect(second.busyConnections).toBeGreaterThan(0);
      expect(second.transactionsPerSecond).toBeGreaterThan(0);
    });
    // Readings are kept ten seconds apart.
    const { rows } = await pool().query<{ gap: number | null }>(
      `select extract(epoch from min(gap))::float8 as gap
       from (select read_at - lag(read_at) over (order by read_at) as gap from event_database_reading) as gaps`,
    );
    expect(rows[0]!.gap).toBeGreaterThanOrEqual(10);
  });

  test('has counters that were reset since: not measured, not negative', async () => {
    await eventMetrics(pool());
    await pool().query(
      `update event_database_reading set read_at = read_at - interval '1 minute', active_milliseconds = 1e15`,
    );
    expect((await eventMetrics(pool())).database.busyConnections).toBeNull();
  });

  test('tells of the longest transaction', async () => {
    const slow = await pool().connect();
    try {
      await slow.query('begin');
      await slow.query('select 1');
      await pause(50);
      const { database: now } = await eventMetrics(pool());
      expect(now.longestTransactionSeconds).toBeGreaterThan(0.04);
    } finally {
      await slow.query('rollback');
      slow.release();
    }
  });
});

test('an empty store has figures of nothing, and says what is not measured', async () => {
  const metrics = await eventMetrics(pool(), { consumers: [recorder] });
  expect(metrics).toMatchObject({
    events: { perSecond: 0, lastDay: 0, countedHours: 0, averageBytes: null, publishLatency: null },
    processingLatency: null,
    errorRate: null,
    oldestUnprocessedSeconds: 0,
  });
  expect(metrics.notMeasured.map(({ what }) => what)).toEqual(
    expect.arrayContaining([
      'events.publishLatency',
      'events.averageBytes',
      'processingLatency',
      'errorRate',
    ]),
  );
});

test.each([0, 9, 3_601, 60.5, Number.NaN])('a window of %d seconds is refused', async (windowSeconds) => {
  await expect(eventMetrics(pool(), { windowSeconds })).rejects.toMatchObject({
    code: 'WAYBILL_EVENT_STORE_OPTION_INVALID',
  });
});

test('without the tables it says what to call', async () => {
  const bare = await createTestDatabase();
  try {
    await migrate(bare.pool, runtimeMigrations);
    await expect(eventMetrics(bare.pool)).rejects.toMatchObject({ code: 'WAYBILL_EVENT_STORE_NOT_MIGRATED' });
  } finally {
    await bare.drop();
  }
});

test('CloudWatch gets what was measured, and nothing for what was not', async () => {
  await database().store.append('notes', [noted('a'), noted('b')]);
  const metrics = await eventMetrics(pool(), { consumers: [recorder] });
  const info = jest.fn();
  logEventMetrics({ ...silent, info }, metrics, { Environment: 'dev' });
  const line = info.mock.calls[0]![1] as {
    readonly _aws: {
      readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { readonly Name: string }[] }[];
    };
  };
  expect(line).toMatchObject({ Environment: 'dev', EventsLastDay: 2, Consumers: 1, OpenDeadLetters: 0 });
  expect(line).not.toHaveProperty('ErrorRate');
  const named = line._aws.CloudWatchMetrics[0]!.Metrics.map(({ Name }) => Name);
  expect(named).toContain('PublishLatencyP99');
  expect(named).not.toContain('ProcessingLatencyP99');
});
