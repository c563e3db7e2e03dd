/** LISTEN that is closed at an awkward moment. What it hears is tested with who listens: the outbox, subscriptions. */
import { expect, test } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { systemClock } from '../../../../lambda/runtime/clock.ts';
import { listen } from '../../../../lambda/runtime/postgres/listen.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase();

test('closed while it connects it ends, and gives the connection back', async () => {
  const { pool } = database();
  const connecting = Promise.withResolvers<void>();
  const slow = {
    connect: async (): Promise<PoolClient> => {
      const client = await pool.connect();
      await connecting.promise;
      return client;
    },
  } as Pool;
  const listener = listen({
    pool: slow,
    channel: "'channel'",
    listener: 'test',
    clock: systemClock,
    random: Math.random,
    logger: undefined,
    notified: () => undefined,
  });

  const closed = listener.close();
  connecting.resolve();
  await closed;

  expect(pool.totalCount - pool.idleCount).toBe(0);
});
