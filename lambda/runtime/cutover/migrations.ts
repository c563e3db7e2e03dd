/** The tables of moves between transports. Released migrations never change: add one. */
import type { Migration } from '../postgres/migrate.ts';
import { cutoverTables } from './schema.ts';

/** After those of the event store: `migrate(pool, [...runtimeMigrations, ...eventStoreMigrations, ...cutoverMigrations])`. */
export const cutoverMigrations: readonly Migration[] = [{ id: 'waybill-cutover-0001', sql: cutoverTables }];
