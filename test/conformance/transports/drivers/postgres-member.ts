/** A member of a subscription of the event store, as the suite starts one. */
import type { Pool } from 'pg';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { SubscribeOptions } from '../../../../lambda/runtime/subscription/index.ts';

/** Milliseconds. */
export const POSTGRES_LEASE = { short: 1_500, long: 60_000 };

export const joinPostgres = (
  pool: Pool,
  group: string,
  consumer: SqsHandler,
  concurrency: number,
  order: SubscribeOptions['order'] = 'key',
  lease: keyof typeof POSTGRES_LEASE = 'short',
) =>
  subscribe({
    consumer,
    store: { pool },
    name: group,
    order,
    concurrency,
    leaseMilliseconds: POSTGRES_LEASE[lease],
    pollMilliseconds: 200,
  });
