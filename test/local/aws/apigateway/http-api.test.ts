import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws, ManualClock } from '../../../../local/aws/index.ts';
import type { LambdaService } from '../../../../local/aws/lambda/index.ts';
import { codeOf } from '../lambda/code.ts';

let clock: ManualClock;
let aws: EmbeddedAws;
let lambda: LambdaService;
let url: string;
let apiId: string;
const directories: string[] = [];

beforeEach(async () => {
  clock = manualClock();
  aws = await startEmbeddedAws({ clock });
  ({ lambda } = aws.services);
});
afterEach(async () => {
  await aws.close();
  await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })));
});

const call = async (action: string, input: Record<string, unknown>) =>
  (await aws.context.services
    .get('apigateway')
    .handle(action, input, { accountId: '000000000000', arn: 'test' })) as Record<string, string>;

async function createFunction(functionName: string, body: string): Promise<string> {
  const codeDirectory = await codeOf({ 'index.mjs': `export const handler = async (event) => { ${body} };` });
  directories.push(codeDirectory);
  return lambda.createFunction({ functionName, handler: 'index.handler', codeDirectory, timeoutSeconds: 5 })
    .functionArn;
}

async function createApi(settings: Record<string, unknown> = {}, stage = '$default'): Promise<void> {
  const { ApiId = '', ApiEndpoint = '' } = await call('CreateApi', { Name: 'api', ...settings });
  [apiId, url] = [ApiId, ApiEndpoint];
  await call('CreateStage', { ApiId, StageName: stage, StageVariables: {} });
}

async function addRoute(
  RouteKey: string,
  IntegrationUri: string,
  settings: Record<string, unknown> = {},
): Promise<void> {
  const { IntegrationId } = await call('CreateIntegration', {
    ApiId: apiId,
    IntegrationType: 'AWS_PROXY',
    IntegrationUri,
    PayloadFormatVersion: '2.0',
  });
  await call('CreateRoute', { ApiId: apiId, RouteKey, Target: `integrations/${IntegrationId}`, ...settings });
}

