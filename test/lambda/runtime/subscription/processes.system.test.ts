/** Whole processes, and pgbouncer where it is installed. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { fork, spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';

import { createEventStore } from '../../../../lambda/runtime/event-store/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import { empty, Noted, noted, silent, useEventStore } from '../event-store/support.ts';
import { effects, eventually, numbersOf, recording, SOON } from './support.ts';

const database = useEventStore(30);
let running: EventSubscription[] = [];
let children: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop({ within: 2_000 })));
  for (const child of children) child.kill('SIGKILL');
  [running, children] = [[], []];
  await empty(database().pool);
});

async function child(): Promise<ChildProcess> {
  const started = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), {
    env: { ...process.env, TEST_DATABASE_URL: database().url },
    execArgv: [],
  });
  children.push(started);
  const [answer] = (await Promise.race([once(started, 'message'), once(started, 'exit')])) as unknown[];
  if (answer !== 'started') throw new Error('the child process did not start');
  return started;
}

describe('whole processes', () => {
  test('kill -9 of a process that handles: another takes over, nothing is lost, nothing twice, order holds', async () => {
    const { store, pool } = database();
    for (let number = 0; number < 200; number++)
      await store.append(`s${number % 8}`, [noted(`k${number % 8}`, number)]);
    const victim = await child();
    await eventually(async () => expect((await effects(pool)).length).toBeGreaterThan(30));

    victim.kill('SIGKILL');
    await once(victim, 'exit');
    for (let number = 200; number < 240; number++)
      await store.append(`s${number % 8}`, [noted(`k${number % 8}`, number)]);
    running.push(
      await subscribe({ consumer: recording(pool), store, leaseMilliseconds: 1_000, backoff: SOON }),
    );

    await eventually(async () => expect(await effects(pool)).toHaveLength(240));
    for (let key = 0; key < 8; key++) {
      expect(await numbersOf(pool, `k${key}`)).toEqual(
        Array.from({ length: 30 }, (_, index) => index * 8 + key),
      );
    }
  });

  test('behind pgbouncer in transaction mode: appends, gap safety, leases, order', async () => {
    if (spawnSync('pgbouncer', ['--version']).error !== undefined) {
      process.stderr.write('not run: pgbouncer is not installed (apt-get install pgbouncer)\n');
      return;
    }
    const { pool, url } = database();
    const bouncer = await startPgbouncer(url);
    const pooled = new Pool({ connectionString: bouncer });
    pooled.on('error', () => undefined);
    const store = createEventStore({ pool: pooled, contracts: [Noted], logger: silent });
    running.push(await subscribe({ consumer: recording(pool), store, listen: pool, backoff: SOON }));
    for (let number = 0; number < 40; number++) {
      await inTransaction(
        pooled,
        async (tx) =>
          void (await store.appendWithin(tx, `s${number % 4}`, [noted(`k${number % 4}`, number)])),
      );
      await store.nudge();
    }
    await eventually(async () => expect(await effects(pool)).toHaveLength(40));
    for (let key = 0; key < 4; key++) {
      expect(await numbersOf(pool, `k${key}`)).toEqual(
        Array.from({ length: 10 }, (_, index) => index * 4 + key),
      );
    }
    await running.pop()!.stop();
    await pooled.end();
  });
});

/** @returns the address of the same database through it */
async function startPgbouncer(url: string): Promise<string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-pgbouncer-'));
  await fs.chmod(directory, 0o755);
  const bouncerPort = await freePort();
  const user = decodeURIComponent(username);
  await fs.writeFile(path.join(directory, 'users.txt'), `"${user}" "${decodeURIComponent(password)}"\n`);
  await fs.writeFile(
    path.join(directory, 'pgbouncer.ini'),
    [
      '[databases]',
      `${pathname.slice(1)} = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${bouncerPort}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${path.join(directory, 'users.txt')}`,
      'pool_mode = transaction',
      'default_pool_size = 4',
      '',
    ].join('\n'),
  );
  // It refuses to run as root.
  const asRoot = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', ['-q', ...asRoot, path.join(directory, 'pgbouncer.ini')], {
    stdio: 'ignore',
  });
  children.push(child);
  const address = new URL(url);
  address.hostname = '127.0.0.1';
  address.port = String(bouncerPort);
  await eventually(async () => {
    const probe = new Pool({ connectionString: address.href, max: 1 });
    probe.on('error', () => undefined);
    try {
      await probe.query('select 1');
    } finally {
      await probe.end();
    }
  }, 60_000);
  return address.href;
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
