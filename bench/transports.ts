/**
 * The three transports of the agents side by side, and two queue libraries, with the same guarantees: order by key, at
 * least once, and one row with its note in the inbox in one transaction of one PostgreSQL 18 that waits for the disk.
 * Prints how fast a backlog drains, the time from append to handled, and what it took of the database.
 * `npm run bench -- transports`
 */
import { cpus, loadavg } from 'node:os';
import { runMigrations } from 'graphile-worker';
import { Pool as PostgresPool } from 'pg';
import type { Pool } from 'pg';

import { createEventStore, eventStoreMigrations } from '../lambda/runtime/event-store/index.ts';
import { migrate, runtimeMigrations } from '../lambda/runtime/postgres/index.ts';
import { startEmbeddedPostgres } from '../local/postgres/index.ts';
import { CONCURRENCY, graphile, OrderPlaced, silent, SILENT, waybill } from './subscriptions.ts';
import type { Contender } from './subscriptions.ts';
import { measure } from './transports/measure.ts';
import type { Round } from './transports/measure.ts';
import { startPgBoss } from './transports/pg-boss.ts';
import { startRedis } from './transports/redis.ts';
import { startSnsSqs } from './transports/sns-sqs.ts';

const ROUNDS = 5;
const SIZE = { rows: 2_000, latencies: 150 };
/** Milliseconds after which no further turn begins: the medians are of those that were. */
const BUDGET = 240_000;
/** Milliseconds to stop the servers. What hung does not keep the bench from its end. */
const GRACE = 10_000;
const OURS = 'postgres';

interface Measured {
  readonly contender: Contender;
  readonly rounds: Round[];
  failure: string | undefined;
}

export async function run(): Promise<void> {
  const server = await startEmbeddedPostgres({ durable: true });
  const pool = new PostgresPool({ connectionString: server.url, max: 40 });
  const ignore = (): void => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  const stops: (() => Promise<void>)[] = [];
  try {
    await migrate(pool, [...runtimeMigrations, ...eventStoreMigrations]);
    await runMigrations({ pgPool: pool, logger: SILENT });
    await pool.query(
      'create table bench_effect (event_id text, customer text, at timestamptz default now())',
    );
    // Told by NOTIFY alone, as a reader in another process is.
    const store = createEventStore({ pool, contracts: [OrderPlaced], logger: silent });
    const contenders: Contender[] = [{ ...waybill(store, { pool }), name: OURS }];
    for (const start of [startRedis, startSnsSqs, () => startPgBoss(server.url)]) {
      const started = await start();
      if (started === undefined) {
        print('redis: not installed, see npm run brokers:install');
        continue;
      }
      contenders.push(started.contender);
      stops.push(() => started.stop());
    }
    contenders.push(graphile(pool));
    report(await measureAll(pool, contenders));
  } finally {
    setTimeout(() => process.exit(), GRACE).unref();
    for (const stop of stops) await stop();
    await pool.end();
    await server.stop();
  }
}

async function measureAll(pool: Pool, contenders: readonly Contender[]): Promise<readonly Measured[]> {
  print(
    `transports bench: PostgreSQL 18, fsync on, ${cpus().length} cores, Node ${process.version}, at most ${ROUNDS} rounds, ` +
      `${SIZE.rows} events a round, ${CONCURRENCY} handlers, each a transaction with a row and the inbox; order by key`,
  );
  const all = contenders.map((contender): Measured => ({ contender, rounds: [], failure: undefined }));
  const end = performance.now() + BUDGET;
  for (let round = 0; round < ROUNDS; round += 1) {
    // Each begins a round once, so that none has always the same one before it.
    const turns = all.map((_, index) => all[(index + round) % all.length]!);
    for (const measured of turns) {
      if (measured.failure !== undefined || performance.now() > end) continue;
      await measureOne(pool, measured, round);
    }
  }
  return all;
}

async function measureOne(pool: Pool, measured: Measured, round: number): Promise<void> {
  const { contender, rounds } = measured;
  try {
    const found = await measure(pool, contender, SIZE);
    rounds.push(found);
    progress(
      `round ${round + 1}/${ROUNDS}: ${contender.name}: ${Math.round(found.rate)}/s, ` +
        `p50 ${quantile(found.latencies, 0.5).toFixed(1)} ms, load ${loadavg()[0]!.toFixed(1)}`,
    );
  } catch (error) {
    measured.failure = `round ${round + 1}: ${(error as Error).message}`;
    process.exitCode = 1;
    progress(`${contender.name} is given up, ${measured.failure}`);
  }
}

function report(all: readonly Measured[]): void {
  const ours = all.find(({ contender }) => contender.name === OURS);
  const ourRate = ours === undefined ? NaN : median(ours.rounds.map(({ rate }) => rate));
  print(
    columns('transport', [
      'drained/s',
      'ours / it',
      'p50 ms',
      'p99 ms',
      'statements',
      'one by one',
      'log bytes',
      'rounds',
    ]),
  );
  for (const { contender, rounds, failure } of all) {
    if (rounds.length > 0) {
      const of = (value: (round: Round) => number): number =>
        median(rounds.map(value).filter((found) => !Number.isNaN(found)));
      const latencies = rounds.flatMap((round) => round.latencies);
      print(
        columns(contender.name, [
          Math.round(of(({ rate }) => rate)).toLocaleString('en'),
          (ourRate / of(({ rate }) => rate)).toFixed(2),
          quantile(latencies, 0.5).toFixed(1),
          quantile(latencies, 0.99).toFixed(1),
          of(({ statements }) => statements).toFixed(2),
          of(({ statementsPaced }) => statementsPaced).toFixed(2),
          Math.round(of(({ log }) => log)).toLocaleString('en'),
          String(rounds.length),
        ]),
      );
      const violations = rounds.reduce((sum, round) => sum + round.violations, 0);
      if (violations > 0) print(`  ${violations} events were out of order`);
    }
    if (failure !== undefined) print(`${contender.name}: given up, ${failure}`);
  }
}

const columns = (first: string, others: readonly string[]): string =>
  first.padEnd(30) + others.map((text) => text.padStart(12)).join('');

const median = (values: readonly number[]): number => quantile(values, 0.5);

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? NaN;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
