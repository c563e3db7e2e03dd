/**
 * How far it is safe to read. Positions are drawn before their rows are committed, so a reader that follows the
 * highest position it sees loses what commits later with a lower one.
 *
 * Each writer holds a shared advisory lock from before it draws its first number until its transaction is over, and
 * the lock's key is a number below all that it draws. So:
 *
 * | locks held, looked at after the last number was read | safe up to |
 * |---|---|
 * | none | the last number drawn: all of them are committed or rolled back |
 * | some | the lowest of their keys |
 *
 * PostgreSQL makes a commit visible before it releases the transaction's locks. So rows up to the horizon are seen by
 * every statement that begins after it was read; not by the same statement, nor by an older snapshot.
 */
import type { Pool } from 'pg';

import { timed } from '../postgres/query.ts';
import { LOWEST_WRITER, WRITER_LOCK_SPACE } from './schema.ts';

// The subselect names the number, so that the locks are looked at after it was read.
const HORIZON = `
select drawn.last, (${LOWEST_WRITER('drawn.last')}) as lowest
from (select pg_sequence_last_value('event_store_position'::regclass) as last) as drawn`;

/** Milliseconds after which a statement counts as lost, for example on a connection that only seems open. */
export const STATEMENT_TIMEOUT = 10_000;

/** The position up to which everything is decided. Grows, and stands while a writer's transaction is open. */
export async function readHorizon(pool: Pick<Pool, 'query'>): Promise<number> {
  const { rows } = await pool.query<{ last: string | null; lowest: string | null }>(
    timed(STATEMENT_TIMEOUT, HORIZON),
  );
  const { last, lowest } = rows[0]!;
  return Number(lowest ?? last ?? 0);
}

/** A writer that is still open. */
export interface OpenWriter {
  /** Of its database session, for `pg_terminate_backend`. */
  readonly processId: number;
  /** Seconds since its transaction began. */
  readonly openForSeconds: number;
  readonly applicationName: string;
}

/** Who keeps the horizon from moving: the oldest first. */
export async function readOpenWriters(pool: Pick<Pool, 'query'>): Promise<OpenWriter[]> {
  const { rows } = await pool.query<{ processId: number; openForSeconds: number; applicationName: string }>(
    timed(
      STATEMENT_TIMEOUT,
      `select a.pid as "processId", a.application_name as "applicationName",
         extract(epoch from clock_timestamp() - a.xact_start)::float as "openForSeconds"
       from pg_stat_activity a
       where a.pid in (
         select pid from pg_locks
         where locktype = 'advisory' and objsubid = 2 and granted
           and database = (select oid from pg_database where datname = current_database())
           and classid::bigint = (${WRITER_LOCK_SPACE})::bigint & 4294967295)
       order by a.xact_start`,
    ),
  );
  return rows;
}
