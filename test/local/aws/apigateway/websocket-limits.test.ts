/** WebSocket APIs at their limits: sizes, throttling, refusals, connections that vanish, many connections. */
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { WebSocket } from 'ws';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createFrameMeter, MAXIMUM_FRAME_BYTES } from '../../../../local/aws/apigateway/websocket/frames.ts';
import {
  gatewayUnderTest,
  invocationUri,
  type GatewayUnderTest,
  type Handler,
} from './gateway-under-test.ts';
import { letSettle, until } from '../../../support/waiting.ts';

interface Event {
  readonly headers?: Record<string, string>;
  readonly queryStringParameters?: Record<string, string>;
  readonly requestContext: Record<string, unknown> & { readonly routeKey: string };
}

let under: GatewayUnderTest;
let ApiId: string;
let url: string;
let events: Event[];
const sockets: WebSocket[] = [];

beforeEach(async () => {
  under = await gatewayUnderTest();
  events = [];
  const api = await under.call('CreateApi', {
    Name: 'chat',
    ProtocolType: 'WEBSOCKET',
    RouteSelectionExpression: '$request.body.action',
  });
  ApiId = api['ApiId'] ?? '';
  url = `${api['ApiEndpoint']}/live`;
  await under.call('CreateStage', { ApiId, StageName: 'live' });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await under.close();
});

async function addRoute(
  RouteKey: string,
  handler: Handler = () => ({ statusCode: 200 }),
  settings: Record<string, unknown> = {},
): Promise<void> {
  const IntegrationUri = invocationUri(
    under.createFunction(RouteKey, (event) => {
      events.push(event as unknown as Event);
      return handler(event);
    }),
  );
  const { IntegrationId } = await under.call('CreateIntegration', {
    ApiId,
    IntegrationType: 'AWS_PROXY',
    IntegrationUri,
  });
  await under.call('CreateRoute', { ApiId, RouteKey, Target: `integrations/${IntegrationId}`, ...settings });
}

async function protect(handler: Handler): Promise<void> {
  const { AuthorizerId } = await under.call('CreateAuthorizer', {
    ApiId,
    AuthorizerType: 'REQUEST',
    AuthorizerUri: invocationUri(under.createFunction('authorizer', handler)),
    IdentitySource: ['route.request.querystring.ticket'],
  });
  await addRoute('$connect', undefined, { AuthorizationType: 'CUSTOM', AuthorizerId });
}

interface Refusal {
  readonly status: number;
  readonly body: unknown;
}

function connect(query = ''): Promise<WebSocket | Refusal> {
  const socket = new WebSocket(url + query, { headers: { 'user-agent': 'test/1' } });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: JSON.parse(Buffer.concat(chunks).toString('utf8') || 'null') as unknown,
        }),
      );
    });
    socket.on('error', reject);
  });
}

async function connected(query = ''): Promise<WebSocket> {
  const socket = await connect(query);
  if (!(socket instanceof WebSocket)) throw new Error(`refused with ${socket.status}`);
  return socket;
}

const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', (code) => resolve(code)));
const nextMessage = (socket: WebSocket): Promise<unknown> =>
  new Promise((resolve) =>
    socket.once('message', (data) => resolve(JSON.parse((data as Buffer).toString('utf8')))),
  );
const allow = (context: Record<string, unknown> = {}) => ({
  principalId: 'user-1',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: '*' }],
  },
  context,
});

