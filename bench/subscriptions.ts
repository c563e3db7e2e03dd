/**
 * Subscriptions of the event store against graphile-worker, on one embedded PostgreSQL 18 that waits for the disk: how
 * fast a backlog drains with order per key, and how long it takes from the append to the handler. In one run, medians of
 * rounds in which both take turns. What the handler does is the same: nothing, or one row in its own transaction.
 */
import { cpus } from 'node:os';
import type { TaskList } from 'graphile-worker';
import { Logger, run as runWorker, runMigrations } from 'graphile-worker';
import type { Pool } from 'pg';
import { Pool as PostgresPool } from 'pg';
import * as z from 'zod/mini';

import { createEventStore, eventStoreMigrations } from '../lambda/runtime/event-store/index.ts';
import type { EventStore } from '../lambda/runtime/event-store/index.ts';
import { processOnce } from '../lambda/runtime/inbox/index.ts';
import { consume } from '../lambda/runtime/consume.ts';
import { createLogger } from '../lambda/runtime/logger.ts';
import { inTransaction, migrate, runtimeMigrations } from '../lambda/runtime/postgres/index.ts';
import { removeSubscription, subscribe } from '../lambda/runtime/subscription/index.ts';
import type { SubscribeOptions } from '../lambda/runtime/subscription/index.ts';
import { event as declare } from '../lib/contracts/index.ts';
import { startEmbeddedPostgres } from '../local/postgres/index.ts';
import { event } from './outbox/events.ts';

const ROUNDS = 3;
const ROWS = 20_000;
/** With a transaction for each event. */
const ROWS_WITH_EFFECT = 5_000;
const LATENCIES = 300;
/** Handlers at the same time, of both. */
export const CONCURRENCY = 24;
const CHUNK = 1_000;

export const OrderPlaced = declare('OrderPlaced', {
  version: '1.0',
  source: 'ecommerce.orders',
  data: z.object({ index: z.number(), orderId: z.string(), customerId: z.string(), note: z.string() }),
  orderingKey: 'customerId',
});
export const silent = createLogger({ level: 'silent' });
export const SILENT = new Logger(() => () => undefined);

/** Called for each event: what a handler does, and the order that it sees. */
export interface Sink {
  handled: number;
  violations: number;
  handle(eventId: string, data: { readonly index: number; readonly customerId: string }): Promise<void>;
}

export interface Contender {
  readonly name: string;
  fill(from: number, count: number): Promise<void>;
  /** Handles until it is stopped. */
  start(sink: Sink): Promise<() => Promise<unknown>>;
  clear(): Promise<void>;
}

export async function run(): Promise<void> {
  const server = await startEmbeddedPostgres({ durable: true });
  const pool = new PostgresPool({ connectionString: server.url, max: 40 });
  pool.on('error', () => undefined);
  try {
    await migrate(pool, [...runtimeMigrations, ...eventStoreMigrations]);
    await runMigrations({ pgPool: pool, logger: SILENT });
    await pool.query(
      'create table bench_effect (event_id text, customer text, at timestamptz default now())',
    );
    const store = createEventStore({ pool, contracts: [OrderPlaced], logger: silent });
    const contenders = [waybill(store, store), graphile(pool)];
    print(
      `subscriptions bench: PostgreSQL 18, fsync on, ${cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds, ${CONCURRENCY} handlers at a time`,
    );
    print(
      columns(
        'what',
        contenders.map(({ name }) => name),
      ),
    );
    await drains(pool, contenders, 'drained events/s, handler does nothing', ROWS, false);
    await drains(
      pool,
      contenders,
      'drained events/s, one row in its own transaction',
      ROWS_WITH_EFFECT,
      true,
    );
    await latencies([waybill(store, { pool }), graphile(pool), waybill(store, store)]);
  } finally {
    await pool.end();
    await server.stop();
  }
}

/** @param read without `onNudge` a subscription is told by NOTIFY alone, as one in another process is */
export function waybill(store: EventStore, read: SubscribeOptions['store']): Contender {
  const { pool } = store;
  return {
    name: 'waybill',
    fill: async (from, count) => {
      for (let at = 0; at < count; at += CHUNK) {
        const size = Math.min(CHUNK, count - at);
        await store.appendEncoded(Array.from({ length: size }, (_, index) => event(from + at + index)));
      }
    },
    start: async (sink) => {
      const consumer = consume(OrderPlaced, ({ eventId, data }) => sink.handle(eventId, data), {
        consumer: 'bench',
        logger: silent,
      });
      const subscription = await subscribe({ consumer, store: read, concurrency: CONCURRENCY });
      return () => subscription.stop();
    },
    clear: async () => {
      await removeSubscription(pool, 'bench');
      await pool.query(
        'truncate event_store, event_store_stream, event_store_receipt, event_inbox, bench_effect',
      );
    },
  };
}

