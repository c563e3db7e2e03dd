/** The tables of the event store and of its subscriptions. Released migrations never change: add one. */
import type { Migration } from '../postgres/migrate.ts';
import { subscriptionBegunTable, subscriptionTables } from '../subscription/schema.ts';
import { eventMetricsTables } from './metrics/schema.ts';
import { eventStoreTables } from './schema.ts';

/** After the runtime's own: `migrate(pool, [...runtimeMigrations, ...eventStoreMigrations])`. */
export const eventStoreMigrations: readonly Migration[] = [
  { id: 'waybill-event-store-0001', sql: eventStoreTables },
  { id: 'waybill-event-store-0002-subscriptions', sql: subscriptionTables },
  { id: 'waybill-event-store-0003-begun', sql: subscriptionBegunTable },
  { id: 'waybill-event-store-0004-metrics', sql: eventMetricsTables },
];
