/** A real RabbitMQ: found where it is, started on free ports, ended with its process and directory. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { findRabbitmq, startRealRabbitmq } from '../../../local/brokers/rabbitmq.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** A directory with a `rabbitmq-server` of this content. */
async function homeWith(script: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'waybill-rabbitmq-home-'));
  directories.push(home);
  await mkdir(join(home, 'sbin'));
  await writeFile(join(home, 'sbin', 'rabbitmq-server'), script);
  await chmod(join(home, 'sbin', 'rabbitmq-server'), 0o755);
  return home;
}

test('RABBITMQ_HOME comes first', async () => {
  const home = await homeWith('#!/bin/sh\n');

  expect(await findRabbitmq({ RABBITMQ_HOME: home, PATH: '' })).toEqual({
    server: join(home, 'sbin', 'rabbitmq-server'),
    binaries: [],
  });
});

test('a server that does not start is told with the end of its log', async () => {
  const home = await homeWith('#!/bin/sh\necho no room on this machine\nexit 1\n');
  const installation = await findRabbitmq({ RABBITMQ_HOME: home, PATH: '' });

  await expect(startRealRabbitmq({ installation: installation!, port: 1 })).rejects.toThrow(
    'no room on this machine',
  );
});

const real = await findRabbitmq();
const whereInstalled = real === undefined ? test.skip : test;

whereInstalled('two real ones run beside each other, and end', async () => {
  const brokers = await Promise.all([startRealRabbitmq(), startRealRabbitmq()]);
  for (const { url } of brokers) await (await connect(url)).close();
  expect(new Set(brokers.map(({ port }) => port)).size).toBe(2);

  await Promise.all(brokers.map((broker) => broker.stop()));
  // The port refuses, or a socket still in its backlog is reset.
  for (const { url } of brokers) await expect(connect(url)).rejects.toThrow();
});
