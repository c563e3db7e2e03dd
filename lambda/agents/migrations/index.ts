/** The tables of the agents system, after those of the runtime. Released migrations never change: add one. */
import { cutoverMigrations } from '../../runtime/cutover/index.ts';
import { eventStoreMigrations } from '../../runtime/event-store/index.ts';
import { runtimeMigrations } from '../../runtime/postgres/index.ts';
import type { Migration } from '../../runtime/postgres/index.ts';
import { subjectKeyTable } from '../../runtime/sealing/index.ts';
import { feedbackTables } from './0001-feedback.ts';

export const agentsMigrations: readonly Migration[] = [
  ...runtimeMigrations,
  ...eventStoreMigrations,
  ...cutoverMigrations,
  { id: 'agents-0001-feedback', sql: feedbackTables },
  { id: 'agents-0002-subject-keys', sql: subjectKeyTable },
];
