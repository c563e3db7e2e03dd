/** PostgreSQL for functions and services: the one-method query interface, pools, transactions, migrations. */
export { DatabaseError } from './errors.ts';
export type { DatabaseErrorCode } from './errors.ts';
export { migrate } from './migrate.ts';
export type { Migration } from './migrate.ts';
export { runtimeMigrations } from './migrations.ts';
export { createPool } from './pool.ts';
export type { PoolOptions } from './pool.ts';
export type { Queryable } from './query.ts';
export { inTransaction } from './transaction.ts';
