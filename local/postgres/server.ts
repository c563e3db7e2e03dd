/**
 * Starts and stops an embedded PostgreSQL: loopback only, a free port, a random password. Nothing of it outlives
 * the process that started it.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { Client } from 'pg';

import type { PostgresBinaries } from './binaries.ts';
import { locateBinaries } from './binaries.ts';
import {
  passwordOf,
  prepareDataDirectory,
  randomPassword,
  SUPERUSER,
  writePassword,
} from './data-directory.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { watchOver } from './guardian.ts';
import type { RunAs } from './run-as.ts';
import { postgresUser } from './run-as.ts';
import { claimDataDirectory } from './stale-server.ts';

export interface EmbeddedPostgresOptions {
  /** @default 0 - a free one */
  readonly port?: number;
  /**
   * Kept after `stop`, together with its password, and used again by the next start.
   * @default - a temporary directory, removed at the end
   */
  readonly dataDirectory?: string;
  /**
   * Created when missing.
   * @default 'waybill'
   */
  readonly database?: string;
  /**
   * Waits for the disk at each commit, as a production server does. For measurements.
   * @default false - a crash of the machine may lose the local run's data, a crash of the process does not
   */
  readonly durable?: boolean;
  /**
   * Where the template that makes a start fast is kept.
   * @default - `.waybill` in the working directory
   */
  readonly cacheDirectory?: string;
}

