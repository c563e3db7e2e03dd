/** A system's database on a pg pool. */
import type { Pool } from 'pg';
import { inTransaction } from '../runtime/postgres/index.ts';
import type { Database } from './unit-of-work.ts';

export function databaseOf(pool: Pool): Database {
  return {
    query: (text, values) => pool.query(text, [...values]),
    transaction: (work) =>
      inTransaction(pool, (tx) => work({ query: (text, values) => tx.query(text, [...values]) })),
  };
}
