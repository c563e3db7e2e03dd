/**
 * One round of one contender: a backlog is drained, and then come events one by one. Nothing waits for ever. A drain that
 * is only slow ends at its limit, with the rate that it had; what stands still ends the round with an error.
 */
import { Client } from 'pg';
import type { Pool } from 'pg';

import { sinkOf } from '../subscriptions.ts';
import type { Contender, Sink } from '../subscriptions.ts';

/** Milliseconds. */
const DRAIN_LIMIT = 30_000;
const STANDSTILL = 20_000;
const HANDLED_LIMIT = 10_000;
const STEP_LIMIT = 60_000;
/** Milliseconds between two events whose latency is measured. */
const PACE = 5;

export interface RoundSize {
  /** Events of the backlog. */
  readonly rows: number;
  /** Events whose latency is measured. */
  readonly latencies: number;
}

export interface Round {
  /** Events a second. */
  readonly rate: number;
  /** Milliseconds from before the append to after the transaction of the handler; none where the drain was cut short. */
  readonly latencies: readonly number[];
  /** Statements sent to PostgreSQL for each event, the handler's four among them: of the backlog, and one by one. */
  readonly statements: number;
  readonly statementsPaced: number;
  /** Bytes that PostgreSQL wrote ahead for each event of the backlog. */
  readonly log: number;
  /** Events that came before an earlier one of their key. */
  readonly violations: number;
}

export async function measure(
  pool: Pool,
  contender: Contender,
  { rows, latencies: paced }: RoundSize,
): Promise<Round> {
  const count = countStatements();
  try {
    await within(STEP_LIMIT, 'clearing', contender.clear());
    await within(STEP_LIMIT, 'clearing', pool.query('truncate event_inbox, bench_effect'));
    await within(STEP_LIMIT, 'the backlog', contender.fill(0, rows));
    await within(STEP_LIMIT, 'tidying', pool.query('vacuum (analyze)'));
    await within(STEP_LIMIT, 'tidying', pool.query('checkpoint'));
    const sink = sinkOf(pool);
    let arrived = (_index: number): void => undefined;
    const { handle } = sink;
    sink.handle = async (eventId, data) => {
      await handle(eventId, data);
      arrived(data.index);
    };
    const logBefore = await logPosition(pool);
    const before = count.sent;
    const began = performance.now();
    const stop = await within(STEP_LIMIT, 'the start', contender.start(sink));
    try {
      await drained(sink, rows);
      const handled = sink.handled;
      const rate = handled / ((performance.now() - began) / 1_000);
      const statements = (count.sent - before) / handled;
      const log = ((await logPosition(pool)) - logBefore) / handled;
      const latencies: number[] = [];
      const beforePaced = count.sent;
      const last = handled < rows ? rows : rows + paced;
      for (let index = rows; index < last; index += 1) {
        const answered = new Promise<void>((resolve) => {
          arrived = (which) => which === index && resolve();
        });
        const sent = performance.now();
        await within(STEP_LIMIT, 'the append', contender.fill(index, 1));
        await within(HANDLED_LIMIT, `event ${index} of those one by one`, answered);
        latencies.push(performance.now() - sent);
        await pause(PACE);
      }
      const statementsPaced = (count.sent - beforePaced) / latencies.length;
      return { rate, latencies, statements, statementsPaced, log, violations: sink.violations };
    } finally {
      await within(STEP_LIMIT, 'the stop', stop());
    }
  } finally {
    count.end();
  }
}

/** Resolves when all is handled, or the limit is over. */
async function drained(sink: Sink, rows: number): Promise<void> {
  const began = performance.now();
  let handled = 0;
  let movedAt = began;
  while (sink.handled < rows) {
    const now = performance.now();
    if (now - began > DRAIN_LIMIT) return;
    if (sink.handled > handled) {
      handled = sink.handled;
      movedAt = now;
    }
    if (now - movedAt > STANDSTILL)
      throw new Error(`nothing was handled for ${STANDSTILL} ms, after ${handled} of ${rows} events`);
    await pause(2);
  }
}

/** Of all clients of `pg` in this process: all contenders use it. */
function countStatements(): { readonly sent: number; end(): void } {
  const { query } = Client.prototype;
  const counter = {
    sent: 0,
    end: (): void => {
      Client.prototype.query = query;
    },
  };
  Client.prototype.query = function counted(this: Client, ...given: unknown[]) {
    counter.sent += 1;
    return Reflect.apply(query, this, given);
  } as typeof query;
  return counter;
}

async function logPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ at: number }>(`select (pg_current_wal_lsn() - '0/0')::float8 as at`);
  return rows[0]!.at;
}

async function within<Value>(milliseconds: number, what: string, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took over ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
