import { afterEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';

import { eventRecord } from '../../../../lambda/runtime/consumer/event-record.ts';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { noteBegun } from '../../../../lambda/runtime/subscription/begun.ts';
import type { Item } from '../../../../lambda/runtime/subscription/item.ts';
import { deadLettersOf, removeSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import { storeDeadLetter, storeProgress } from '../../../../lambda/runtime/subscription/rows.ts';
import { empty, noted, useEventStore } from '../event-store/support.ts';
import { effects, eventually, lanesByOwner, numbersOf, recording } from './support.ts';
import { useSubscriptions } from './use-subscriptions.ts';

const database = useEventStore(30);
const start = useSubscriptions(database, { pollMilliseconds: 50, leaseMilliseconds: 3_000 });
afterEach(async () => {
  await empty(database().pool);
});

/** A process that can be paused (as by SIGSTOP): its statements wait, the world goes on. */
function pausable(pool: Pool): { pool: Pool; pause(): void; resume(): void } {
  let gate = Promise.resolve();
  let open = (): void => undefined;
  return {
    pool: new Proxy(pool, {
      get: (target, name) => {
        if (name !== 'query') return Reflect.get(target, name, target) as unknown;
        return async (...given: Parameters<Pool['query']>) => {
          await gate;
          return target.query(...given) as unknown as Promise<unknown>;
        };
      },
    }),
    pause: () => {
      gate = new Promise((resolve) => (open = resolve));
    },
    resume: () => open(),
  };
}

describe('several instances', () => {
  test('D17 stopping lets the running handler finish, marks it, and gives the lanes back', async () => {
    const { store, pool } = database();
    let began = (): void => undefined;
    const handling = new Promise<void>((resolve) => (began = resolve));
    let release = (): void => undefined;
    let wasAborted: boolean | undefined;
    const consumer = recording(pool, async (event, context) => {
      if (event.data.number > 0) throw new Error('not started');
      began();
      await new Promise<void>((resolve) => (release = resolve));
      wasAborted = context.signal.aborted;
    });
    const subscription = await start({ consumer, concurrency: 1 });
    await store.append('s', [noted('k', 0), noted('k', 1)]);
    await handling;

    const stopping = subscription.stop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();

    expect(await stopping).toEqual({ abandoned: 0 });
    expect(wasAborted).toBe(false);
    expect(await numbersOf(pool, 'k')).toEqual([0]);
    expect(await lanesByOwner(database().pool)).toEqual([]);
    const { rows } = await pool.query('select 1 from event_subscription_waiting');
    expect(rows).toEqual([]);
  });

  test('D17 a handler that does not end in time is told, and its event comes again', async () => {
    const { store, pool } = database();
    let told = (): void => undefined;
    const aborted = new Promise<void>((resolve) => (told = resolve));
    let began = (): void => undefined;
    const handling = new Promise<void>((resolve) => (began = resolve));
    const stuck = recording(pool, (_, { signal }) => {
      began();
      signal.addEventListener('abort', () => told());
      return new Promise<void>(() => undefined);
    });
    const subscription = await start({ consumer: stuck });
    await store.append('s', [noted('k', 1)]);
    await handling;

    expect(await subscription.stop({ within: 10 })).toEqual({ abandoned: 1 });
    await aborted;
    await start({ consumer: recording(pool) });
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([1]));
  });

  test('an instance that sleeps through its lease: another takes over, and what the first does late changes nothing', async () => {
    const { store, pool } = database();
    const sleeper = pausable(pool);
    let release = (): void => undefined;
    let lost: unknown;
    const slow = recording(pool, async (_, { signal }) => {
      sleeper.pause();
      await new Promise<void>((resolve) => (release = resolve));
      // It is told when a statement of its instance has come back.
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve());
      });
      lost = signal.reason;
      throw new PermanentError('TOO_LATE');
    });
    await start({ consumer: slow, store: { pool: sleeper.pool }, leaseMilliseconds: 400, listen: false });
    await store.append('s', [noted('k', 1), noted('k', 2)]);
    await eventually(async () => {
      const { rows } = await pool.query(
        'select 1 from event_subscription_lane where lease_expires_at < clock_timestamp()',
      );
      expect(rows).toHaveLength(64);
    });

    await start({ consumer: recording(pool) });
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([1, 2]));
    sleeper.resume();
    release();
    await eventually(() => expect(lost).toBeDefined());
    // For what it could still write.
    await new Promise((resolve) => setTimeout(resolve, 500));

    expect(lost).toMatchObject({ code: 'WAYBILL_MESSAGE_LOST' });
    expect(await deadLettersOf(pool, { consumer: 'recorder' })).toEqual([]);
    const { rows } = await pool.query('select 1 from event_subscription_waiting');
    expect(rows).toEqual([]);
    expect(await numbersOf(pool, 'k')).toEqual([1, 2]);
  });

  test('what was begun without an outcome: counted when it begins again, and given up unhandled after its tries', async () => {
    const { store, pool } = database();
    await (await start({ consumer: recording(pool) })).stop();
    await store.append('s', [noted('deadly', 1), noted('deadly', 2), noted('neighbour', 3)]);
    await pool.query(
      `insert into event_subscription_begun (consumer, lane, unit, position, begun)
       select 'recorder', lane, ordering_key, position, case version when 1 then 5 else 1 end
       from event_store where version <> 2`,
    );
    const attempts: number[] = [];

    await start({
      consumer: recording(pool, (event, { receiveCount }) => {
        attempts[event.data.number] = receiveCount;
      }),
    });

    await eventually(async () => expect(await effects(pool)).toHaveLength(2));
    expect(attempts).toEqual([undefined, undefined, 1, 2]);
    expect(await deadLettersOf(pool, { consumer: 'recorder' })).toMatchObject([
      { reason: 'RECEIVES_EXHAUSTED', attempts: 5 },
    ]);
    await eventually(async () =>
      expect((await pool.query('select 1 from event_subscription_begun')).rows).toEqual([]),
    );
  });

  test('a late writer with an older token changes neither cursors nor what waits nor dead letters', async () => {
    const { store, pool } = database();
    const subscription = await start({ consumer: recording(pool), order: 'total' });
    await store.append('s', [noted('k', 1)]);
    await eventually(async () => expect(await effects(pool)).toHaveLength(1));
    await subscription.stop();
    const state = async (): Promise<unknown> =>
      (await pool.query('select lane, position, fencing_token from event_subscription_lane')).rows;
    const before = await state();
    const item: Item = {
      ...eventRecord(
        {
          eventId: noted('k').eventId,
          eventType: 'Noted',
          eventVersion: '1.0',
          tenantId: 'acme',
          priority: 'normal',
          body: '{}',
        },
        '',
        1,
      ),
      eventId: noted('k').eventId,
      eventType: 'Noted',
      eventVersion: '1.0',
      tenantId: 'acme',
      priority: 'normal',
      lane: 0,
      unit: '',
      position: 1_000,
      recordedAt: 0,
      attempts: 0,
      waits: false,
      replay: undefined,
      body: '{}',
    };
    const old = new Map([[0, '0']]);
    const progress = {
      cursors: [{ lane: 0, position: 1_000 }],
      kept: [{ item, attempts: 1, delayMilliseconds: 0, error: 'late' }],
      removed: [],
    };

    expect(await storeProgress(pool, 'recorder', old, progress)).toEqual(new Set());
    expect(await storeDeadLetter(pool, 'recorder', '0', item, { reason: 'LATE', detail: '' })).toBe(false);

    expect(await noteBegun(pool, 'recorder', '0', item)).toBeUndefined();

    expect(await state()).toEqual(before);
    expect((await pool.query('select 1 from event_subscription_waiting')).rows).toEqual([]);
    expect(await deadLettersOf(pool, { consumer: 'recorder' })).toEqual([]);
    expect(await removeSubscription(pool, 'recorder')).toBe(true);
    expect(await state()).toEqual([]);
  });
});
