import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';

import {
  claimEffect,
  claimOnce,
  followElsewhere,
  liveTransport,
  moveConsumer,
  moveObstacles,
  registerConsumers,
  releaseGivenUp,
  TransportNotLive,
  transportsOfConsumers,
} from '../../../../lambda/runtime/cutover/index.ts';
import type { TransportName } from '../../../../lambda/runtime/cutover/index.ts';
import { retryAfterOf } from '../../../../lambda/runtime/consumer/admission.ts';
import { UnavailableError } from '../../../../lambda/runtime/degradation/errors.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { deadLettersOf, subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import { PermanentError } from '../../../../lambda/runtime/errors.ts';
import { effects, eventually, moving, noted, numbersOf, SOON, useCutover } from './support.ts';

const database = useCutover(20);

const known = (configured: 'postgres' | 'redis' = 'postgres') =>
  registerConsumers(database().pool, [{ consumer: 'recorder', configured, types: ['Noted'] }]);

const claim = (transport: 'postgres' | 'redis') =>
  inTransaction(database().pool, (tx) => claimEffect(tx, { consumer: 'recorder', transport }));

/** As if a mirror had copied everything from the beginning. */
const mirrored = (after = 0) =>
  database().pool.query(
    `insert into transport_mirror (transport, event_type, after_position) values ('redis', 'Noted', $1)`,
    [after],
  );

describe('the claim of an effect', () => {
  test('goes on where the consumer is live, and is refused elsewhere', async () => {
    await known();
    await expect(claim('postgres')).resolves.toBeUndefined();
    await expect(claim('redis')).rejects.toMatchObject({ code: 'WAYBILL_TRANSPORT_NOT_LIVE' });
  });

  test('of an event that was handled is no refusal, wherever the consumer is live: nothing is left to do', async () => {
    const { pool } = database();
    await known();
    const once = (transport: 'postgres' | 'redis', eventId: string) =>
      inTransaction(pool, (tx) => claimOnce(tx, { consumer: 'recorder', transport, eventId }));
    const [first, second] = [randomUUID(), randomUUID()];

    expect(await once('postgres', first)).toBe(true);
    expect(await once('postgres', first)).toBe(false);
    expect(await once('redis', first)).toBe(false);
    // Also where it is handled in this moment: only what is committed counts.
    const working = await pool.connect();
    await working.query('begin');
    expect(await claimOnce(working, { consumer: 'recorder', transport: 'postgres', eventId: second })).toBe(
      true,
    );
    await expect(once('redis', second)).rejects.toMatchObject({ code: 'WAYBILL_TRANSPORT_NOT_LIVE' });
    await working.query('rollback');
    working.release();
    expect(await once('postgres', second)).toBe(true);
  });

  test('that is refused waits longer with each receive, so that a queue does not give the event up in a minute', () => {
    const refused = new TransportNotLive('recorder', 'sns-sqs', 'postgres');
    const waits = Array.from({ length: 10 }, (_, index) => retryAfterOf(refused, index + 1));

    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    // What a dependency asks for is its own affair.
    expect(retryAfterOf(new UnavailableError('WAYBILL_BREAKER_OPEN', 'search', 5), 10)).toBe(5);
  });

  test('of an unknown consumer notes the configured transport, and decides by it', async () => {
    const { pool } = database();
    await expect(
      inTransaction(pool, (tx) =>
        claimEffect(tx, { consumer: 'new', transport: 'redis', configured: 'postgres' }),
      ),
    ).rejects.toMatchObject({ code: 'WAYBILL_TRANSPORT_NOT_LIVE' });
    // What was noted went with the transaction.
    expect(await liveTransport(pool, 'new')).toBeUndefined();
    await inTransaction(pool, (tx) => claimEffect(tx, { consumer: 'new', transport: 'sns-sqs' }));
    expect(await liveTransport(pool, 'new')).toBe('sns-sqs');
  });

  test('a transaction that saw the time before the move is refused, whatever its isolation', async () => {
    const { pool } = database();
    await known();
    await mirrored();
    const old = await pool.connect();
    await old.query('begin isolation level repeatable read');
    await old.query('select count(*) from consumer_transport');
    await moveConsumer(pool, { consumer: 'recorder', to: 'redis' });
    await expect(claimEffect(old, { consumer: 'recorder', transport: 'postgres' })).rejects.toMatchObject({
      code: '40001',
    });
    await old.query('rollback');
    old.release();
  });

  test('says what to do where the tables are missing', async () => {
    const broken = {
      query: () => Promise.reject(Object.assign(new Error('no such function'), { code: '42883' })),
    };
    await expect(claimEffect(broken, { consumer: 'recorder', transport: 'redis' })).rejects.toMatchObject({
      code: 'WAYBILL_TRANSPORT_NOT_MIGRATED',
    });
  });
});

