import { afterEach, describe, expect, test } from '@jest/globals';

import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { createLogger } from '../../../../lambda/runtime/logger.ts';
import {
  deadLettersOf,
  redriveDeadLetters,
  replayEvents,
  subscribe,
  subscriptionMetrics,
} from '../../../../lambda/runtime/subscription/index.ts';
import type { SettledEvent, SubscribeOptions } from '../../../../lambda/runtime/subscription/index.ts';
import { counted, empty, message, noted, useEventStore } from '../event-store/support.ts';
import { effects, eventually, numbersOf, recording } from './support.ts';
import { useSubscriptions } from './use-subscriptions.ts';

const database = useEventStore();
const start = useSubscriptions(database, { pollMilliseconds: 200 });
afterEach(async () => {
  await empty(database().pool);
});

interface Waking extends Pick<SubscribeOptions, 'listen' | 'pollMilliseconds'> {
  /** It has a store of its own, as in another process. */
  readonly isElsewhere?: boolean;
}

describe('a subscription', () => {
  test('handles what was there and what comes, in order of each key, once', async () => {
    const { store, pool } = database();
    for (let number = 0; number < 30; number++)
      await store.append(`s${number % 3}`, [noted(`k${number % 3}`, number)]);
    await start({ consumer: recording(pool), pageSize: 7 });
    for (let number = 30; number < 60; number++)
      await store.append(`s${number % 3}`, [noted(`k${number % 3}`, number)]);

    await eventually(async () => expect(await effects(pool)).toHaveLength(60));
    for (const key of [0, 1, 2]) {
      expect(await numbersOf(pool, `k${key}`)).toEqual(
        Array.from({ length: 20 }, (_, index) => index * 3 + key),
      );
    }
  });

  test.each([
    ['NOTIFY, long before a poll', { pollMilliseconds: 100_000, isElsewhere: true }],
    ['polling alone', { listen: false, pollMilliseconds: 50 }],
    ['the store of the same process', { listen: false, pollMilliseconds: 100_000 }],
  ] as const)('is woken by %s', async (_, { isElsewhere = false, ...options }: Waking) => {
    const { store, pool } = database();
    await start({ consumer: recording(pool), ...(isElsewhere && { store: { pool } }), ...options });
    await new Promise((resolve) => setTimeout(resolve, 400));

    await store.append('s', [noted('k', 1)]);

    await eventually(async () => expect(await effects(pool)).toHaveLength(1), 60_000);
  });

  test('begins where it is told to, and goes on where it stopped', async () => {
    const { store, pool } = database();
    await store.append('s', [noted('k', 1)]);
    const first = await start({ consumer: recording(pool), from: 'now' });
    await store.append('s', [noted('k', 2)]);
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([2]));
    await first.stop();
    await pool.query('truncate event_inbox');
    await store.append('s', [noted('k', 3)]);

    await start({ consumer: recording(pool), from: 'beginning' });

    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([2, 3]));
  });

  test('passes over other types', async () => {
    const { store, pool } = database();
    // Cursors of what is passed over are stored at each renewal, a third of this.
    await start({ consumer: recording(pool), leaseMilliseconds: 900 });
    await store.append('s', [counted(1), noted('k', 1), counted(2)]);
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([1]));
    const position = await store.horizon();
    await eventually(async () => {
      const { rows } = await pool.query('select min(position)::int as position from event_subscription_lane');
      expect(rows).toEqual([{ position }]);
    });
  });

  test('total order: one at a time, over all keys, also when one fails for a while', async () => {
    const { store, pool } = database();
    let failures = 3;
    const consumer = recording(pool, (event) => {
      if (event.data.number === 4 && failures-- > 0) throw new Error('not yet');
    });
    for (let number = 0; number < 12; number++)
      await store.append(`s${number}`, [noted(`k${number}`, number)]);

    await start({ consumer, order: 'total', pageSize: 5 });

    await eventually(async () => expect(await effects(pool)).toHaveLength(12));
    expect((await effects(pool)).map(({ number }) => number)).toEqual(
      Array.from({ length: 12 }, (_, index) => index),
    );
    await expect(subscribe({ consumer, store, order: 'key' })).rejects.toMatchObject({
      code: 'WAYBILL_SUBSCRIPTION_ORDER_CHANGED',
    });
  });

  test('an event that fails holds its key alone, and the key goes on in order', async () => {
    const { store, pool } = database();
    let open = false;
    const consumer = recording(pool, (event) => {
      if (event.data.note === 'bad' && event.data.number === 0 && !open) throw new Error('closed');
    });
    await start({ consumer, maxAttempts: 100_000, pageSize: 10 });
    for (let number = 0; number < 80; number++)
      await store.append(`s${number % 2}`, [noted(number % 2 ? 'good' : 'bad', number)]);

    await eventually(async () => expect(await numbersOf(pool, 'good')).toHaveLength(40));
    expect(await numbersOf(pool, 'bad')).toEqual([]);
    // Failures are stored together, a moment after they happened.
    await eventually(async () => {
      const metrics = await subscriptionMetrics(pool, 'recorder', ['Noted']);
      expect(metrics).toMatchObject({ retrying: 1, instances: 1, deadLetters: 0 });
      expect(metrics.oldestUnprocessedAgeSeconds).toBeGreaterThan(0);
    });

    open = true;
    await eventually(async () => expect(await numbersOf(pool, 'bad')).toHaveLength(40));
    expect(await numbersOf(pool, 'bad')).toEqual(Array.from({ length: 40 }, (_, index) => index * 2));
    await eventually(async () =>
      expect(await subscriptionMetrics(pool, 'recorder', ['Noted'])).toMatchObject({
        unread: 0,
        retrying: 0,
        waiting: 0,
        oldestUnprocessedAgeSeconds: 0,
      }),
    );
  });

  test('keys that fail at random while more comes: nothing lost, nothing twice, order of each key', async () => {
    const { store, pool } = database();
    const tried = new Map<string, number>();
    const consumer = recording(pool, ({ eventId, data }) => {
      const tries = (tried.get(eventId) ?? 0) + 1;
      tried.set(eventId, tries);
      // Every third event fails once or twice.
      if (data.number % 3 === 0 && tries <= 1 + (data.number % 2)) throw new Error('not yet');
    });
    await start({ consumer, maxAttempts: 50, pageSize: 20, concurrency: 4 });
    for (let from = 0; from < 160; from += 40) {
      await Promise.all(
        Array.from({ length: 8 }, (_, key) =>
          store.append(
            `s${key}`,
            Array.from({ length: 5 }, (_, index) => noted(`k${key}`, from / 8 + index)),
          ),
        ),
      );
    }

    await eventually(async () => expect(await effects(pool)).toHaveLength(160));
    for (let key = 0; key < 8; key++) {
      expect(await numbersOf(pool, `k${key}`)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    }
  });

  test('a lost answer of the handler: the event comes again, and its effect is single', async () => {
    const { store, pool } = database();
    let lost = false;
    const recorder = recording(pool);
    const { handler, contracts } = (
      await import('../../../../lambda/runtime/consumer/declaration.ts')
    ).declarationOf(recorder);
    const { consume } = await import('../../../../lambda/runtime/consume.ts');
    const consumer = consume(
      contracts,
      async (event, context) => {
        await handler(event, context);
        if (!lost) {
          lost = true;
          throw new Error('the connection broke behind the commit');
        }
      },
      { consumer: 'recorder', logger: createLogger({ level: 'silent' }) },
    );
    await start({ consumer });
    await store.append('s', [noted('k', 1), noted('k', 2)]);
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([1, 2]));
  });

  test('tells of each event that was tried', async () => {
    const { store, pool } = database();
    const settled: SettledEvent[] = [];
    let failed = false;
    const consumer = recording(pool, () => {
      if (failed) return;
      failed = true;
      throw new Error('once');
    });
    await start({ consumer, onSettled: (one) => void settled.push(one) });
    const event = noted('k', 1);
    await store.append('s', [event]);
    await eventually(() => expect(settled).toHaveLength(2));
    expect(settled).toMatchObject([
      {
        consumer: 'recorder',
        eventId: event.eventId,
        eventType: 'Noted',
        outcome: 'failed',
        attempts: 1,
        isReplay: false,
      },
      { outcome: 'handled', attempts: 2 },
    ]);
    expect(settled[0]!.sinceAppended).toBeGreaterThanOrEqual(-1_000);
  });
});

