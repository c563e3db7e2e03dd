/**
 * A real PostgreSQL for tests: one server per jest worker, a database of its own per test file, cloned from a
 * migrated template in milliseconds. The server's guardian ends it with the worker.
 */
import { afterAll, beforeAll } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { Client, Pool } from 'pg';

import { migrate } from '../../lambda/runtime/postgres/index.ts';
import type { EmbeddedPostgres } from '../../local/postgres/index.ts';
import { startEmbeddedPostgres } from '../../local/postgres/index.ts';
import { until } from './waiting.ts';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  /** Ends the pool and drops the database. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /**
   * False: an empty database.
   * @default true - the runtime's tables (outbox, inbox) are there
   */
  readonly migrated?: boolean;
  /** Connections of the pool. @default 10 */
  readonly connections?: number;
}

const TEMPLATE = 'migrated_template';
const WORKER_SERVER = 'waybill-test-postgres';

/**
 * For a whole test file: made before its tests, dropped after them.
 *
 * @example
 * const database = useDatabase();
 * test('...', async () => { await database().pool.query('select 1'); });
 */
export function useDatabase(options: TestDatabaseOptions = {}): () => TestDatabase {
  let database: TestDatabase | undefined;
  beforeAll(async () => {
    database = await createTestDatabase(options);
  });
  afterAll(async () => {
    await database?.drop();
  });
  return () => {
    if (database === undefined) throw new Error('useDatabase(): the database exists only inside tests');
    return database;
  };
}

export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await workerServer();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const template = options.migrated === false ? 'template0' : TEMPLATE;
  await asAdministrator(server, `create database ${name} template ${template}`);
  const url = addressOf(server, name);
  const pool = new Pool({ connectionString: url, max: options.connections ?? 10, allowExitOnIdle: true });
  // A connection that the drop below, or a test, ends is no error of the test.
  pool.on('error', () => undefined);
  return {
    url,
    pool,
    drop: async () => {
      await pool.end();
      await asAdministrator(server, `drop database ${name} with (force)`);
    },
  };
}

/**
 * Waits until nobody else is in the middle of anything in this database. The session of a process that was killed ends its
 * statement first, and meets a TRUNCATE with what it has locked.
 */
export async function untilSessionsEnd(pool: Pool): Promise<void> {
  await until(async () => {
    const { rows } = await pool.query(
      `select 1 from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'`,
    );
    return rows.length === 0;
  });
}

type ServerAddress = Pick<EmbeddedPostgres, 'url'>;
let starting: Promise<ServerAddress> | undefined;

/**
 * Jest loads this file anew for each test file. What outlives that is the worker's environment data, a store
 * of Node's own that belongs to the thread. Plain data only: every worker thread started later gets a copy.
 */
function workerServer(): Promise<ServerAddress> {
  const known = getEnvironmentData(WORKER_SERVER) as unknown as ServerAddress | undefined;
  if (known !== undefined) return Promise.resolve(known);
  starting ??= startServer().then(({ url }) => {
    const address = { url };
    setEnvironmentData(WORKER_SERVER, address as unknown as Parameters<typeof setEnvironmentData>[1]);
    return address;
  });
  return starting;
}

async function startServer(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres();
  await asAdministrator(server, `create database ${TEMPLATE} template template0`);
  const pool = new Pool({ connectionString: addressOf(server, TEMPLATE), max: 1 });
  await migrate(pool);
  // A template can only be cloned while nobody is connected to it.
  await pool.end();
  return server;
}

async function asAdministrator(server: ServerAddress, statement: string): Promise<void> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function addressOf(server: ServerAddress, database: string): string {
  const address = new URL(server.url);
  address.pathname = `/${database}`;
  return address.href;
}