describe('the move', () => {
  test('waits for effects in work, holds those that begin meanwhile, and then has them refused', async () => {
    const { pool } = database();
    await known();
    await mirrored();
    const working = await pool.connect();
    await working.query('begin');
    await claimEffect(working, { consumer: 'recorder', transport: 'postgres' });
    let moved = false;
    const moving = moveConsumer(pool, { consumer: 'recorder', to: 'redis', within: 60_000 }).then(
      (report) => {
        moved = true;
        return report;
      },
    );
    const waiting = (kind: string) => async () =>
      expect(
        (
          await pool.query(
            `select 1 from pg_locks where locktype = 'advisory' and not granted and mode = $1`,
            [kind],
          )
        ).rows,
      ).toHaveLength(1);
    await eventually(waiting('ExclusiveLock'));
    // A shared lock of a row would be given to it, and one after the other would keep the move waiting.
    const late = claim('postgres').catch((error: unknown) => error);
    await eventually(waiting('ShareLock'));
    expect(moved).toBe(false);

    await working.query('commit');
    working.release();
    expect(await moving).toMatchObject({ from: 'postgres', to: 'redis', epoch: 2, moved: true });
    expect(await late).toMatchObject({ code: 'WAYBILL_TRANSPORT_NOT_LIVE' });
    await expect(claim('redis')).resolves.toBeUndefined();
  });

  test('names the session that holds it up, and changes nothing', async () => {
    const { pool } = database();
    await known();
    await mirrored();
    const zombie = await pool.connect();
    await zombie.query('begin');
    await claimEffect(zombie, { consumer: 'recorder', transport: 'postgres' });
    const { rows } = await zombie.query<{ pid: number }>('select pg_backend_pid() as pid');

    const failure = await moveConsumer(pool, { consumer: 'recorder', to: 'redis', within: 50 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'WAYBILL_TRANSPORT_MOVE_BLOCKED',
      message: expect.stringContaining(`Sessions: ${rows[0]!.pid} (`),
    });
    expect(await liveTransport(pool, 'recorder')).toBe('postgres');
    await zombie.query('rollback');
    zombie.release();
  });

  test('to where it is does nothing; from where it is not, and of nobody, it is refused', async () => {
    const { pool } = database();
    await known();
    await mirrored();
    expect(await moveConsumer(pool, { consumer: 'recorder', to: 'postgres' })).toMatchObject({
      moved: false,
      epoch: 1,
    });
    await moveConsumer(pool, { consumer: 'recorder', to: 'redis' });
    await expect(
      moveConsumer(pool, { consumer: 'recorder', from: 'sns-sqs', to: 'postgres' }),
    ).rejects.toMatchObject({ code: 'WAYBILL_TRANSPORT_MOVED_MEANWHILE' });
    await expect(moveConsumer(pool, { consumer: 'nobody', to: 'redis' })).rejects.toMatchObject({
      code: 'WAYBILL_TRANSPORT_CONSUMER_UNKNOWN',
    });
    expect(await transportsOfConsumers(pool)).toMatchObject([
      { consumer: 'recorder', liveOn: 'redis', epoch: 2, types: ['Noted'] },
    ]);
  });

  test('what was given up stays given up on the new transport, until it is released', async () => {
    const { pool, store } = database();
    const consumer = moving(pool, 'postgres', {
      before: ({ data }) => {
        if (data.number === 1) throw new PermanentError('NEVER');
      },
    });
    await known();
    await store.append('s', [noted('k', 0), noted('k', 1), noted('k', 2)]);
    const subscription = await subscribe({ consumer, store, backoff: SOON });
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([0, 2]));
    await subscription.stop();
    await mirrored();

    expect(await moveConsumer(pool, { consumer: 'recorder', to: 'redis' })).toMatchObject({ leftGivenUp: 1 });
    const inbox = () => pool.query(`select event_id from event_inbox where consumer = 'recorder'`);
    expect((await inbox()).rows).toHaveLength(3);
    expect(await releaseGivenUp(pool, 'recorder')).toHaveLength(1);
    expect((await inbox()).rows).toHaveLength(2);
  });

  test('what is asked to be tried again is, out of its order', async () => {
    const { pool, store } = database();
    await known();
    await mirrored();
    const [stored] = await store.append('s', [noted('k', 0)]);
    const given = { consumer: 'recorder', to: 'redis', givenUp: [stored!.eventId] } as const;
    expect(await moveConsumer(pool, { ...given, deadLetters: 'retry' })).toMatchObject({ leftGivenUp: 0 });
    await moveConsumer(pool, { consumer: 'recorder', to: 'postgres' });
    expect(await moveConsumer(pool, given)).toMatchObject({ leftGivenUp: 1 });
  });
});

