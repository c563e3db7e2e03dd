/** Two clusters of one server: which one takes writes, and what becomes of connections when that changes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { startClusterEndpoint, startEmbeddedPostgres } from '../../../local/postgres/index.ts';
import type { ClusterEndpoint, EmbeddedPostgres } from '../../../local/postgres/index.ts';
import { until } from '../../support/waiting.ts';

let server: EmbeddedPostgres;
let first: ClusterEndpoint;
let second: ClusterEndpoint;

beforeAll(async () => {
  server = await startEmbeddedPostgres();
  [first, second] = await Promise.all([
    startClusterEndpoint(server, 'writer'),
    startClusterEndpoint(server, 'reader'),
  ]);
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await server.stop();
});

async function connected({ port }: ClusterEndpoint): Promise<Client> {
  const url = new URL(server.url);
  url.port = String(port);
  const client = new Client({ connectionString: url.href, options: '-c search_path=books' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

test('the reader reads what the writer wrote, and refuses to write, with the options of its connection kept', async () => {
  const [writer, reader] = await Promise.all([connected(first), connected(second)]);
  await writer.query('create schema books');
  await writer.query('create table entry (id int primary key)');
  await writer.query('insert into entry values (1)');

  expect((await reader.query('select id from entry')).rows).toEqual([{ id: 1 }]);
  await expect(reader.query('insert into entry values (2)')).rejects.toMatchObject({ code: '25006' });
  await Promise.all([writer.end(), reader.end()]);
});

test('when the writer moves, connections end, open transactions with them, and the roles are changed', async () => {
  const [former, next] = await Promise.all([connected(first), connected(second)]);
  let ended = 0;
  for (const client of [former, next]) client.on('end', () => (ended += 1));
  await former.query('begin');
  await former.query('insert into books.entry values (3)');
  first.become('reader');
  second.become('writer');
  await until(() => ended === 2);

  const [reader, writer] = await Promise.all([connected(first), connected(second)]);
  await writer.query('insert into entry values (4)');
  await expect(reader.query('insert into entry values (5)')).rejects.toMatchObject({ code: '25006' });
  expect((await reader.query('select id from entry order by id')).rows).toEqual([{ id: 1 }, { id: 4 }]);
  await Promise.all([writer.end(), reader.end()]);
});

test('what is no startup message ends its own connection, and nothing else', async () => {
  const stray = connect(first.port, first.host);
  stray.on('error', () => undefined);
  const closed = once(stray, 'close');
  // A length of zero, where even the length itself takes four bytes.
  stray.end(Buffer.alloc(16));
  await closed;

  const client = await connected(first);
  expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await client.end();
});
