/** Whole processes, renewals and statements that take their time, and pgbouncer where it is installed. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'pg';

import { createEventStore } from '../../../../lambda/runtime/event-store/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { deadLettersOf, subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import { freePort } from '../../../../local/brokers/free-port.ts';
import { findPgbouncer } from '../../../../scripts/brokers/pgbouncer.ts';
import { untilSessionsEnd } from '../../../support/postgres.ts';
import { killed } from '../../../support/processes.ts';
import { empty, Noted, noted, silent, useEventStore } from '../event-store/support.ts';
import { deadLineProxy } from './proxies.ts';
import { effects, eventually, lanesByOwner, numbersOf, POISON, recording, SOON } from './support.ts';

const pgbouncer = await findPgbouncer();
if (pgbouncer === undefined) {
  process.stderr.write('LEFT OUT, the test behind pgbouncer: it is not installed, npm run brokers:install\n');
}
const pgbouncerTest = pgbouncer === undefined ? test.skip : test;

const database = useEventStore(30);
let running: EventSubscription[] = [];
let children: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(running.map((one) => one.stop({ within: 2_000 })));
  await Promise.all(children.map(killed));
  [running, children] = [[], []];
  await untilSessionsEnd(database().pool);
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

  test('instances share the lanes evenly while events flow, and order of each key holds', async () => {
    const { store, pool } = database();
    const consumer = recording(pool, () => new Promise((resolve) => setTimeout(resolve, 1)));
    const append = async (from: number, to: number): Promise<void> => {
      for (let number = from; number < to; number++) {
        await store.append(`s${number % 10}`, [noted(`k${number % 10}`, number)]);
      }
    };
    // Lanes are shared anew at each renewal, once a second.
    const start = async (): Promise<EventSubscription> => {
      const one = await subscribe({
        consumer,
        store,
        leaseMilliseconds: 3_000,
        pollMilliseconds: 50,
        backoff: SOON,
      });
      running.push(one);
      return one;
    };
    const first = await start();
    await append(0, 40);
    await start();
    await start();
    await append(40, 100);
    await eventually(async () => expect(await lanesByOwner(pool)).toEqual([20, 22, 22]));
    await append(100, 150);
    await first.stop();
    await append(150, 200);

    await eventually(async () => expect(await effects(pool)).toHaveLength(200));
    for (let key = 0; key < 10; key++) {
      expect(await numbersOf(pool, `k${key}`)).toEqual(
        Array.from({ length: 20 }, (_, index) => index * 10 + key),
      );
    }
    await eventually(async () => expect(await lanesByOwner(pool)).toEqual([32, 32]));
  });

  test('an event that ends its process each time is counted, and given up alone', async () => {
    const { store, pool } = database();
    const neighbours = Array.from({ length: 6 }, (_, number) => `k${number}`);
    for (const [number, key] of neighbours.entries()) await store.append(key, [noted(key, number)]);
    await store.append('p', [noted(POISON, 1), noted(POISON, 2)]);

    let deaths = 0;
    const letters = () => deadLettersOf(pool, { consumer: 'recorder' });
    for (let started = 0; started < 10 && (await letters()).length === 0; started += 1) {
      const handling = await child();
      let isDead = false;
      handling.once('exit', () => {
        isDead = true;
        deaths += 1;
      });
      await eventually(async () => expect(isDead || (await letters()).length > 0).toBe(true));
    }

    // Nobody is told of the first death, unless its lanes were watched already; then it is begun three times.
    expect([3, 4]).toContain(deaths);
    expect(await letters()).toHaveLength(1);
    expect(await letters()).toMatchObject([
      { eventType: 'Noted', reason: 'RECEIVES_EXHAUSTED', attempts: 3 },
    ]);
    await eventually(async () =>
      expect((await effects(pool)).map(({ note, number }) => `${note}/${number}`).sort()).toEqual(
        [...neighbours.map((key, number) => `${key}/${number}`), `${POISON}/2`].sort(),
      ),
    );
    await eventually(async () =>
      expect((await pool.query('select 1 from event_subscription_begun')).rows).toEqual([]),
    );
  });

  test('a connection of the subscription itself that only seems open: statements time out, another connection goes on', async () => {
    const { store, pool, url } = database();
    const proxy = await deadLineProxy(url);
    const proxied = new Pool({ connectionString: proxy.url });
    proxied.on('error', () => undefined);
    running.push(
      await subscribe({ consumer: recording(pool), store: { pool: proxied }, listen: false, backoff: SOON }),
    );
    await store.append('s', [noted('k', 1)]);
    await eventually(async () => expect(await effects(pool)).toHaveLength(1));

    proxy.goDead();
    await store.append('s', [noted('k', 2)]);

    await eventually(async () => expect(await effects(pool)).toHaveLength(2));
    await running.pop()!.stop();
    await proxied.end();
    await proxy.close();
  });

  pgbouncerTest('behind pgbouncer in transaction mode: appends, gap safety, leases, order', async () => {
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
  const child = spawn(pgbouncer!.program, ['-q', ...asRoot, path.join(directory, 'pgbouncer.ini')], {
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
