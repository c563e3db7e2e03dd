import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { keepContainerCredentials } from '../../../lambda/runtime/container-credentials.ts';

const close: (() => void)[] = [];
afterEach(() => {
  for (const one of close.splice(0)) one();
});

/** The agent of ECS, as far as it is asked here. */
async function agent(
  status = 200,
): Promise<{ readonly url: string; readonly tokens: (string | undefined)[] }> {
  const tokens: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.writeHead(status).end(
      JSON.stringify({
        AccessKeyId: 'AKIA',
        SecretAccessKey: 'secret',
        Token: 'session',
        Expiration: new Date(Date.now() + 6 * 3_600_000).toISOString(),
      }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  close.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/credentials`, tokens };
}

describe('credentials of a task of ECS', () => {
  test('are put where the runtime and the SDK look for them, with their end', async () => {
    const { url, tokens } = await agent();
    const environment: Record<string, string | undefined> = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let-me-in',
    };

    await keepContainerCredentials(environment);

    expect(environment).toMatchObject({
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
    });
    expect(Date.parse(environment['AWS_CREDENTIAL_EXPIRATION'] ?? '')).toBeGreaterThan(Date.now());
    expect(tokens).toEqual(['let-me-in']);
  });

  test('where none are offered, what is there stays', async () => {
    const environment = { AWS_ACCESS_KEY_ID: 'mine' };

    await keepContainerCredentials(environment);

    expect(environment).toEqual({ AWS_ACCESS_KEY_ID: 'mine' });
  });

  test('that cannot be read end the process before it does anything', async () => {
    const { url, tokens } = await agent(500);

    await expect(keepContainerCredentials({ AWS_CONTAINER_CREDENTIALS_FULL_URI: url })).rejects.toThrow(
      'WAYBILL_CREDENTIALS_MISSING',
    );
    expect(tokens).toHaveLength(5);
  });
});
