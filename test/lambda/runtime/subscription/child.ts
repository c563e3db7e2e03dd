/** A process that handles events until it is killed: it says so when it has begun. */
import { Pool } from 'pg';

import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import { recording, SOON } from './support.ts';

const pool = new Pool({ connectionString: process.env['TEST_DATABASE_URL'] });
pool.on('error', () => undefined);
// The parent ended: nobody is left to kill this process.
process.on('disconnect', () => process.exit(0));

const consumer = recording(pool, () => new Promise((resolve) => setTimeout(resolve, 5)));
await subscribe({
  consumer,
  store: { pool },
  leaseMilliseconds: 1_000,
  pollMilliseconds: 100,
  backoff: SOON,
  concurrency: 4,
});
process.send?.('started');