describe('dead letters', () => {
  test('after so many attempts, at once for PermanentError and what can not be read; the key goes on', async () => {
    const { store, pool } = database();
    const consumer = recording(pool, (event) => {
      if (event.data.number === 1) throw new Error('always');
      if (event.data.number === 2) throw new PermanentError('CLOSED');
    });
    await start({ consumer, maxAttempts: 3 });
    await store.append('s', [noted('k', 1), noted('k', 2), noted('k', 3)]);
    await store.appendEncoded([message('k', { note: 7 })]);
    await store.append('s', [noted('k', 4)]);

    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([3, 4]));

    const letters = await deadLettersOf(pool, { consumer: 'recorder' });
    expect(letters.map(({ reason, detail, attempts }) => [reason, attempts, detail.slice(0, 6)])).toEqual([
      ['HANDLER_FAILED', 3, 'Error '],
      ['PERMANENT_ERROR', 1, 'CLOSED'],
      ['WAYBILL_EVENT_DATA_INVALID', 1, 'Noted '],
    ]);
    expect(letters[0]!.failedAt).toBeInstanceOf(Date);
    expect(await subscriptionMetrics(pool, 'recorder', ['Noted'])).toMatchObject({ deadLetters: 3 });
  });

  test('D16 redrive: filtered, dry first, marked, in order, from the copy that is kept; fails again, stays again', async () => {
    const { store, pool } = database();
    let repaired = false;
    const consumer = recording(pool, (event) => {
      if (event.data.number === 9 || !repaired) throw new PermanentError('BROKEN');
    });
    await start({ consumer });
    await store.append('s', [noted('a', 1), noted('a', 2), noted('a', 9)]);
    await store.append('t', [noted('b', 3, 'beta')]);
    await eventually(async () => expect(await deadLettersOf(pool, { consumer: 'recorder' })).toHaveLength(4));
    repaired = true;
    // Retention may have dropped the events themselves.
    await pool.query('delete from event_store');

    const dry = await redriveDeadLetters(pool, { consumer: 'recorder', tenantId: 'acme', dryRun: true });
    expect(dry.events).toHaveLength(3);
    expect(dry.redriven).toBe(0);
    expect(await effects(pool)).toEqual([]);

    expect((await redriveDeadLetters(pool, { consumer: 'recorder', tenantId: 'acme' })).redriven).toBe(3);

    await eventually(async () => expect(await numbersOf(pool, 'a')).toEqual([1, 2]));
    expect((await effects(pool)).map(({ replay }) => replay)).toEqual(['redrive', 'redrive']);
    await eventually(async () =>
      expect(await deadLettersOf(pool, { consumer: 'recorder' })).toMatchObject([
        { eventType: 'Noted', tenantId: 'acme', redrives: 1 },
        { tenantId: 'beta', redrives: 0 },
      ]),
    );
  });
});