describe('sizes', () => {
  test('a frame of 32 KB arrives; a larger one closes the connection with 1009, and no function gets it', async () => {
    await addRoute('$default');
    const socket = await connected();
    socket.send('x'.repeat(MAXIMUM_FRAME_BYTES));
    await until(() => events.length === 1);

    const close = closed(socket);
    socket.send('x'.repeat(MAXIMUM_FRAME_BYTES + 1));

    expect(await close).toBe(1009);
    expect(events).toHaveLength(1);
  });

  test('a message of several frames may have 128 KB, and no more', async () => {
    await addRoute('$default');
    const socket = await connected();
    const fragments = (count: number): void => {
      for (let index = 0; index < count; index += 1) {
        socket.send('x'.repeat(MAXIMUM_FRAME_BYTES), { fin: index === count - 1 });
      }
    };
    fragments(4);
    await until(() => events.length === 1);

    const close = closed(socket);
    fragments(5);

    expect(await close).toBe(1009);
    expect(events).toHaveLength(1);
  });

  test('however the bytes of frames are cut into chunks, the largest is the same', () => {
    const frame = (size: number): Buffer => {
      const header =
        size < 126
          ? Buffer.from([0x82, 0x80 | size])
          : size < 65_536
            ? Buffer.from([0x82, 0x80 | 126, size >> 8, size & 0xff])
            : Buffer.concat([Buffer.from([0x82, 0x80 | 127]), u64(size)]);
      return Buffer.concat([header, Buffer.alloc(4), Buffer.alloc(size)]);
    };
    const u64 = (value: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes;
    };
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constantFrom(125, 126, 65_535, 65_536)), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 10 }),
        (sizes, cuts) => {
          const bytes = Buffer.concat(sizes.map(frame));
          const meter = createFrameMeter();
          let largest = 0;
          for (let at = 0, index = 0; at < bytes.length; index += 1) {
            const end = at + cuts[index % cuts.length]!;
            largest = Math.max(largest, meter.largest(bytes.subarray(at, end)));
            at = end;
          }
          expect(largest).toBe(Math.max(...sizes));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('refusals have a status and a body', () => {
  test.each([
    ['a function that answers 401', () => ({ statusCode: 401 }), 401, 'Unauthorized'],
    ['one that answers 403', () => ({ statusCode: 403 }), 403, 'Forbidden'],
    ['one that answers 500', () => ({ statusCode: 500 }), 500, 'Internal server error'],
    ['one that fails', () => Promise.reject(new Error('broken')), 502, 'Internal server error'],
  ])('%s', async (_name, handler, status, message) => {
    await addRoute('$connect', handler);

    expect(await connect()).toMatchObject({
      status,
      body: { message, connectionId: expect.any(String), requestId: expect.any(String) },
    });
  });

  test('an integration whose function is not there is a failure of API Gateway: 500', async () => {
    const { IntegrationId } = await under.call('CreateIntegration', {
      ApiId,
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: invocationUri('arn:aws:lambda:us-east-1:000000000000:function:nowhere'),
    });
    await under.call('CreateRoute', {
      ApiId,
      RouteKey: '$connect',
      Target: `integrations/${IntegrationId}`,
    });

    expect(await connect()).toMatchObject({ status: 500 });
  });

  test.each<readonly [string, Handler, number]>([
    ['that fails', () => Promise.reject(new Error('broken')), 500],
    ['that says Unauthorized', () => Promise.reject(new Error('Unauthorized')), 401],
    ['that answers nothing', () => null, 500],
    ['without a principal', () => ({ ...allow(), principalId: undefined }), 500],
    ['with objects in its context', () => allow({ user: { id: 1 } }), 500],
  ])('an authorizer %s', async (_name, handler, status) => {
    await protect(handler);

    expect(await connect('?ticket=abc')).toMatchObject({ status });
    expect(events).toEqual([]);
  });
});

describe('what functions are told', () => {
  test('the context of the authorizer is on every route, as texts', async () => {
    await protect(() => allow({ tenantId: 't-1', expiresAt: 12, admin: true }));
    await addRoute('$default');
    await addRoute('$disconnect');
    const socket = await connected('?ticket=abc');
    socket.send('hello');
    await until(() => events.length === 2);
    socket.close();
    await until(() => events.length === 3);

    for (const { requestContext } of events) {
      expect(requestContext['authorizer']).toEqual({
        principalId: 'user-1',
        tenantId: 't-1',
        expiresAt: '12',
        admin: 'true',
        integrationLatency: 0,
      });
    }
  });

  test('$connect has the query string and who asks; $disconnect has neither', async () => {
    await addRoute('$connect');
    await addRoute('$disconnect');
    const socket = await connected('?ticket=abc');
    socket.close(4001, 'bye');
    await until(() => events.length === 2);

    const [first, last] = events;
    expect(first).toMatchObject({
      queryStringParameters: { ticket: 'abc' },
      requestContext: {
        eventType: 'CONNECT',
        messageDirection: 'IN',
        identity: { sourceIp: '127.0.0.1', userAgent: 'test/1' },
      },
    });
    expect(last?.queryStringParameters).toBeUndefined();
    expect(last?.requestContext).toMatchObject({
      eventType: 'DISCONNECT',
      disconnectStatusCode: 4001,
      disconnectReason: 'bye',
    });
    expect(last?.requestContext['connectedAt']).toBe(first?.requestContext['connectedAt']);
  });

  test('$disconnect is called for a client that vanishes without a word', async () => {
    await addRoute('$disconnect');
    const socket = await connected();

    socket.terminate();
    await until(() => events.length === 1);

    expect(events[0]?.requestContext).toMatchObject({ disconnectStatusCode: 1006 });
    expect(under.gateway.connections(ApiId)).toEqual([]);
  });

  test('a client that goes before it is answered leaves no connection', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    await addRoute('$connect', async () => {
      asked.resolve();
      await answer.promise;
      return { statusCode: 200 };
    });
    const { port, pathname } = new URL(url);
    const tcp = connectTcp(Number(port), '127.0.0.1');
    tcp.write(
      [
        `GET ${pathname} HTTP/1.1`,
        'host: localhost',
        'connection: upgrade',
        'upgrade: websocket',
        'sec-websocket-version: 13',
        'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
        '',
        '',
      ].join('\r\n'),
    );
    await asked.promise;
    tcp.resetAndDestroy();
    await letSettle();
    answer.resolve();
    await letSettle();

    await until(() => under.gateway.connections(ApiId).length === 0);
  });
});

describe('the management API asks IAM', () => {
  const call = async (method: string, connectionId: string): Promise<number> => {
    const response = await fetch(
      `${url.replace('ws:', 'http:')}/@connections/${encodeURIComponent(connectionId)}`,
      { method, ...(method === 'POST' && { body: 'hello' }) },
    );
    await response.arrayBuffer();
    return response.status;
  };

  test('each method is asked for on its own resource; what is refused reaches no client, and tells nothing', async () => {
    const socket = await connected();
    const received: string[] = [];
    socket.on('message', (data) => received.push((data as Buffer).toString('utf8')));
    const id = under.gateway.connections(ApiId)[0]?.connectionId ?? '';
    const asked: string[] = [];
    under.context.authorizer = {
      authorize(_service, _caller, requests) {
        for (const { action, resourceArn } of requests) asked.push(`${action} ${resourceArn}`);
        throw new AwsError('AccessDeniedException', 'not allowed', 403);
      },
    };

    for (const method of ['POST', 'GET', 'DELETE']) {
      expect(await call(method, id)).toBe(403);
      expect(await call(method, 'nobody')).toBe(403);
    }
    expect(asked.filter((line) => line.includes(id))).toEqual(
      ['POST', 'GET', 'DELETE'].map(
        (method) =>
          `execute-api:ManageConnections arn:aws:execute-api:us-east-1:000000000000:${ApiId}/live/${method}/@connections/${id}`,
      ),
    );
    expect(received).toEqual([]);
    expect(under.gateway.connections(ApiId)).toHaveLength(1);
  });
});

describe('throttling', () => {
  beforeEach(() =>
    under.call('UpdateStage', {
      ApiId,
      StageName: 'live',
      DefaultRouteSettings: { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 },
    }),
  );

  test('connects above the burst are refused with 429, until the rate has brought room', async () => {
    await connected();
    await connected();

    expect(await connect()).toMatchObject({ status: 429, body: { message: 'Too Many Requests' } });
    await under.clock.advance(1000);
    await connected();
  });

  test('a message above it is answered so, and reaches no function', async () => {
    await addRoute('$default');
    const socket = await connected();
    socket.send('one');
    await until(() => events.length === 1);

    const answer = nextMessage(socket);
    socket.send('two');

    expect(await answer).toMatchObject({ message: 'Too Many Requests' });
    expect(events).toHaveLength(1);
  });
});

test('each of many idle connections is closed in its time, by one timer', async () => {
  await addRoute('$default');
  const early = await Promise.all(Array.from({ length: 50 }, () => connected()));
  await under.clock.advance(5 * 60_000);
  const late = await Promise.all(Array.from({ length: 50 }, () => connected()));
  early[0]?.send('still here');
  await until(() => events.length === 1);

  const gone = early.slice(1).map(closed);
  await under.clock.advance(5 * 60_000 + 1);

  expect(await Promise.all(gone)).toEqual(gone.map(() => 1001));
  await until(() => under.gateway.connections(ApiId).length === 51);
  const rest = [early[0]!, ...late].map(closed);
  await under.clock.advance(5 * 60_000);
  expect(await Promise.all(rest)).toEqual(rest.map(() => 1001));
});
