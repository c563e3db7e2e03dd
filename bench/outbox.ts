/**
 * The outbox against its peers: how fast a backlog drains with order per key, and what an outbox row costs its
 * business transaction. All in one run on one embedded PostgreSQL 18 that waits for the disk, medians of three
 * rounds in which the strategies take turns.
 */
import { cpus } from 'node:os';
import { Pool } from 'pg';

import { migrate } from '../lambda/runtime/postgres/index.ts';
import { startEmbeddedPostgres } from '../local/postgres/index.ts';
import { measureEndToEnd } from './outbox/end-to-end.ts';
import { countingPublisher } from './outbox/publisher.ts';
import type { Strategy } from './outbox/strategies.ts';
import { graphile, laneOwning, oneByOne, ours } from './outbox/strategies.ts';
import { createBusinessTable, measureWrites, WRITE_SHAPES } from './outbox/write-cost.ts';

const ROUNDS = 3;
/** Writes are measured in many short rounds, because a commit waits for a disk that others use too. */
const WRITE_ROUNDS = 9;
const ROWS = 100_000;
/** Enough for a steady rate, and done in this lifetime. */
const ROWS_ONE_BY_ONE = 1_000;
/** Milliseconds that a publish batch call takes. */
const SLOW = 5;

interface Case {
  readonly strategy: Strategy;
  readonly delay: number;
  readonly rows: number;
}

const CASES: readonly Case[] = [
  ...[0, SLOW].flatMap((delay) => [
    { strategy: laneOwning, delay, rows: ROWS },
    { strategy: ours(1, 0), delay, rows: ROWS },
    { strategy: ours(2, 0), delay, rows: ROWS },
    { strategy: ours(1, 86_400), delay, rows: ROWS },
    { strategy: ours(2, 86_400), delay, rows: ROWS },
  ]),
  { strategy: graphile(true), delay: 0, rows: ROWS },
  { strategy: oneByOne, delay: SLOW, rows: ROWS_ONE_BY_ONE },
];

export async function run(): Promise<void> {
  const server = await startEmbeddedPostgres({ durable: true });
  const pool = new Pool({ connectionString: server.url, max: 12 });
  pool.on('error', () => undefined);
  try {
    await migrate(pool);
    await createBusinessTable(pool);
    print(
      `outbox bench: PostgreSQL 18, fsync on, ${cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds`,
    );
    await drains(pool);
    await endToEnd(pool);
    await writes(server.url);
  } finally {
    await pool.end();
    await server.stop();
  }
}

async function drains(pool: Pool): Promise<void> {
  const rates = new Map<Case, number[]>(CASES.map((one) => [one, []]));
  const violations = new Map<Case, number>();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const one of CASES) {
      const { strategy, delay, rows } = one;
      progress(`round ${round}/${ROUNDS}: ${strategy.name}, ${delay} ms`);
      await strategy.fill(pool, rows);
      await pool.query('vacuum (analyze)');
      await pool.query('checkpoint');
      const publisher = countingPublisher(delay);
      const began = performance.now();
      await strategy.drain(pool, publisher, rows);
      rates.get(one)!.push(rows / ((performance.now() - began) / 1_000));
      violations.set(one, (violations.get(one) ?? 0) + publisher.violations);
      if (publisher.published < rows)
        throw new Error(`${strategy.name} published ${publisher.published} of ${rows}`);
    }
  }
  print(
    `\nDrain of ${ROWS.toLocaleString('en')} rows, 1,000 keys (one by one: ${ROWS_ONE_BY_ONE.toLocaleString('en')} rows)`,
  );
  print(columns('strategy', 'publisher', 'rows/s', 'out of order'));
  for (const one of CASES) {
    print(
      columns(
        one.strategy.name,
        one.delay === 0 ? 'no-op' : `${one.delay} ms`,
        whole(median(rates.get(one)!)),
        String(violations.get(one)),
      ),
    );
  }
  const rate = (name: string, delay: number): number =>
    median(rates.get(CASES.find(({ strategy, delay: d }) => strategy.name === name && d === delay)!)!);
  const best = (delay: number): number => rate(ours(1, 0).name, delay);
  print('\nRatios (one relay, deleting)                                     measured   aim');
  print(ratio('to the lane-owning loop, no-op', best(0) / rate(laneOwning.name, 0), '0.7'));
  print(ratio('to the lane-owning loop, 5 ms', best(SLOW) / rate(laneOwning.name, SLOW), '0.7'));
  print(ratio('to graphile-worker with order, no-op', best(0) / rate(graphile(true).name, 0), '2.5'));
  print(ratio('to one by one, 5 ms', best(SLOW) / rate(oneByOne.name, SLOW), '300'));
}

async function endToEnd(pool: Pool): Promise<void> {
  const rounds = [];
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`round ${round}/${ROUNDS}: end to end through SNS`);
    rounds.push(await measureEndToEnd(pool));
  }
  print('\nEnd to end into an SNS that answers at once (FIFO, PublishBatch of ten)');
  print(columns('what', '', 'events/s'));
  print(columns('the AWS client alone', '', whole(median(rounds.map(({ client }) => client)))));
  print(columns('waybill, outbox to SNS', '', whole(median(rounds.map(({ outbox }) => outbox)))));
  const share = median(rounds.map(({ client, outbox }) => outbox / client));
  print(`The outbox reaches ${(share * 100).toFixed(0)} % of what the client alone can do.`);
}

async function writes(url: string): Promise<void> {
  print('\nBusiness transactions per second');
  print(columns('shape', 'writers', 'tx/s', 'cost'));
  for (const [writers, transactions] of [
    [1, 400],
    [8, 3_000],
  ] as const) {
    const rates = WRITE_SHAPES.map(() => [] as number[]);
    for (let round = 1; round <= WRITE_ROUNDS; round++) {
      for (const [index, shape] of WRITE_SHAPES.entries()) {
        progress(`round ${round}/${WRITE_ROUNDS}: ${shape.name}, ${writers} writers`);
        rates[index]!.push(await measureWrites(url, shape, writers, transactions));
      }
    }
    const alone = median(rates[0]!);
    for (const [index, shape] of WRITE_SHAPES.entries()) {
      const rate = median(rates[index]!);
      const cost = index === 0 ? '' : `${((1 - rate / alone) * 100).toFixed(0)} %`;
      print(columns(shape.name, String(writers), whole(rate), cost));
    }
  }
  print('Cost: against the first shape. Aim: at most 15 %.');
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function columns(first: string, ...others: readonly string[]): string {
  return first.padEnd(58) + others.map((text) => text.padStart(14)).join('');
}

function ratio(what: string, measured: number, aim: string): string {
  return `${what.padEnd(58)}${`${measured.toFixed(2)}x`.padStart(14)}${`>= ${aim}x`.padStart(10)}`;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