/** Tuned as its "Scaling tips" say; a queue for each key keeps the order, and a queue's lock keeps two from one key. */
export function graphile(pool: Pool): Contender {
  return {
    name: 'graphile-worker',
    fill: async (from, count) => {
      for (let at = 0; at < count; at += CHUNK) {
        const page = Array.from({ length: Math.min(CHUNK, count - at) }, (_, index) =>
          event(from + at + index),
        );
        await pool.query(
          `select graphile_worker.add_jobs(array(
             select row('handle', payload, queue, null, null, null, null, null)::graphile_worker.job_spec
             from unnest($1::json[], $2::text[]) as job (payload, queue)))`,
          [page.map(({ body }) => body), page.map(({ orderingKey }) => orderingKey)],
        );
      }
    },
    start: async (sink) => {
      const taskList: TaskList = {
        handle: (payload) => sink.handle((payload as { eventId: string }).eventId, dataOf(payload)),
      };
      const runner = await runWorker({
        pgPool: pool,
        taskList,
        logger: SILENT,
        noHandleSignals: true,
        preset: {
          worker: {
            concurrentJobs: CONCURRENCY,
            maxPoolSize: 40,
            pollInterval: 100,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
          },
        },
      });
      return () => runner.stop();
    },
    clear: async () => {
      await pool.query(
        'truncate graphile_worker._private_jobs, graphile_worker._private_job_queues, event_inbox, bench_effect',
      );
    },
  };
}

/** Validated as ours is: a handler that takes what comes is another thing. Ours checks the envelope besides. */
export function dataOf(payload: unknown): { readonly index: number; readonly customerId: string } {
  const checked = OrderPlaced.schema['~standard'].validate((payload as { data: unknown }).data);
  if (checked instanceof Promise || checked.issues !== undefined) throw new Error('invalid');
  return checked.value;
}

export function sinkOf(pool: Pool | undefined): Sink {
  const last = new Map<string, number>();
  const sink: Sink = {
    handled: 0,
    violations: 0,
    handle: async (eventId, { index, customerId }) => {
      // What comes again has had its effect, and counts once.
      if (pool !== undefined && !(await haveEffect(pool, eventId, customerId))) return;
      if (index < (last.get(customerId) ?? -1)) sink.violations += 1;
      last.set(customerId, index);
      sink.handled += 1;
    },
  };
  return sink;
}

function haveEffect(pool: Pool, eventId: string, customerId: string): Promise<boolean> {
  return inTransaction(pool, async (tx) => {
    if (!(await processOnce(tx, 'bench', eventId))) return false;
    await tx.query('insert into bench_effect (event_id, customer) values ($1, $2)', [eventId, customerId]);
    return true;
  });
}

async function drains(
  pool: Pool,
  contenders: readonly Contender[],
  what: string,
  rows: number,
  effect: boolean,
): Promise<void> {
  const rates = contenders.map(() => [] as number[]);
  let violations = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [at, contender] of contenders.entries()) {
      progress(`round ${round}/${ROUNDS}: ${contender.name}, ${what}`);
      await contender.clear();
      await contender.fill(0, rows);
      await pool.query('vacuum (analyze)');
      await pool.query('checkpoint');
      const sink = sinkOf(effect ? pool : undefined);
      const began = performance.now();
      const stop = await contender.start(sink);
      while (sink.handled < rows) await new Promise((resolve) => setTimeout(resolve, 2));
      const took = performance.now() - began;
      await stop();
      rates[at]!.push(rows / (took / 1_000));
      violations += sink.violations;
    }
  }
  report(what, rates.map(median), (value) => Math.round(value).toLocaleString('en'));
  if (violations > 0) print(`  ${violations} events were out of order`);
}

/** From before the append of one event to its handler, with nothing else to do. */
async function latencies(contenders: readonly Contender[]): Promise<void> {
  print(columns('', ['by NOTIFY', 'graphile-worker', 'same process']));
  const measured: number[][] = [];
  for (const contender of contenders) {
    progress(`latency: ${contender.name}`);
    await contender.clear();
    const sink = sinkOf(undefined);
    let arrived = (): void => undefined;
    const { handle } = sink;
    sink.handle = async (eventId, data) => {
      await handle(eventId, data);
      arrived();
    };
    const stop = await contender.start(sink);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const times: number[] = [];
    for (let index = 0; index < LATENCIES; index++) {
      const handled = new Promise<void>((resolve) => (arrived = resolve));
      const began = performance.now();
      await contender.fill(index, 1);
      await handled;
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await stop();
    measured.push(times.sort((a, b) => a - b));
  }
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const values = measured.map((times) => times[Math.floor(times.length * share)]!);
    report(`append to handled, ${name}, ms`, values, (value) => value.toFixed(1));
  }
}

function report(what: string, values: readonly number[], format: (value: number) => string): void {
  print(`${columns(what, values.map(format))}  ${(values[0]! / values[1]!).toFixed(2)}x`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function columns(first: string, others: readonly string[]): string {
  return first.padEnd(52) + others.map((text) => text.padStart(18)).join('');
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
