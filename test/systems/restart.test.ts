/** `waybill aws --state DIR`: what was acknowledged is there after kill -9, and goes on where it was. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { clientsOf, type Clients } from './restart/clients.ts';
import { startServer, type Server } from './restart/server.ts';
import { STANDING } from './restart/standing.ts';
import { createWriters } from './restart/writers.ts';

const ROUNDS = 3;
/** How long the writers write before a kill, in milliseconds, give or take half. */
const ROUND_MILLISECONDS = 1_000;
const TIMEOUT_MILLISECONDS = 480_000;

const writers = createWriters();
const checks = new Map<string, (clients: Clients) => Promise<void>>();
let directory: string;
let server: Server;
let clients: Clients;

async function start(): Promise<void> {
  server = await startServer(directory);
  clients = clientsOf(server.endpointUrl);
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-restart-'));
  // PostgreSQL may run as a user of its own.
  chmodSync(directory, 0o755);
  await start();
  for (const { name, make } of STANDING) checks.set(name, await make(clients));
  for (const writer of writers) await writer.prepare(clients);
  for (let round = 0; round < ROUNDS; round++) {
    const current = clients;
    let dead = false;
    const writing = writers.map(async (writer) => {
      try {
        for (;;) await writer.write(current);
      } catch (error) {
        // Only the kill may end it.
        if (!dead) throw new Error(`${writer.name}: ${String(error)}`, { cause: error });
      }
    });
    const pause = ROUND_MILLISECONDS * (0.5 + Math.random());
    await Promise.race([new Promise((resolve) => setTimeout(resolve, pause)), ...writing]);
    // A slow machine gets the time for something to be written at all; what ends the writing is told below.
    const isMute = (): boolean => writers.some((writer) => writer.acknowledged() === 0);
    const ended = Promise.all(writing).then(
      () => true,
      () => true,
    );
    while (isMute()) {
      const wait = new Promise<false>((resolve) => setTimeout(resolve, 50, false));
      if (await Promise.race([ended, wait])) break;
    }
    dead = true;
    await server.kill();
    await Promise.all(writing);
    await start();
  }
}, TIMEOUT_MILLISECONDS);
afterAll(async () => {
  await server?.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe('made before the kills', () => {
  test.each(STANDING.map(({ name }) => name))(
    '%s',
    (name) => checks.get(name)?.(clients),
    TIMEOUT_MILLISECONDS,
  );
});

describe('written during the kills', () => {
  test.each(writers.map((writer) => [writer.name, writer] as const))(
    '%s',
    async (_name, writer) => {
      expect(writer.acknowledged()).toBeGreaterThan(0);
      await writer.check(clients);
    },
    TIMEOUT_MILLISECONDS,
  );
});

test('ends in peace when it is asked to, and the directory is free for the next one', async () => {
  expect(await server.stop()).toBe(0);
  await start();
});