export interface EmbeddedPostgres {
  /** `postgres://` address with user and password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** Resolves when the server has ended though nobody stopped it: with what people should be told. */
  readonly lost: Promise<EmbeddedPostgresError>;
  /** Ends open connections and the server, and removes what is temporary. May be called twice. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const DEFAULT_DATABASE = 'waybill';
/** Milliseconds. A start takes about 50; a machine under load has shown seconds. */
const START_TIMEOUT = 30_000;
/** Milliseconds, after which a server that does not end is killed. */
const STOP_TIMEOUT = 10_000;
/** Another process may take a free port between our looking and the server's binding. */
const PORT_ATTEMPTS = 5;

/**
 * @example
 * const postgres = await startEmbeddedPostgres();
 * const pool = new Pool({ connectionString: postgres.url });
 * // ...
 * await pool.end();
 * await postgres.stop();
 *
 * @throws EmbeddedPostgresError
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const runAs = postgresUser();
  const binaries = await locateBinaries(runAs);
  const temporary =
    options.dataDirectory === undefined
      ? await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-postgres-run-'))
      : undefined;
  if (temporary !== undefined) await fs.chmod(temporary, 0o755);
  const dataDirectory = options.dataDirectory
    ? path.resolve(options.dataDirectory)
    : path.join(temporary!, 'data');
  const cacheDirectory = options.cacheDirectory ?? path.resolve('.waybill');
  try {
    await claimDataDirectory(dataDirectory);
    const fresh = await prepareDataDirectory(dataDirectory, binaries, runAs, cacheDirectory);
    const running = await launch(binaries, runAs, dataDirectory, temporary, options);
    try {
      const password = await takePassword(dataDirectory, fresh, running.port);
      const database = options.database ?? DEFAULT_DATABASE;
      await createDatabase(database, running.port, password);
      return {
        url: addressOf(running.port, password, database),
        host: HOST,
        port: running.port,
        username: SUPERUSER,
        password,
        database,
        lost: running.lost,
        stop: () => running.stop(),
      };
    } catch (error) {
      await running.stop();
      throw error;
    }
  } catch (error) {
    if (temporary !== undefined) await fs.rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

interface Running {
  readonly port: number;
  readonly lost: Promise<EmbeddedPostgresError>;
  stop(): Promise<void>;
}

async function launch(
  binaries: PostgresBinaries,
  runAs: RunAs,
  dataDirectory: string,
  temporary: string | undefined,
  options: EmbeddedPostgresOptions,
): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort());
    const child = spawn(binaries.postgres, serverArguments(dataDirectory, port, options.durable ?? false), {
      ...runAs,
      cwd: dataDirectory,
      // Its own session, so that Ctrl-C does not end the database under the relay that is being stopped.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      windowsHide: true,
    });
    const outcome = await untilReady(child);
    if (outcome.ready) {
      const guardian = watchOver(child.pid!, dataDirectory, temporary);
      letParentEnd(child);
      let stopping: Promise<void> | undefined;
      const lost = new Promise<EmbeddedPostgresError>((resolve) => {
        child.once('exit', (code, signal) => {
          if (stopping === undefined) resolve(lostServer(port, signal ?? `exit code ${code}`));
        });
      });
      const stop = (): Promise<void> =>
        (stopping ??= (async () => {
          await end(child);
          guardian.dismiss();
          if (temporary !== undefined) await fs.rm(temporary, { recursive: true, force: true });
        })());
      return { port, lost, stop };
    }
    await end(child);
    const portTaken = outcome.output.includes('could not create any TCP/IP sockets');
    if (portTaken && options.port) {
      throw new EmbeddedPostgresError(
        'WAYBILL_POSTGRES_PORT_BUSY',
        `port ${port} is in use, so the embedded PostgreSQL was not started: stop what listens there, or give another port (0 takes a free one)`,
      );
    }
    if (!portTaken || attempt === PORT_ATTEMPTS) {
      throw new EmbeddedPostgresError(
        'WAYBILL_POSTGRES_FAILED',
        `the embedded PostgreSQL did not start: ${outcome.output.trim().slice(-1000)}`,
      );
    }
  }
}

function lostServer(port: number, how: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'WAYBILL_POSTGRES_FAILED',
    `the embedded PostgreSQL on port ${port} has ended (${how}) while it was in use, and nothing that needs it can go on: start again, and look what ended it (another process, or too little memory)`,
  );
}

function serverArguments(dataDirectory: string, port: number, durable: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: HOST,
    unix_socket_directories: '',
    max_connections: '200',
    // The start is recognised by this server's own messages, in English whatever the machine speaks.
    lc_messages: 'C',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(!durable && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    dataDirectory,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

function untilReady(child: ChildProcess): Promise<{ readonly ready: boolean; readonly output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const done = (ready: boolean): void => {
      clearTimeout(timer);
      child.stderr?.off('data', read);
      // Nobody reads its log from here on, but a full pipe would block it.
      child.stderr?.resume();
      resolve({ ready, output });
    };
    const timer = setTimeout(() => done(false), START_TIMEOUT);
    const read = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
      if (output.includes('database system is ready to accept connections')) done(true);
    };
    child.stderr?.on('data', read);
    child.once('error', (error) => {
      output += error.message;
      done(false);
    });
    child.once('exit', () => done(false));
  });
}

/** The server must not keep its parent alive: the guardian ends it when the parent is done. */
function letParentEnd(child: ChildProcess): void {
  child.unref();
  (child.stderr as unknown as { unref?: () => void } | null)?.unref?.();
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
    child.ref();
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    // "Fast shutdown": open transactions are rolled back, open connections are closed.
    child.kill('SIGINT');
  });
}

/** Each new directory is a copy of one template: it gets a password of its own before anybody uses it. */
async function takePassword(dataDirectory: string, fresh: boolean, port: number): Promise<string> {
  const current = await passwordOf(dataDirectory);
  if (current === undefined) {
    throw new EmbeddedPostgresError(
      'WAYBILL_POSTGRES_DIRECTORY_UNUSABLE',
      `the password of the data directory ${dataDirectory} is missing: delete the directory and start again`,
    );
  }
  if (!fresh) return current;
  const password = randomPassword();
  await withClient(addressOf(port, current, 'postgres'), async (client) => {
    await client.query(`alter role ${SUPERUSER} password '${password}'`);
  });
  await writePassword(dataDirectory, password);
  return password;
}

async function createDatabase(database: string, port: number, password: string): Promise<void> {
  await withClient(addressOf(port, password, 'postgres'), async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rows.length === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
}

async function withClient(connectionString: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function addressOf(port: number, password: string, database: string): string {
  return `postgres://${SUPERUSER}:${password}@${HOST}:${port}/${encodeURIComponent(database)}`;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
