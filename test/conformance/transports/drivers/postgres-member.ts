/** A member of a subscription of the event store, as the suite starts one. */
import type { Pool } from 'pg';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { SubscribeOptions } from '../../../../lambda/runtime/subscription/index.ts';

export const POSTGRES_LEASE = 1_000;

export const joinPostgres = (
  pool: Pool,
  group: string,
  consumer: SqsHandler,
  concurrency: number,
  order: SubscribeOptions['order'] = 'key',
) =>
  subscribe({
    consumer,
    store: { pool },
    name: group,
    order,
    concurrency,
    leaseMilliseconds: POSTGRES_LEASE,
    pollMilliseconds: 200,
  });
