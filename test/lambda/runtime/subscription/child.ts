/** A process that handles events until it is killed, or an event ends it: it says so when it has begun. */
import { Pool } from 'pg';

import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import { POISON, recording, SOON } from './support.ts';

const pool = new Pool({ connectionString: process.env['TEST_DATABASE_URL'] });
pool.on('error', () => undefined);
// The parent ended: nobody is left to kill this process.
process.on('disconnect', () => process.exit(0));

const consumer = recording(pool, async ({ data }) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (data.note === POISON && data.number === 1) process.exit(1);
});
await subscribe({
  consumer,
  store: { pool },
  leaseMilliseconds: 1_000,
  pollMilliseconds: 100,
  backoff: SOON,
  concurrency: 4,
  maxAttempts: 3,
});
process.send?.('started');
