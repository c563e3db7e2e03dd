/** What the outbox row costs the business transaction: with and without it, one writer and eight. */
import type { PoolClient } from 'pg';
import { Pool } from 'pg';

import { enqueue } from '../../lambda/runtime/outbox/index.ts';
import { event } from './events.ts';

export interface WriteShape {
  readonly name: string;
  /** Sends statements without waiting for the answers of those before (an option of `pg`). */
  readonly pipeline: boolean;
  transaction(client: PoolClient, index: number): Promise<unknown>;
}

const BUSINESS_ROW = 'insert into bench_business (tenant_id, customer_id, body) values ($1, $2, $3)';
const BODY = JSON.stringify({ note: 'x'.repeat(200) });
const businessRow = (client: PoolClient, index: number): Promise<unknown> =>
  client.query(BUSINESS_ROW, ['tenant-1', `customer-${index}`, BODY]);

export const WRITE_SHAPES: readonly WriteShape[] = [
  {
    name: 'business row',
    pipeline: false,
    transaction: async (client, index) => {
      await client.query('begin');
      await businessRow(client, index);
      await client.query('commit');
    },
  },
  {
    name: 'business row + outbox row',
    pipeline: false,
    transaction: async (client, index) => {
      await client.query('begin');
      await businessRow(client, index);
      await enqueue(client, [event(index)]);
      await client.query('commit');
    },
  },
  {
    name: 'business row, pipelined connection',
    pipeline: true,
    transaction: async (client, index) => {
      await client.query('begin');
      await businessRow(client, index);
      await client.query('commit');
    },
  },
  {
    name: 'business row + outbox row together, pipelined connection',
    pipeline: true,
    transaction: async (client, index) => {
      await client.query('begin');
      await Promise.all([businessRow(client, index), enqueue(client, [event(index)])]);
      await client.query('commit');
    },
  },
];

export async function createBusinessTable(pool: Pool): Promise<void> {
  await pool.query(`create table if not exists bench_business (
    id bigint generated always as identity primary key,
    tenant_id text not null, customer_id text not null, body jsonb not null,
    created_at timestamptz not null default now())`);
}

/** @returns transactions per second */
export async function measureWrites(
  url: string,
  shape: WriteShape,
  writers: number,
  transactions: number,
): Promise<number> {
  const pool = new Pool({ connectionString: url, max: writers, pipeline: shape.pipeline } as never);
  pool.on('error', () => undefined);
  const clients = await Promise.all(Array.from({ length: writers }, () => pool.connect()));
  await clients[0]!.query('truncate bench_business, event_outbox');
  await clients[0]!.query('checkpoint');
  let next = 0;
  const began = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < transactions) await shape.transaction(client, next++);
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  for (const client of clients) client.release();
  await pool.end();
  return transactions / seconds;
}
