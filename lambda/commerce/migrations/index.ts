/** The tables of the commerce system, after those of the runtime. Released migrations never change: add one. */
import { runtimeMigrations } from '../../runtime/postgres/index.ts';
import type { Migration } from '../../runtime/postgres/index.ts';
import { subjectKeyTable } from '../../runtime/sealing/index.ts';
import { orderTables } from './0001-orders.ts';
import { sagaTables } from './0002-saga.ts';
import { consumerTables } from './0003-consumers.ts';
import { analyticsTables } from './0004-analytics.ts';
import { idempotencyTable } from './0006-idempotency.ts';

export const commerceMigrations: readonly Migration[] = [
  ...runtimeMigrations,
  { id: 'commerce-0001-orders', sql: orderTables },
  { id: 'commerce-0002-saga', sql: sagaTables },
  { id: 'commerce-0003-consumers', sql: consumerTables },
  { id: 'commerce-0004-analytics', sql: analyticsTables },
  { id: 'commerce-0005-subject-keys', sql: subjectKeyTable },
  { id: 'commerce-0006-idempotency', sql: idempotencyTable },
];
