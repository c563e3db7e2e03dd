import { afterEach, describe, expect, test } from '@jest/globals';
import type { Pool } from 'pg';

import { createOutboxProcessor } from '../../../../lambda/runtime/outbox/index.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { Broker, checkHistory, eventually, messagesOfKeys, statuses, write } from './support.ts';

const database = useDatabase({ connections: 20 });
afterEach(async () => {
  await database().pool.query('truncate event_outbox');
});

/** A process that can be paused (as by SIGSTOP or a frozen Lambda): its statements wait, the world goes on. */
function pausable(pool: Pool): { pool: Pool; pause(): void; resume(): void } {
  let gate = Promise.resolve();
  let open = (): void => undefined;
  let paused = false;
  return {
    pool: {
      query: async (...given: Parameters<Pool['query']>) => {
        await gate;
        return pool.query(...given) as unknown as Promise<unknown>;
      },
    } as unknown as Pool,
    // Paused already, a second gate would never open.
    pause: () => {
      if (paused) return;
      paused = true;
      gate = new Promise((resolve) => (open = resolve));
    },
    resume: () => open(),
  };
}

describe('D11 fencing', () => {
  test.each(['accepted', 'failed', 'refused'] as const)(
    "D11 a relay that wakes up after its lanes were taken can't mark rows (%s)",
    async (outcome) => {
      const { pool } = database();
      const written = messagesOfKeys(3, 1);
      await write(pool, written);
      const paused = pausable(pool);
      const [slowBroker, broker] = [new Broker(), new Broker()];
      slowBroker.before = () => paused.pause();
      if (outcome === 'failed') slowBroker.judge = () => ({});
      if (outcome === 'refused') slowBroker.judge = () => ({ retryable: false });
      const sleeper = createOutboxProcessor({
        pool: paused.pool,
        publisher: slowBroker,
        leaseMilliseconds: 100,
        retentionSeconds: 3600,
      });
      const sleeping = sleeper.processPendingEvents({ deadline: Date.now() + 60_000 });
      await eventually(async () => {
        const { rows } = await pool.query<{ taken: number }>(
          'select count(*)::int as taken from event_outbox_lane where lease_expires_at < now()',
        );
        expect(rows[0]!.taken).toBe(64);
      });

      // The successor has the lanes and is in the middle of publishing when the sleeper wakes up.
      let successorSent = (): void => undefined;
      const sent = new Promise<void>((resolve) => (successorSent = resolve));
      let release = (): void => undefined;
      broker.before = async () => {
        successorSent();
        await new Promise<void>((resolve) => (release = resolve));
      };
      const successor = createOutboxProcessor({
        pool,
        publisher: broker,
        leaseMilliseconds: 5_000,
        batchSize: 10,
      });
      const succeeding = successor.processPendingEvents();
      await sent;
      paused.resume();
      const result = await sleeping;

      expect(result).toMatchObject({ published: 0, retried: 0, quarantined: 0 });
      expect(await statuses(pool)).toEqual({ PENDING: 3 });
      const { rows } = await pool.query<{ retries: number }>(
        'select sum(retry_count)::int as retries from event_outbox',
      );
      expect(rows).toEqual([{ retries: 0 }]);

      release();
      expect(await succeeding).toMatchObject({ published: 3 });
      expect(checkHistory(written, broker.accepted)).toBe(0);
    },
  );

  test('D11 lanes are shared evenly, and go to the others when a relay stops', async () => {
    const { pool } = database();
    const stops = [new AbortController(), new AbortController(), new AbortController()];
    const held = async (): Promise<number[]> => {
      const { rows } = await pool.query<{ lanes: number }>(
        'select count(*)::int as lanes from event_outbox_lane where owner is not null group by owner order by 1',
      );
      return rows.map(({ lanes }) => lanes);
    };
    const relay = (stop: AbortController): Promise<unknown> =>
      createOutboxProcessor({
        pool,
        publisher: new Broker(),
        leaseMilliseconds: 600,
        pollMilliseconds: 30,
      }).run({ signal: stop.signal });

    const running = [relay(stops[0]!)];
    await eventually(async () => expect(await held()).toEqual([64]));
    running.push(relay(stops[1]!), relay(stops[2]!));
    await eventually(async () => expect(await held()).toEqual([20, 22, 22]));
    stops[0]!.abort();
    await running[0];
    await eventually(async () => expect(await held()).toEqual([32, 32]));

    stops[1]!.abort();
    stops[2]!.abort();
    await Promise.all(running);
    expect(await held()).toEqual([]);
  });
});
