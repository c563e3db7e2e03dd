import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { APIGatewayRequestAuthorizerEventV2 } from 'aws-lambda';
import { handler } from '../../../lambda/handlers/authorize-request.ts';
import { bearerToken } from '../../../local/workload/api-client.ts';

const CALLER = { userId: 'usr_1', tenantId: 'tenant-1', role: 'admin' } as const;
const VARIABLES = {
  API_TOKEN_SECRET_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:token',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
};
const KEY = 'a key of at least thirty-two bytes';
let key = '';
let secretsManager: Server;
let calls = 0;

beforeAll(async () => {
  secretsManager = createServer((_request, response) => {
    calls += 1;
    response.end(JSON.stringify({ SecretString: key }));
  });
  await new Promise<void>((resolve) => secretsManager.listen(0, '127.0.0.1', resolve));
  const { port } = secretsManager.address() as AddressInfo;
  Object.assign(process.env, VARIABLES, { AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://127.0.0.1:${port}` });
});
afterAll(async () => {
  for (const name of [...Object.keys(VARIABLES), 'AWS_ENDPOINT_URL_SECRETS_MANAGER'])
    delete process.env[name];
  secretsManager.closeAllConnections();
  await new Promise((resolve) => secretsManager.close(resolve));
});

function request(authorization?: string): APIGatewayRequestAuthorizerEventV2 {
  return {
    headers: authorization === undefined ? {} : { authorization },
  } as unknown as APIGatewayRequestAuthorizerEventV2;
}

describe('D18 the authorizer', () => {
  test('lets nobody in while its key is missing or short, and does not keep it', async () => {
    const authorization = `Bearer ${bearerToken('short', CALLER)}`;

    for (key of ['', 'short']) await expect(handler(request(authorization))).rejects.toThrow(/at least 32/);
    key = KEY;
    calls = 0;
  });

  test('tells the API who calls, reading the key once', async () => {
    const authorization = `Bearer ${bearerToken(KEY, CALLER)}`;

    expect(await handler(request(authorization))).toEqual({ isAuthorized: true, context: CALLER });
    expect(await handler(request(authorization))).toEqual({ isAuthorized: true, context: CALLER });
    expect(calls).toBe(1);
  });

  test.each([
    ['no header', undefined],
    ['another scheme', 'Basic dXNlcjpwYXNz'],
    ['a token under another key', `Bearer ${bearerToken('another key', CALLER)}`],
    ['no token', 'Bearer '],
  ])('lets nobody in with %s', async (_case, authorization) => {
    expect(await handler(request(authorization))).toEqual({ isAuthorized: false });
  });
});
