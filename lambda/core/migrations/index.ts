/** The tables of the core system, after those of the runtime. Released migrations never change: add one. */
import { runtimeMigrations } from '../../runtime/postgres/index.ts';
import type { Migration } from '../../runtime/postgres/index.ts';
import { businessTables } from './0001-business-tables.ts';
import { consumerTables } from './0002-consumer-tables.ts';

export const coreMigrations: readonly Migration[] = [
  ...runtimeMigrations,
  { id: 'core-0001-business-tables', sql: businessTables },
  { id: 'core-0002-consumer-tables', sql: consumerTables },
];
