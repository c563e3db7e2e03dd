/** Applies migrations once each, in order, also when several processes start at the same time. */
import type { Pool } from 'pg';

import { DatabaseError } from './errors.ts';
import { runtimeMigrations } from './migrations.ts';
import { isPlainName, LOCK_OF_SCHEMA } from './schema.ts';
import type { Queryable } from './query.ts';
import { inTransaction } from './transaction.ts';

export interface Migration {
  /** Never changed once released, for example `waybill-0001-outbox`. Applied in the order of the list. */
  readonly id: string;
  /** One or more statements without parameters. Run in one transaction. */
  readonly sql: string;
}

/** Any constant does, as long as every version of Waybill uses the same. */
const MIGRATION_LOCK = 7_829_361;

/**
 * Into the first schema of the connection's search path, which is made where it is missing; which migrations
 * were applied is remembered there, too.
 *
 * @param migrations the runtime's tables unless told; give `[...runtimeMigrations, ...yours]` to add your own
 * @returns the ids applied now
 * @throws DatabaseError WAYBILL_MIGRATION_FAILED naming the migration; what it did is rolled back
 */
export async function migrate(
  pool: Pick<Pool, 'connect'>,
  migrations: readonly Migration[] = runtimeMigrations,
): Promise<readonly string[]> {
  return inTransaction(pool, async (tx) => {
    // Held until the commit: a second process waits here and then finds everything applied.
    await tx.query(`select pg_advisory_xact_lock($1::bigint # ${LOCK_OF_SCHEMA}::bigint)`, [MIGRATION_LOCK]);
    await createSchema(tx);
    await tx.query(
      `create table if not exists waybill_migration (
         id text primary key,
         applied_at timestamptz not null default now()
       )`,
    );
    const applied = await tx.query<{ id: string }>('select id from waybill_migration');
    const known = new Set(applied.rows.map(({ id }) => id));
    const missing = migrations.filter(({ id }) => !known.has(id));
    for (const { id, sql } of missing) {
      await tx.query(sql).catch((cause: unknown) => {
        throw new DatabaseError(
          'WAYBILL_MIGRATION_FAILED',
          `migration ${id} failed and was rolled back: ${cause instanceof Error ? cause.message : String(cause)}`,
          { cause },
        );
      });
      await tx.query('insert into waybill_migration (id) values ($1)', [id]);
    }
    return missing.map(({ id }) => id);
  });
}

/** A search path whose schemas are all missing is what a new system starts with. */
async function createSchema(tx: Queryable): Promise<void> {
  const { rows } = await tx.query(
    `select current_schema() as schema, current_setting('search_path') as path`,
    [],
  );
  const { schema, path } = rows[0] as { readonly schema: string | null; readonly path: string };
  if (schema !== null) return;
  const first = path.split(',')[0]!.trim();
  if (!isPlainName(first)) {
    throw new DatabaseError(
      'WAYBILL_DATABASE_SCHEMA_INVALID',
      `no schema of the search path '${path}' exists, and '${first}' can not be made: set WAYBILL_DATABASE_SCHEMA to small letters, digits and '_'`,
    );
  }
  // Another process may have made it while this one waited for the lock.
  await tx.query(`create schema if not exists ${first}`, []);
}
