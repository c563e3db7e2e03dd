/** A process of a system on the move, which tests kill, stop and let go on: a mirror, or a consumer's reader. */
import { Pool } from 'pg';

import { mirrorEvents, superviseConsumers } from '../../../../lambda/runtime/cutover/index.ts';
import { makeRedisGroup, pollRedis, redisTransport } from '../../../../lambda/runtime/redis/index.ts';
import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import { moving } from './consumer.ts';
import { silent } from '../event-store/contracts.ts';

export interface CutoverProcessOptions {
  readonly role: 'mirror' | 'postgres' | 'redis';
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** A note whose effect waits, in its transaction or before it, until the parent says so. */
  readonly waitsWithin?: string;
  readonly waitsBefore?: string;
  /** Milliseconds that a handling takes. */
  readonly work?: number;
}

const options = JSON.parse(process.env['CUTOVER_PROCESS']!) as CutoverProcessOptions;
const pool = new Pool({ connectionString: options.databaseUrl, max: 20, application_name: options.role });
pool.on('error', () => undefined);
// The parent ended: nobody is left to end this process.
process.on('disconnect', () => process.exit(0));

const server = { url: options.redisUrl };
const stream = { server, stream: 'notes', partitions: 4 };
const told = new Promise<void>((resolve) => process.once('message', () => resolve()));
const quick = { pollMilliseconds: 100, leaseMilliseconds: 1_000, backoff: { base: 0.05, cap: 0.2 } };

async function waitFor(place: string): Promise<void> {
  process.send?.(place);
  await told;
}

if (options.role === 'mirror') {
  await mirrorEvents({
    store: { pool },
    to: 'redis',
    transport: redisTransport(stream),
    types: ['Noted'],
    logger: silent,
    ...quick,
  });
} else {
  const consumer = moving(pool, options.role, {
    before: async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, options.work ?? 2));
      if (data.note === options.waitsBefore) await waitFor('before');
    },
    within: async ({ data }) => {
      if (data.note === options.waitsWithin) await waitFor('within');
    },
  });
  await superviseConsumers({
    pool,
    transport: options.role,
    logger: silent,
    pollMilliseconds: 100,
    consumers: [
      {
        consumer: 'recorder',
        configured: 'postgres',
        types: ['Noted'],
        ...(options.role === 'redis' && { prepare: () => makeRedisGroup({ ...stream, group: 'recorder' }) }),
        start: () =>
          options.role === 'postgres'
            ? subscribe({ consumer, store: { pool }, maxAttempts: 1_000, concurrency: 4, ...quick })
            : pollRedis({
                ...stream,
                consumer,
                order: 'key',
                visibilityTimeout: 2,
                maxReceiveCount: 1_000,
                backoff: quick.backoff,
                concurrency: 4,
              }),
      },
    ],
  });
}
process.send?.('started');