describe('an HTTP API with a Lambda proxy integration', () => {
  test.each(['%zz', '%ff', '%'])(
    'a part of the path that is no UTF-8 (%j) stays as it was sent',
    async (part) => {
      await createApi();
      await addRoute('GET /items/{id}', await createFunction('echo', 'return event.pathParameters;'));

      const response = await fetch(`${url}/items/${part}`);

      expect([response.status, await response.json()]).toEqual([200, { id: part }]);
    },
  );

  test('the event has payload format 2.0', async () => {
    await createApi();
    await addRoute('ANY /items/{id}', await createFunction('echo', 'return event;'));

    const response = await fetch(`${url}/items/a%20b?tag=x&tag=y&page=2`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', cookie: 'one=1; two=2', 'X-Tenant': 'acme' },
      body: '{"a":1}',
    });

    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /items/{id}',
      rawPath: '/items/a%20b',
      rawQueryString: 'tag=x&tag=y&page=2',
      cookies: ['one=1', 'two=2'],
      headers: { 'x-tenant': 'acme', 'content-type': 'application/json' },
      queryStringParameters: { tag: 'x,y', page: '2' },
      pathParameters: { id: 'a b' },
      requestContext: {
        accountId: '000000000000',
        apiId,
        stage: '$default',
        routeKey: 'ANY /items/{id}',
        http: { method: 'PUT', path: '/items/a%20b', protocol: 'HTTP/1.1' },
        time: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
  });

  test('a body that is no text travels as base64', async () => {
    await createApi();
    await addRoute(
      'POST /files',
      await createFunction('echo', 'return { body: event.body, encoded: event.isBase64Encoded };'),
    );

    const response = await fetch(`${url}/files`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from([0, 255]),
    });

    expect(await response.json()).toEqual({ body: 'AP8=', encoded: true });
  });

  test('status, headers, cookies and a binary body of the answer reach the client', async () => {
    await createApi();
    const body = `return { statusCode: 201, headers: { 'X-Request': 'r1' }, cookies: ['a=1'], body: 'aGVsbG8=', isBase64Encoded: true };`;
    await addRoute('GET /', await createFunction('full', body));

    const response = await fetch(`${url}/`);

    expect(response.status).toBe(201);
    expect(response.headers.get('x-request')).toBe('r1');
    expect(response.headers.get('set-cookie')).toBe('a=1');
    expect(await response.text()).toBe('hello');
  });

  test.each([
    ['GET /items/special', '/items/special', 'GET', 'literal'],
    ['the placeholder', '/items/7', 'GET', 'placeholder'],
    ['ANY for another method', '/items/7', 'DELETE', 'any'],
    ['the greedy route', '/items/7/parts/8', 'GET', 'greedy'],
    ['$default', '/elsewhere', 'GET', 'default'],
  ])('%s is chosen', async (_name, path, method, expected) => {
    await createApi();
    const routes = {
      'GET /items/special': 'literal',
      'GET /items/{id}': 'placeholder',
      'ANY /items/{id}': 'any',
      'ANY /items/{proxy+}': 'greedy',
      $default: 'default',
    };
    const echo = await createFunction('echo', 'return event.routeKey;');
    for (const routeKey of Object.keys(routes)) await addRoute(routeKey, echo);

    const routeKey = (await (await fetch(url + path, { method })).json()) as keyof typeof routes;

    expect(routes[routeKey]).toBe(expected);
  });

  test('a named stage is the first segment of the path', async () => {
    await createApi({}, 'v1');
    await addRoute(
      'GET /items',
      await createFunction('echo', 'return [event.rawPath, event.requestContext.stage];'),
    );

    expect(await (await fetch(`${url}/v1/items`)).json()).toEqual(['/v1/items', 'v1']);
    expect((await fetch(`${url}/items`)).status).toBe(404);
  });

  test('what has no route is a 404, what fails a 500, what is throttled a 503', async () => {
    await createApi();
    await addRoute('GET /broken', await createFunction('broken', 'throw new Error("secret detail");'));
    const stopped = await createFunction('stopped', 'return 1;');
    lambda.putFunctionConcurrency('stopped', 0);
    await addRoute('GET /stopped', stopped);

    const answers = await Promise.all(['/nothing', '/broken', '/stopped'].map((path) => fetch(url + path)));

    expect(answers.map(({ status }) => status)).toEqual([404, 500, 503]);
    expect(await answers[1]?.json()).toEqual({ message: 'Internal Server Error' });
  });

  test('a preflight is answered without the function, for allowed origins only', async () => {
    await createApi({
      CorsConfiguration: { AllowOrigins: ['https://app.example'], AllowMethods: ['GET'], MaxAge: 60 },
    });
    await addRoute('GET /items', await createFunction('echo', 'return 1;'));
    const ask = (origin: string) => fetch(`${url}/items`, { method: 'OPTIONS', headers: { origin } });

    const [allowed, refused] = [await ask('https://app.example'), await ask('https://evil.example')];

    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-max-age')).toBe('60');
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('Lambda authorizers', () => {
  const authorizing = `
    const tenant = { 'token-a': 'acme' }[event.identitySource[0]];
    return { isAuthorized: tenant !== undefined, context: { tenant } };`;

  async function addAuthorizedRoute(routeKey: string, source: string, ttlSeconds = 0): Promise<void> {
    const authorizer = await createFunction(`authorizer-${ttlSeconds}`, source);
    const { AuthorizerId } = await call('CreateAuthorizer', {
      ApiId: apiId,
      AuthorizerType: 'REQUEST',
      AuthorizerUri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${authorizer}/invocations`,
      AuthorizerResultTtlInSeconds: ttlSeconds,
      IdentitySource: ['$request.header.Authorization'],
      EnableSimpleResponses: true,
    });
    const echo = await createFunction(`echo-${ttlSeconds}`, 'return event.requestContext.authorizer;');
    await addRoute(routeKey, echo, { AuthorizerId, AuthorizationType: 'CUSTOM' });
  }

  beforeEach(async () => {
    await createApi();
    await addAuthorizedRoute('GET /me', authorizing);
  });

  test('D18 the tenant of a verified token reaches the function', async () => {
    const response = await fetch(`${url}/me`, { headers: { authorization: 'token-a' } });

    expect(await response.json()).toEqual({ lambda: { tenant: 'acme' } });
  });

  test('a refused token is a 403, a missing one a 401', async () => {
    expect((await fetch(`${url}/me`, { headers: { authorization: 'token-b' } })).status).toBe(403);
    expect((await fetch(`${url}/me`)).status).toBe(401);
  });

  test('an answer is used again for the same identity until its time is over', async () => {
    const asked: string[] = [];
    lambda.observeLogs(({ text }) => asked.push(text));
    await addAuthorizedRoute('GET /cached', `console.log(event.identitySource[0]); ${authorizing}`, 60);
    const ask = async (authorization: string) =>
      (await fetch(`${url}/cached`, { headers: { authorization } })).status;

    expect([await ask('token-a'), await ask('token-a'), await ask('token-b'), await ask('token-b')]).toEqual([
      200, 200, 403, 403,
    ]);
    expect(asked).toEqual(['token-a', 'token-b']);
    await clock.advance(61_000);
    await ask('token-a');
    expect(asked).toEqual(['token-a', 'token-b', 'token-a']);
  });

  test('an authorizer that fails is a 500, and is asked again by the next request', async () => {
    const failsOnce = `if (!globalThis.failed) { globalThis.failed = true; throw new Error('once'); } ${authorizing}`;
    await addAuthorizedRoute('GET /recovered', failsOnce, 60);
    const ask = async () =>
      (await fetch(`${url}/recovered`, { headers: { authorization: 'token-a' } })).status;

    expect([await ask(), await ask()]).toEqual([500, 200]);
  });

  test('an authorizer that does not run here is refused, so that its route is never open', async () => {
    await expect(call('CreateAuthorizer', { ApiId: apiId, AuthorizerType: 'JWT' })).rejects.toThrow(
      'not JWT',
    );
  });
});

test('an API is there again after a restart, with its routes, stage variables, authorizers and CORS', async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'waybill-state-'));
  directories.push(stateDirectory);
  const start = async () => {
    await aws.close();
    aws = await startEmbeddedAws({ clock, stateDirectory });
    ({ lambda } = aws.services);
  };
  await start();
  await createApi({ CorsConfiguration: { AllowOrigins: ['https://app.example'] } });
  await call('CreateStage', { ApiId: apiId, StageName: 'v1', StageVariables: { colour: 'green' } });
  const authorizer = await createFunction('authorizer', 'return { isAuthorized: true, context: { a: 1 } };');
  const { AuthorizerId } = await call('CreateAuthorizer', {
    ApiId: apiId,
    AuthorizerType: 'REQUEST',
    AuthorizerUri: authorizer,
    IdentitySource: ['$request.header.Authorization'],
    EnableSimpleResponses: true,
  });
  const echo = await createFunction(
    'echo',
    'return [event.requestContext.authorizer, event.stageVariables, event.pathParameters];',
  );
  await addRoute('GET /orders/{id}', echo, { AuthorizerId, AuthorizationType: 'CUSTOM' });

  await start();

  url = aws.services.apigateway.urlOf(apiId);
  const headers = { authorization: 'token', origin: 'https://app.example' };
  const response = await fetch(`${url}/v1/orders/7`, { headers });
  expect(await response.json()).toEqual([{ lambda: { a: 1 } }, { colour: 'green' }, { id: '7' }]);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
  expect((await fetch(`${url}/v1/orders/7`)).status).toBe(401);
});
