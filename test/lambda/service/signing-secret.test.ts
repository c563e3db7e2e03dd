/** Secrets that sign: read from Secrets Manager, two while one is changed, and none that can be guessed. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { numberSetting, setting } from '../../../lambda/service/setting.ts';
import { readSigningSecrets, signingSecret } from '../../../lambda/service/signing-secret.ts';

const ONE = 'a'.repeat(32);
const OTHER = 'b'.repeat(40);
const before = { ...process.env };

let server: Server;
let secret: string;
let status: number;
let calls: number;

beforeEach(async () => {
  [secret, status, calls] = [ONE, 200, 0];
  server = createServer((_request, response) => {
    calls += 1;
    response.writeHead(status).end(JSON.stringify({ SecretString: secret }));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    SOME_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:some',
  });
});
afterEach(() => {
  process.env = { ...before };
  server.closeAllConnections();
  server.close();
});

describe('a signing secret', () => {
  test('is read once and kept; a failure is not', async () => {
    const read = signingSecret('SOME_SECRET_ARN');

    status = 500;
    await expect(read()).rejects.toMatchObject({ code: 'WAYBILL_SIGNING_SECRET_UNREADABLE' });
    status = 200;
    expect([await read(), await read(), calls]).toEqual([ONE, ONE, 2]);
  });

  test('may be two while it is changed; the first one signs', async () => {
    secret = `${OTHER}\n${ONE} `;

    expect(await readSigningSecrets('SOME_SECRET_ARN')).toEqual([OTHER, ONE]);
    expect(await signingSecret('SOME_SECRET_ARN')()).toBe(OTHER);
  });

  test.each([['a'.repeat(31)], [`${ONE} short`], ['   '], ['']])('%j can be guessed', async (text) => {
    secret = text;

    await expect(readSigningSecrets('SOME_SECRET_ARN')).rejects.toMatchObject({
      code: 'WAYBILL_SIGNING_SECRET_TOO_SHORT',
    });
  });

  test('that nobody named is an error of the environment', async () => {
    delete process.env['SOME_SECRET_ARN'];

    await expect(readSigningSecrets('SOME_SECRET_ARN')).rejects.toMatchObject({
      code: 'WAYBILL_ENVIRONMENT_MISSING',
    });
  });
});

describe('a setting', () => {
  test.each([['0'], ['-1'], ['1.5'], ['many']])('%j is no number above zero', (text) => {
    process.env['SOME_NUMBER'] = text;

    expect(() => numberSetting('SOME_NUMBER')).toThrow(
      expect.objectContaining({ code: 'WAYBILL_ENVIRONMENT_INVALID' }) as unknown as Error,
    );
  });

  test('is what the stack set', () => {
    process.env['SOME_NUMBER'] = '30';

    expect([setting('SOME_NUMBER'), numberSetting('SOME_NUMBER')]).toEqual(['30', 30]);
    expect(() => setting('NOT_SET')).toThrow(
      expect.objectContaining({ code: 'WAYBILL_ENVIRONMENT_MISSING' }) as unknown as Error,
    );
  });
});
