/** WebSocket APIs: the handshake, routes, the management API, limits of time and size. */
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import {
  gatewayUnderTest,
  invocationUri,
  type GatewayUnderTest,
  type Handler,
} from './gateway-under-test.ts';

interface Event {
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly queryStringParameters?: Record<string, string>;
  readonly requestContext: Record<string, unknown> & {
    readonly connectionId: string;
    readonly routeKey: string;
  };
}

let under: GatewayUnderTest;
let ApiId: string;
let url: string;
/** Every event that a function got, by its route. */
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
  await under.call('CreateStage', { ApiId, StageName: 'prod', StageVariables: { color: 'red' } });
  url = `${api['ApiEndpoint']}/prod`;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await under.close();
});

async function addRoute(
  RouteKey: string,
  handler: (event: Event) => unknown = () => ({ statusCode: 200 }),
  settings: Record<string, unknown> = {},
): Promise<void> {
  const record: Handler = (event) => {
    events.push(event as unknown as Event);
    return handler(event as unknown as Event);
  };
  const IntegrationUri = invocationUri(under.createFunction(RouteKey, record));
  const { IntegrationId } = await under.call('CreateIntegration', {
    ApiId,
    IntegrationType: 'AWS_PROXY',
    IntegrationUri,
  });
  await under.call('CreateRoute', { ApiId, RouteKey, Target: `integrations/${IntegrationId}`, ...settings });
}

/** An open connection, or the status with which it was refused. */
function connect(query = '', headers: Record<string, string> = {}): Promise<WebSocket | number> {
  const socket = new WebSocket(url + query, { headers });
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
  });
}

async function connected(query = ''): Promise<WebSocket> {
  const socket = await connect(query);
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
  return socket;
}

const nextMessage = (socket: WebSocket): Promise<string> =>
  new Promise((resolve) => socket.once('message', (data) => resolve((data as Buffer).toString('utf8'))));
const closed = (socket: WebSocket): Promise<number> =>
  new Promise((resolve) => socket.once('close', (code) => resolve(code)));
const connectionId = (): string => under.gateway.connections(ApiId)[0]?.connectionId ?? '';

describe('the handshake', () => {
  test('$connect sees headers and query string; a connection that it accepts is open', async () => {
    await addRoute('$connect');

    await connected('?ticket=abc');

    expect(events).toMatchObject([
      {
        queryStringParameters: { ticket: 'abc' },
        requestContext: {
          routeKey: '$connect',
          eventType: 'CONNECT',
          stage: 'prod',
          apiId: ApiId,
          connectionId: connectionId(),
        },
        stageVariables: { color: 'red' },
      },
    ]);
  });

  test.each([
    ['answers 403', () => ({ statusCode: 403 }), 403],
    ['answers 401', () => ({ statusCode: 401 }), 401],
    ['fails', () => Promise.reject(new Error('broken')), 502],
    ['answers nothing', () => null, 502],
  ])('a $connect that %s', async (_name, handler, status) => {
    await addRoute('$connect', handler);

    expect(await connect()).toBe(status);
    expect(under.gateway.connections(ApiId)).toEqual([]);
  });

  test('an unknown stage or API is refused', async () => {
    url = url.replace('/prod', '/dev');
    expect(await connect()).toBe(403);
    url = url.replace(ApiId, 'nothere');
    expect(await connect()).toBe(404);
  });
});

describe('an authorizer', () => {
  async function protect(handler: (event: Event) => unknown): Promise<void> {
    const { AuthorizerId } = await under.call('CreateAuthorizer', {
      ApiId,
      AuthorizerType: 'REQUEST',
      AuthorizerUri: invocationUri(under.createFunction('authorizer', handler as never)),
      IdentitySource: ['route.request.querystring.ticket'],
    } as never);
    await addRoute('$connect', undefined, { AuthorizationType: 'CUSTOM', AuthorizerId });
    await addRoute('$default');
  }
  const policy = (Effect: string) => ({
    principalId: 'user-1',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect, Resource: '*' }],
    },
    context: { tenantId: 't-1' },
  });

  test('lets in whom it allows; what it says is in every later event of the connection', async () => {
    await protect(() => policy('Allow'));

    const socket = await connected('?ticket=abc');
    socket.send('hello');
    while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));

    expect(events).toMatchObject([
      { requestContext: { authorizer: { principalId: 'user-1', tenantId: 't-1' } } },
      { body: 'hello', requestContext: { routeKey: '$default', authorizer: { tenantId: 't-1' } } },
    ]);
  });

  test('without the identity it is a 401, denied a 403, and $connect is not called', async () => {
    await protect(() => policy('Deny'));

    expect(await connect()).toBe(401);
    expect(await connect('?ticket=abc')).toBe(403);
    expect(events).toEqual([]);
  });
});

