/** The tables of the outbox and the inbox. Released migrations never change: add one. */
import { inboxTables } from '../inbox/schema.ts';
import { outboxTables } from '../outbox/schema.ts';
import type { Migration } from './migrate.ts';

export const runtimeMigrations: readonly Migration[] = [
  { id: 'waybill-0001-outbox', sql: outboxTables },
  { id: 'waybill-0002-inbox', sql: inboxTables },
];
