/** All push functions behind an embedded WebSocket API with real sockets: handshake, resume, pushes, 410, expiry. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { authorizeTicket } from '../../../lambda/push/authorize.ts';
import { connectHandler, disconnectHandler } from '../../../lambda/push/connections.ts';
import { connectionManagement } from '../../../lambda/push/management.ts';
import type { ConnectionManagement } from '../../../lambda/push/management.ts';
import { messageHandler } from '../../../lambda/push/messages.ts';
import { createNotifier } from '../../../lambda/push/notifier.ts';
import type { Notifier } from '../../../lambda/push/notifier.ts';
import { parseServerMessage } from '../../../lambda/push/protocol.ts';
import type { ServerMessage } from '../../../lambda/push/protocol.ts';
import { issueTicket } from '../../../lambda/push/ticket.ts';
import { gatewayUnderTest, invocationUri } from '../../local/aws/apigateway/gateway-under-test.ts';
import type { GatewayUnderTest } from '../../local/aws/apigateway/gateway-under-test.ts';
import { connection, memoryPush, notification, SILENT, USER } from './memory-push.ts';
import type { MemoryPush } from './memory-push.ts';
import { until } from '../../support/waiting.ts';

const SECRET = 'a-secret-of-tickets-with-32-characters-or-more';
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
};

let under: GatewayUnderTest;
let push: MemoryPush;
let management: ConnectionManagement;
let notifier: Notifier;
let managementUrl: string;
let url: string;
let time: number;
let reports: string[];
const sockets: WebSocket[] = [];

beforeEach(async () => {
  under = await gatewayUnderTest();
  time = under.clock.now();
  push = memoryPush();
  reports = [];
  const api = await under.call('CreateApi', {
    Name: 'push',
    ProtocolType: 'WEBSOCKET',
    RouteSelectionExpression: '$request.body.action',
  });
  const ApiId = api['ApiId']!;
  await under.call('CreateStage', { ApiId, StageName: 'prod' });
  url = `${api['ApiEndpoint']}/prod`;
  managementUrl = url.replace(/^ws/, 'http');
  management = connectionManagement({ url: managementUrl, environment: ENVIRONMENT });
  const { store } = push;
  const now = () => time;
  const report = (what: string) => void reports.push(what);
  notifier = createNotifier({ store, management, now });
  const connections = () => ({ store, management, maxConnections: 2, report });
  const { AuthorizerId } = await under.call('CreateAuthorizer', {
    ApiId,
    AuthorizerType: 'REQUEST',
    AuthorizerUri: invocationUri(
      under.createFunction(
        'authorizer',
        authorizeTicket(() => ({ secret: async () => SECRET, store, now }), report) as never,
      ),
    ),
    IdentitySource: ['route.request.querystring.ticket'],
  });
  const routes = {
    $connect: connectHandler(connections),
    $disconnect: disconnectHandler(connections),
    $default: messageHandler(() => ({ store, management, now, pageSize: 2 }), report),
  };
  for (const [RouteKey, handler] of Object.entries(routes)) {
    const { IntegrationId } = await under.call('CreateIntegration', {
      ApiId,
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: invocationUri(under.createFunction(RouteKey, handler as never)),
    });
    await under.call('CreateRoute', {
      ApiId,
      RouteKey,
      Target: `integrations/${IntegrationId}`,
      ...(RouteKey === '$connect' && { AuthorizationType: 'CUSTOM', AuthorizerId }),
    });
  }
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await under.close();
});

interface Client {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[];
  send(message: object | string): void;
  /** Waits for so many messages. */
  received(count: number): Promise<readonly ServerMessage[]>;
}

const ticket = (sessionSeconds = 3_600): string =>
  issueTicket(SECRET, { ...USER, sessionExpiresAt: Math.floor(time / 1000) + sessionSeconds }, time).token;