describe('messages', () => {
  test('go to the route that the body names, else to $default', async () => {
    await addRoute('join');
    await addRoute('$default');
    const socket = await connected();

    for (const message of [
      '{"action":"join","room":1}',
      '{"action":"other"}',
      'no JSON',
      '{"action":"$connect"}',
    ]) {
      const before = events.length;
      socket.send(message);
      while (events.length === before) await new Promise((resolve) => setTimeout(resolve, 2));
    }

    expect(events.map((event) => [event.requestContext.routeKey, event.body])).toEqual([
      ['join', '{"action":"join","room":1}'],
      ['$default', '{"action":"other"}'],
      ['$default', 'no JSON'],
      ['$default', '{"action":"$connect"}'],
    ]);
  });

  test('without a route the client hears Forbidden; a function that fails is an internal server error', async () => {
    await addRoute('fail', () => Promise.reject(new Error('broken')));
    const socket = await connected();

    const forbidden = nextMessage(socket);
    socket.send('{"action":"other"}');
    expect(JSON.parse(await forbidden)).toMatchObject({ message: 'Forbidden', connectionId: connectionId() });

    const failed = nextMessage(socket);
    socket.send('{"action":"fail"}');
    expect(JSON.parse(await failed)).toMatchObject({ message: 'Internal server error' });
  });

  test('the answer of a route goes back only when the route has a response', async () => {
    await addRoute('quiet', () => ({ statusCode: 200, body: 'not heard' }));
    await addRoute('ping', () => ({ statusCode: 200, body: 'pong' }), {
      RouteResponseSelectionExpression: '$default',
    });
    const socket = await connected();

    const answer = nextMessage(socket);
    socket.send('{"action":"quiet"}');
    socket.send('{"action":"ping"}');

    expect(await answer).toBe('pong');
  });
});

describe('the management API', () => {
  let management: ApiGatewayManagementApiClient;
  beforeEach(() => {
    management = new ApiGatewayManagementApiClient({
      endpoint: url.replace('ws:', 'http:'),
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
      maxAttempts: 1,
    });
  });
  afterEach(() => management.destroy());

  test('posts to a connection, tells about it, and closes it', async () => {
    await addRoute('$disconnect');
    const socket = await connected();
    const ConnectionId = connectionId();

    const message = nextMessage(socket);
    await management.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from('{"done":true}') }));
    expect(await message).toBe('{"done":true}');
    const { ConnectedAt } = await management.send(new GetConnectionCommand({ ConnectionId }));
    expect(ConnectedAt?.getTime()).toBe(under.clock.now());

    const close = closed(socket);
    await management.send(new DeleteConnectionCommand({ ConnectionId }));
    expect(await close).toBe(1000);
    while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    expect(events).toMatchObject([
      {
        requestContext: {
          routeKey: '$disconnect',
          eventType: 'DISCONNECT',
          connectionId: ConnectionId,
          disconnectStatusCode: 1000,
        },
      },
    ]);
  });

  test('a connection that is gone is a 410, which tells the sender to forget it', async () => {
    const socket = await connected();
    const ConnectionId = connectionId();
    const close = closed(socket);
    socket.close();
    await close;
    while (under.gateway.connections(ApiId).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 2));

    await expect(
      management.send(new PostToConnectionCommand({ ConnectionId, Data: Buffer.from('x') })),
    ).rejects.toThrow(GoneException);
  });

  test('more than 128 KB are refused', async () => {
    await connected();

    await expect(
      management.send(
        new PostToConnectionCommand({
          ConnectionId: connectionId(),
          Data: Buffer.alloc(128 * 1024 + 1, 'x'),
        }),
      ),
    ).rejects.toMatchObject({ name: 'PayloadTooLargeException' });
  });
});

describe('time', () => {
  test('a connection that is idle for 10 minutes is closed; one that is used stays', async () => {
    await addRoute('$default');
    const socket = await connected();
    const close = closed(socket);

    await under.clock.advance(9 * 60_000);
    socket.send('still here');
    while (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    await under.clock.advance(9 * 60_000);
    expect(under.gateway.connections(ApiId)).toHaveLength(1);
    await under.clock.advance(61_000);

    expect(await close).toBe(1001);
  });

  test('after two hours every connection is closed', async () => {
    await addRoute('$default');
    const socket = await connected();
    const close = closed(socket);

    for (let minutes = 0; minutes < 120; minutes += 5) {
      socket.ping();
      await new Promise((resolve) => socket.once('pong', resolve));
      await under.clock.advance(5 * 60_000);
    }

    expect(await close).toBe(1001);
  });
});
