import { describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createPool, inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { useDatabase } from '../../../support/postgres.ts';

const database = useDatabase({ migrated: false });
const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:database-AbCdEf';

function secretOf(url: string): string {
  const { hostname, port, username, password, pathname } = new URL(url);
  return JSON.stringify({
    host: hostname,
    port: Number(port),
    username,
    password,
    dbname: pathname.slice(1),
  });
}

describe('pool', () => {
  test('connects with DATABASE_URL', async () => {
    const pool = await createPool({ environment: { DATABASE_URL: database().url } });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('connects with the secret, read from the endpoint that the environment names, signed', async () => {
    let request: { target: string; authorization: string; body: string } | undefined;
    const server = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => {
        const { 'x-amz-target': target, authorization } = incoming.headers;
        request = { target: String(target), authorization: String(authorization), body };
        response.end(JSON.stringify({ SecretString: secretOf(database().url) }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

    const pool = await createPool({
      environment: {
        WAYBILL_DATABASE_SECRET_ARN: ARN,
        AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI',
      },
    });

    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    expect(request).toMatchObject({
      target: 'secretsmanager.GetSecretValue',
      authorization: expect.stringMatching(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/secretsmanager\/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=[0-9a-f]{64}$/,
      ),
      body: JSON.stringify({ SecretId: ARN }),
    });
    await pool.end();
    server.close();
  });

  test('a database that follows another Region has its own endpoint, and the password of the first', async () => {
    const { hostname, port } = new URL(database().url);
    const first = { host: 'first-region.invalid', port: 1 };
    const secret = { ...(JSON.parse(secretOf(database().url)) as object), ...first };
    const pool = await createPool({
      environment: {
        WAYBILL_DATABASE_SECRET_ARN: ARN,
        WAYBILL_DATABASE_HOST: hostname,
        WAYBILL_DATABASE_PORT: port,
      },
      readSecret: async () => JSON.stringify(secret),
    });

    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  test('says what to do when nothing is configured, or the secret is no database secret', async () => {
    await expect(createPool({ environment: {} })).rejects.toMatchObject({
      code: 'WAYBILL_DATABASE_NOT_CONFIGURED',
      message: expect.stringContaining('set WAYBILL_DATABASE_SECRET_ARN'),
    });
    for (const secret of ['hunter2', '{"username":"a","password":"hunter2","port":"x"}']) {
      const failing = createPool({
        environment: { WAYBILL_DATABASE_SECRET_ARN: ARN },
        readSecret: async () => secret,
      });
      await expect(failing).rejects.toMatchObject({ code: 'WAYBILL_DATABASE_SECRET_INVALID' });
      await expect(failing).rejects.not.toThrow('hunter2');
    }
    await expect(createPool({ environment: { WAYBILL_DATABASE_SECRET_ARN: ARN } })).rejects.toMatchObject({
      code: 'WAYBILL_DATABASE_SECRET_UNREADABLE',
    });
  });

  test('a transaction is committed before afterCommit, rolled back on an error, and its connection is free again', async () => {
    const { pool } = database();
    await pool.query('create table note (text text)');
    let seen: unknown;

    await inTransaction(
      pool,
      (tx) => tx.query("insert into note values ('kept')"),
      async () => {
        seen = (await pool.query('select text from note')).rows;
      },
    );
    const failing = inTransaction(pool, async (tx) => {
      await tx.query("insert into note values ('dropped')");
      await tx.query('select nonsense');
    });

    await expect(failing).rejects.toThrow('column "nonsense" does not exist');
    expect(seen).toEqual([{ text: 'kept' }]);
    expect((await pool.query('select text from note')).rows).toEqual([{ text: 'kept' }]);
    expect(pool.idleCount).toBe(pool.totalCount);
  });
});
