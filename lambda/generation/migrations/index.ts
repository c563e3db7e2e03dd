/** The tables of the generation system, after those of the runtime. Released migrations never change: add one. */
import { runtimeMigrations } from '../../runtime/postgres/index.ts';
import type { Migration } from '../../runtime/postgres/index.ts';
import { subjectKeyTable } from '../../runtime/sealing/index.ts';
import { generationTables } from './0001-generations.ts';
import { requestDigests } from './0003-request-digests.ts';

export const generationMigrations: readonly Migration[] = [
  ...runtimeMigrations,
  { id: 'generation-0001-generations', sql: generationTables },
  { id: 'generation-0002-subject-keys', sql: subjectKeyTable },
  { id: 'generation-0003-request-digests', sql: requestDigests },
];