describe('replay', () => {
  test('D16 a range to one consumer, marked, in order, beside what is new', async () => {
    const { store, pool } = database();
    await start({ consumer: recording(pool) });
    await start({ consumer: recording(pool, undefined, { consumer: 'other' }) });
    for (let number = 1; number <= 6; number++) await store.append('s', [noted('k', number)]);
    await eventually(async () => expect(await effects(pool)).toHaveLength(6));
    await eventually(async () => expect(await effects(pool, 'other')).toHaveLength(6));
    const { events } = await store.read();
    const range = {
      consumer: 'recorder',
      name: 'again',
      types: ['Noted'],
      after: events[1]!.position,
      upTo: events[4]!.position,
    };

    expect(await replayEvents(pool, { ...range, dryRun: true })).toEqual({ events: 3 });
    expect(await replayEvents(pool, range)).toEqual({ events: 3 });
    await store.append('s', [noted('k', 7)]);

    await eventually(async () => expect(await effects(pool)).toHaveLength(10));
    const replayed = (await effects(pool)).filter(({ replay }) => replay === 'replay');
    expect(replayed.map(({ number }) => number)).toEqual([3, 4, 5]);
    await eventually(async () => expect(await effects(pool, 'other')).toHaveLength(7));
    await expect(replayEvents(pool, { ...range, consumer: 'nobody' })).rejects.toMatchObject({
      code: 'WAYBILL_SUBSCRIPTION_UNKNOWN',
    });
  });
});