async function connect(query = `?ticket=${ticket()}`): Promise<Client | number> {
  const socket = new WebSocket(url + query);
  sockets.push(socket);
  const messages: ServerMessage[] = [];
  socket.on('message', (data) => {
    const message = parseServerMessage((data as Buffer).toString('utf8'));
    if (message !== undefined) messages.push(message);
  });
  const status = await new Promise<number>((resolve, reject) => {
    socket.on('open', () => resolve(101));
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.on('error', reject);
  });
  if (status !== 101) return status;
  return {
    socket,
    messages,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    received: async (count) => {
      while (messages.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
      return messages;
    },
  };
}

async function connected(query?: string): Promise<Client> {
  const client = await connect(query);
  if (typeof client === 'number') throw new Error(`refused with ${client}`);
  return client;
}

const notify = (id: string) => notifier.notify(notification(id), { logger: SILENT });

describe('who may connect', () => {
  test('a ticket opens one connection, and no second one', async () => {
    const used = `?ticket=${ticket()}`;

    await connected(used);

    expect([await connect(used), await connect('?ticket=nonsense'), await connect('')]).toEqual([
      403, 403, 401,
    ]);
    expect(push.rows.size).toBe(1);
  });

  test('a ticket that is too old opens none', async () => {
    const old = `?ticket=${ticket()}`;
    time += 70_000;

    expect(await connect(old)).toBe(403);
  });
});

describe('a connection', () => {
  test('gets what was missed in pages, then what comes, on every tab', async () => {
    for (const id of ['e-1', 'e-2', 'e-3']) await notify(id);
    const client = await connected();
    const tab = await connected();
    tab.send({ action: 'resume', cursor: 'latest' });

    client.send({ action: 'resume', cursor: 0 });
    expect((await client.received(3)).at(-1)).toEqual({ type: 'more', cursor: 2 });
    client.send({ action: 'resume', cursor: 2 });
    await client.received(5);
    await tab.received(1);
    await notify('e-4');

    expect(
      (await client.received(6)).map((message) => [message.type, 'cursor' in message && message.cursor]),
    ).toEqual([
      ['notification', 1],
      ['notification', 2],
      ['more', 2],
      ['notification', 3],
      ['caught-up', 3],
      ['notification', 4],
    ]);
    expect((await tab.received(2)).map(({ type }) => type)).toEqual(['caught-up', 'notification']);
  });

  test('gets an answer to a ping, and a problem for what is no message, and stays', async () => {
    const client = await connected();

    for (const message of ['no JSON', '{"action":"shout"}', '{"action":"resume","cursor":"x"}'])
      client.send(message);
    await client.received(3);
    client.send({ action: 'ping' });

    expect((await client.received(4)).map(({ type }) => type)).toEqual(['error', 'error', 'error', 'pong']);
    expect(reports).toEqual([]);
  });

  test('that is closed is forgotten; one that vanished is found gone by the next push', async () => {
    const client = await connected();
    client.socket.close();
    await until(() => push.rows.size === 0);
    push.rows.set('vanished=', connection('vanished='));

    expect(await notify('e-1')).toMatchObject({ gone: 1, sent: 0 });
    expect([push.rows.size, push.notes.size]).toEqual([0, 1]);
  });

  test('whose session ends is told so and closed, by a push or by its own next message', async () => {
    const byPush = await connected(`?ticket=${ticket(600)}`);
    const byMessage = await connected(`?ticket=${ticket(900)}`);
    const closed = [byPush, byMessage].map(
      ({ socket }) => new Promise((resolve) => void socket.once('close', resolve)),
    );
    time += 700_000;

    expect(await notify('e-1')).toMatchObject({ expired: 1, sent: 1 });
    time += 300_000;
    byMessage.send({ action: 'ping' });
    await Promise.all(closed);

    expect([byPush.messages.at(-1), byMessage.messages.at(-1)]).toEqual([
      { type: 'expired' },
      { type: 'expired' },
    ]);
    expect(push.rows.size).toBe(0);
  });

  test('gives way as the oldest of too many', async () => {
    const first = await connected();
    const gone = new Promise((resolve) => void first.socket.once('close', resolve));
    await under.clock.advance(1_000);
    await connected();
    await connected();
    await gone;

    expect(first.messages).toMatchObject([
      { type: 'error', problem: { code: 'WAYBILL_PUSH_TOO_MANY_CONNECTIONS' } },
    ]);
    expect(push.rows.size).toBe(2);
  });
});

describe('the management API', () => {
  const answering = (statuses: (number | 'broken')[]) => {
    const methods: string[] = [];
    const api = connectionManagement({
      url: managementUrl,
      environment: ENVIRONMENT,
      fetch: async (target, init) => {
        methods.push(`${init?.method} ${(target as URL).href.split('/@')[1]}`);
        const status = statuses.shift() ?? 200;
        if (status === 'broken') throw new TypeError('fetch failed');
        return new Response(status === 204 ? null : '{}', { status });
      },
    });
    return { api, methods };
  };

  test.each([
    [[200], 'sent', 1],
    [[410], 'gone', 1],
    [[429, 200], 'sent', 2],
    [['broken', 500, 200], 'sent', 3],
    [[429, 503, 'broken'], 'unreached', 3],
    [[500, 410], 'gone', 2],
  ] as const)('answers of %j are %s', async (statuses, outcome, calls) => {
    const { api, methods } = answering([...statuses]);

    expect(await api.post('a/b=', { type: 'pong' })).toBe(outcome);
    expect(methods).toEqual(Array.from({ length: calls }, () => 'POST connections/a%2Fb%3D'));
  });

  test.each([[400], [403], [413]])('%d is a mistake of ours that is not tried again', async (status) => {
    const { api, methods } = answering([status]);

    await expect(api.post('a=', { type: 'pong' })).rejects.toMatchObject({
      code: 'WAYBILL_PUSH_REFUSED',
      status,
    });
    expect(methods).toHaveLength(1);
  });

  test('closing what is closed is done', async () => {
    const { api, methods } = answering([410]);

    await api.close('a=');

    expect(methods).toEqual(['DELETE connections/a%3D']);
  });
});