describe('an event that comes by a transport that is not live', () => {
  test('waits, holds its key and is not counted, and is handled when its transport is live again', async () => {
    const { pool, store } = database();
    await known();
    await mirrored();
    await moveConsumer(pool, { consumer: 'recorder', to: 'redis' });
    await store.append('s', [noted('k', 0), noted('k', 1)]);
    // One attempt that counted would be the last.
    const subscription = await subscribe({
      consumer: moving(pool, 'postgres'),
      store,
      maxAttempts: 1,
      pollMilliseconds: 100,
    });
    const waiting = async () =>
      (
        await pool.query<{ attempts: number }>(
          `select attempts from event_subscription_waiting where consumer = 'recorder'`,
        )
      ).rows;
    await eventually(async () => expect(await waiting()).toEqual([{ attempts: 0 }, { attempts: 0 }]));
    expect(await effects(pool)).toEqual([]);
    await moveConsumer(pool, { consumer: 'recorder', to: 'postgres' });
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([0, 1]));
    await subscription.stop();
    expect(await deadLettersOf(pool, { consumer: 'recorder' })).toEqual([]);
  });
});

describe('what keeps a consumer from moving', () => {
  const codes = async (to: TransportName = 'redis', inboxRetentionSeconds?: number) =>
    (
      await moveObstacles(database().pool, {
        consumer: 'recorder',
        to,
        ...(inboxRetentionSeconds !== undefined && { inboxRetentionSeconds }),
      })
    ).map(({ code }) => code);

  test('nobody copies its events', async () => {
    await known();
    expect(await codes()).toEqual(['MIRROR_MISSING']);
    await expect(moveConsumer(database().pool, { consumer: 'recorder', to: 'redis' })).rejects.toMatchObject({
      code: 'WAYBILL_TRANSPORT_MOVE_UNSAFE',
    });
    expect(
      await moveConsumer(database().pool, { consumer: 'recorder', to: 'redis', force: true }),
    ).toMatchObject({ moved: true, ignored: [{ code: 'MIRROR_MISSING' }] });
  });

  test('events from before the mirror that it has not handled: in its backlog, or waiting for another try', async () => {
    const { pool, store } = database();
    let isBroken = true;
    const consumer = moving(pool, 'postgres', {
      before: ({ data }) => {
        if (isBroken && data.number === 1) throw new Error('not now');
      },
    });
    await known();
    await store.append('s', [noted('k', 0), noted('k', 1)]);
    await mirrored(await store.horizon());
    expect(await codes()).toEqual(['NOT_COVERED']);
    const subscription = await subscribe({ consumer, store, backoff: SOON, maxAttempts: 10_000 });
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([0]));
    // The cursor may be past it, but it waits.
    expect(await codes()).toEqual(['NOT_COVERED']);
    isBroken = false;
    await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([0, 1]));
    await subscription.stop();
    expect(await codes()).toEqual([]);
    // Its cursor tells what the inbox has forgotten.
    await pool.query('delete from event_inbox');
    expect(await codes()).toEqual([]);
  });

  test('events that were copied and did not come to the shadow', async () => {
    const { pool, store } = database();
    await known();
    const [lost, seen] = await store.append('s', [noted('k', 0), noted('k', 1)]);
    await mirrored();
    await pool.query(`update event_store set recorded_at = recorded_at - interval '1 minute'`);
    await pool.query(
      `insert into event_subscription (consumer, ordering, lanes) values ('mirror-redis', 'key', 64)`,
    );
    await pool.query(
      `insert into event_subscription_lane (consumer, lane, position) select 'mirror-redis', lane, $1
       from generate_series(0, 63) as lane`,
      [await store.horizon()],
    );
    // Without a shadow nobody knows.
    expect(await codes()).toEqual([]);
    const arrive = (eventId: string) =>
      pool.query(
        `insert into shadow_arrival (consumer, transport, event_id, event_type) values ('recorder', 'redis', $1, 'Noted')`,
        [eventId],
      );
    await arrive(seen!.eventId);
    expect(await codes()).toEqual(['NOT_ARRIVED']);
    await arrive(lost!.eventId);
    expect(await codes()).toEqual([]);
  });

  test('an inbox that remembers less than the new transport delivers', async () => {
    const { pool, store } = database();
    await known();
    await store.append('s', [noted('k', 0)]);
    await mirrored();
    await pool.query(`update event_store set recorded_at = recorded_at - interval '10 days'`);
    expect(await codes('redis', 11 * 86_400)).toEqual([]);
    expect(await codes('redis', 9 * 86_400)).toEqual(['INBOX_TOO_SHORT']);
    // Whatever its age, a queue keeps nothing for longer than fourteen days.
    await pool.query(`update event_store set recorded_at = recorded_at - interval '90 days'`);
    await pool.query(
      `insert into transport_mirror (transport, event_type, after_position) values ('sns-sqs', 'Noted', 0)`,
    );
    expect(await codes('redis')).toEqual(['INBOX_TOO_SHORT']);
    expect(await codes('sns-sqs')).toEqual([]);
  });

  test.each([1, 2, 100])(
    'a way back is kept open by cursors that follow, %s events at a time',
    async (pageSize) => {
      const { pool, store } = database();
      await known();
      const subscription = await subscribe({ consumer: moving(pool, 'postgres'), store });
      await store.append('s', [noted('k', 0)]);
      await eventually(async () => expect(await effects(pool)).toHaveLength(1));
      await subscription.stop();
      await mirrored();
      await moveConsumer(pool, { consumer: 'recorder', to: 'redis' });
      const stored = await store.append('s', [noted('k', 1), noted('k', 2)]);
      const [last] = await store.append('t', [noted('other', 3)]);
      // Handled on the new transport, also what is behind the one that was not.
      for (const { eventId } of [stored[0]!, last!]) {
        await pool.query(`insert into event_inbox (consumer, event_id) values ('recorder', $1)`, [eventId]);
      }

      await followElsewhere(pool, { consumer: 'recorder', types: ['Noted'], pageSize });

      const { rows } = await pool.query<{ position: number }>(
        `select position::int as position from event_subscription_lane where consumer = 'recorder' group by 1 order by 1`,
      );
      // All lanes are at the end, but that of the event that is still to be handled.
      expect(rows.map(({ position }) => position)).toEqual([stored[1]!.position - 1, last!.position]);
      await moveConsumer(pool, { consumer: 'recorder', to: 'postgres' });
      const back = await subscribe({ consumer: moving(pool, 'postgres'), store });
      await eventually(async () => expect(await numbersOf(pool, 'k')).toEqual([0, 2]));
      await back.stop();
      // Live here, its reader moves its cursors.
      expect(await followElsewhere(pool, { consumer: 'recorder', types: ['Noted'] })).toEqual({ lanes: 0 });
    },
  );
});
