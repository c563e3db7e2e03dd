/** Routes of an HTTP API behind a REST API: what they are given, and what goes back. */
import { describe, expect, test } from '@jest/globals';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { signedToken } from '../../../lambda/http/json-web-token.ts';
import { Problem } from '../../../lambda/http/problem.ts';
import { callerOf, rawBody } from '../../../lambda/http/request.ts';
import { authorizeRestRequest } from '../../../lambda/http/rest-authorizer.ts';
import { restRoutesHandler } from '../../../lambda/http/rest-routes.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const NOW = Date.parse('2026-03-01T12:00:00Z');

const eventOf = (more: Partial<APIGatewayProxyEvent> = {}): APIGatewayProxyEvent =>
  ({
    resource: '/things/{thingId}',
    path: '/things/t-1',
    httpMethod: 'POST',
    headers: { 'Idempotency-Key': 'k-1', ORIGIN: 'https://app.example.com' },
    queryStringParameters: { limit: '2' },
    pathParameters: { thingId: 't-1' },
    body: '{"a":"\u00e9"}',
    isBase64Encoded: false,
    requestContext: {
      path: '/v1/things/t-1',
      requestId: 'chosen by the caller',
      extendedRequestId: 'x-1=',
      identity: { sourceIp: '127.0.0.1' },
      authorizer: { tenantId: 'tenant-1', userId: 'usr_1', role: 'member' },
    },
    ...more,
  }) as unknown as APIGatewayProxyEvent;

describe('routes behind a REST API', () => {
  test('get the caller, small header names, the exact body, parameters, and the path with its stage', async () => {
    const seen: unknown[] = [];
    const handler = restRoutesHandler(
      {
        'POST /things/{thingId}': async (event) => {
          const { headers, pathParameters, queryStringParameters, requestContext } = event;
          seen.push(callerOf(event, ['member']), rawBody(event).toString(), headers['idempotency-key']);
          seen.push(pathParameters, queryStringParameters, requestContext.http.path);
          return { status: 201, body: { made: true }, headers: { location: '/v1/things/t-1' } };
        },
      },
      () => undefined,
      {},
    );

    const answer = await handler(eventOf());

    expect(seen).toEqual([
      { tenantId: 'tenant-1', userId: 'usr_1', role: 'member' },
      '{"a":"\u00e9"}',
      'k-1',
      { thingId: 't-1' },
      { limit: '2' },
      '/v1/things/t-1',
    ]);
    expect(answer).toEqual({
      statusCode: 201,
      headers: { 'content-type': 'application/json', location: '/v1/things/t-1' },
      body: '{"made":true}',
    });
  });

  test('tell problems with an instance that no caller can choose', async () => {
    const handler = restRoutesHandler(
      {
        'POST /things/{thingId}': () =>
          Promise.reject(new Problem({ status: 409, code: 'WAYBILL_X', title: 'X', detail: 'X.' })),
      },
      () => undefined,
    );

    const { statusCode, headers, body } = await handler(eventOf({ body: null, headers: {} }));

    expect([statusCode, headers?.['content-type']]).toEqual([409, 'application/problem+json']);
    expect(JSON.parse(body)).toMatchObject({ code: 'WAYBILL_X', instance: 'x-1=' });
  });

  test.each([
    ['https://app.example.com https://b.example.com', 'https://app.example.com'],
    ['https://b.example.com', undefined],
    [undefined, undefined],
  ])('let pages of %s read the answer', async (origins, allowed) => {
    const handler = restRoutesHandler({}, () => undefined, { API_PAGE_ORIGINS: origins });

    const { statusCode, headers } = await handler(eventOf());

    expect([statusCode, headers?.['access-control-allow-origin']]).toEqual([404, allowed]);
  });
});

describe('the authorizer', () => {
  const claims = {
    iss: 'waybill',
    aud: 'waybill-core',
    sub: 'usr_1',
    tenantId: 'tenant-1',
    role: 'member',
    exp: NOW / 1000 + 60,
  };
  const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/v1/GET/generations';
  const authorize = (headers: Record<string, string>) =>
    authorizeRestRequest({ headers, methodArn }, { tokenSecret: async () => SECRET, now: () => NOW });

  test('allows all of the API, for its answer is kept for other routes too', async () => {
    const answer = await authorize({ AUTHORIZATION: `Bearer ${signedToken(SECRET, claims)}` });

    expect(answer.context).toEqual({ tenantId: 'tenant-1', userId: 'usr_1', role: 'member' });
    expect(answer.policyDocument.Statement).toEqual([
      {
        Action: 'execute-api:Invoke',
        Effect: 'Allow',
        Resource: 'arn:aws:execute-api:us-east-1:000000000000:api/v1/*/*',
      },
    ]);
  });

  test.each([
    ['no header', {}],
    ['no token', { authorization: 'Bearer ' }],
    [
      'an expired token',
      { authorization: `Bearer ${signedToken(SECRET, { ...claims, exp: NOW / 1000 - 60 })}` },
    ],
    ['a token of another key', { authorization: `Bearer ${signedToken(`${SECRET}!`, claims)}` }],
  ])('%s is unauthorized', async (_name, headers) => {
    await expect(authorize(headers as Record<string, string>)).rejects.toThrow(/^Unauthorized$/);
  });
});
