import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { Client } from 'pg';

import { startEmbeddedPostgres } from '../../../local/postgres/index.ts';
import { eventually } from '../../support/waiting.ts';

let directory = '';
beforeAll(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'waybill-test-'));
  await fs.chmod(directory, 0o755);
});
afterAll(() => fs.rm(directory, { recursive: true, force: true }));

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

describe('embedded PostgreSQL', () => {
  test('starts on a free loopback port with a random password, and leaves nothing behind', async () => {
    const [first, second] = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres()]);

    expect(first.port).not.toBe(second.port);
    expect(first.password).not.toBe(second.password);
    const found = await query(
      first.url,
      "select current_database() as name, current_setting('data_directory') as data",
    );
    const { name, data } = found[0] as { name: string; data: string };
    expect(name).toBe('waybill');
    await expect(query(first.url.replace(first.password, second.password), 'select 1')).rejects.toThrow(
      'password authentication failed',
    );

    await Promise.all([first.stop(), second.stop()]);
    await first.stop();

    await expect(fs.access(data)).rejects.toThrow('ENOENT');
    // Refused or reset; by now the port may even be somebody else's.
    await expect(query(first.url, 'select 1')).rejects.toThrow();
  });

  test('a data directory that is given is kept, with its password', async () => {
    const dataDirectory = path.join(directory, 'kept');
    const first = await startEmbeddedPostgres({ dataDirectory, database: 'orders' });
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();

    const second = await startEmbeddedPostgres({ dataDirectory, database: 'orders', port: first.port });

    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('a directory in use and a busy port are refused with what to do', async () => {
    const dataDirectory = path.join(directory, 'busy');
    const running = await startEmbeddedPostgres({ dataDirectory });

    await expect(startEmbeddedPostgres({ dataDirectory })).rejects.toMatchObject({
      code: 'WAYBILL_POSTGRES_DIRECTORY_IN_USE',
      message: expect.stringContaining(`is used by process ${process.pid}`),
    });
    await running.stop();

    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as net.AddressInfo;
    await expect(startEmbeddedPostgres({ port })).rejects.toMatchObject({
      code: 'WAYBILL_POSTGRES_PORT_BUSY',
    });
    server.close();
  });

  test('a directory with files that are not ours is left alone', async () => {
    const dataDirectory = path.join(directory, 'theirs');
    await fs.mkdir(dataDirectory);
    await fs.writeFile(path.join(dataDirectory, 'thesis.txt'), 'years of work');

    await expect(startEmbeddedPostgres({ dataDirectory })).rejects.toMatchObject({
      code: 'WAYBILL_POSTGRES_DIRECTORY_UNUSABLE',
    });
    expect(await fs.readdir(dataDirectory)).toEqual(['thesis.txt']);
  });

  test('kill -9 of the parent ends the server and removes the temporary directory', async () => {
    const index = path.resolve('local/postgres/index.ts');
    const program = `import { startEmbeddedPostgres } from ${JSON.stringify(index)};
      const postgres = await startEmbeddedPostgres();
      process.stdout.write(postgres.url + '\\n');
      setInterval(() => undefined, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const url = await new Promise<string>((resolve) => {
      parent.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    });
    const rows = await query(url, "select current_setting('data_directory') as data");
    const { data } = rows[0] as { data: string };

    parent.kill('SIGKILL');

    await eventually(() => expect(fs.access(path.dirname(data))).rejects.toThrow('ENOENT'));
    await eventually(() => expect(query(url, 'select 1')).rejects.toThrow());
  });

  test('a server that somebody ends is told as lost, with what to do; one that is stopped is not', async () => {
    const dataDirectory = path.join(directory, 'lost');
    const server = await startEmbeddedPostgres({ dataDirectory });
    const [pid] = (await fs.readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8')).split('\n');
    process.kill(Number(pid), 'SIGKILL');

    await expect(server.lost).resolves.toMatchObject({
      code: 'WAYBILL_POSTGRES_FAILED',
      message: expect.stringMatching(/on port \d+ has ended \(SIGKILL\).*start again/),
    });
    await server.stop();

    const stopped = await startEmbeddedPostgres();
    await stopped.stop();
    await expect(Promise.race([stopped.lost, Promise.resolve('not lost')])).resolves.toBe('not lost');
  });

  test('an orphan on a kept directory does not hurt the next start', async () => {
    const dataDirectory = path.join(directory, 'orphaned');
    const abandoned = await startEmbeddedPostgres({ dataDirectory });
    await query(abandoned.url, 'create table kept as select 1 as one');
    // As if its parent had been killed together with the guardian: the owner is a process that is no more.
    await fs.writeFile(`${dataDirectory}.waybill.owner`, '999999999\n');

    const next = await startEmbeddedPostgres({ dataDirectory });

    expect(await query(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
    await next.stop();
    await abandoned.stop();
  });
});
