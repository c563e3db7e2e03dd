/**
 * WebSocket APIs: connections, the routes their messages take, and the management API that functions answer with.
 * apigateway/latest/developerguide/apigateway-websocket-api.html
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type * as ws from 'ws';
import type { WebSocket, WebSocketServer } from 'ws';
import { rootCaller, type AwsContext } from '../../context.ts';
import { AwsError } from '../../errors.ts';
import type { RestRequest, RestResponse } from '../../protocols/rest-json.ts';
import { requirePackage } from '../../require-package.ts';
import { callFunction, type FunctionAnswer } from '../function-call.ts';
import { createThrottles } from '../rest/throttles.ts';
import { authorizeConnect } from './authorizer.ts';
import { createWebSocketControl, type WebSocketControl } from './control.ts';
import {
  disconnectMembers,
  handshakeMembers,
  newRequestId,
  requestContext,
  type ConnectionPlace,
  type RouteCall,
} from './event.ts';
import { createExpiry } from './expiry.ts';
import { watchFrames } from './frames.ts';
import { headersOf, newConnectionId, routeKeyOf } from './messages.ts';
import type { WebSocketRoute } from './model.ts';
import { refuseHandshake } from './refusal.ts';

/** apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
const MAXIMUM_MESSAGE_BYTES = 128 * 1024;

/** Close codes. RFC 6455, 7.4.1 */
const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;
const MESSAGE_TOO_BIG = 1009;

/** The function failed, was too slow, or its answer is none. */
const INTEGRATION_FAILED = 502;
/** The function could not be called: no permission, no function, throttled. */
const NOT_EXECUTED = 500;
const NOT_CALLED: FunctionAnswer = { payload: 'null', failed: true };
const SOURCE_IP = '127.0.0.1';

export interface WebSocketConnection {
  readonly connectionId: string;
  readonly stage: string;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  readonly lastActiveAt: number;
}

export interface WebSocketApis {
  readonly actions: WebSocketControl['actions'];
  has(apiId: string): boolean;
  /** Answers a handshake: accepts the connection or refuses it with a status. */
  connect(
    apiId: string,
    stage: string,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): Promise<void>;
  /** The management API: `/STAGE/@connections/ID`. */
  manage(apiId: string, request: RestRequest, rawPath: string): Promise<RestResponse>;
  connections(apiId: string): readonly WebSocketConnection[];
  close(): void;
}

interface Connection extends ConnectionPlace {
  readonly socket: WebSocket;
  readonly handshake: Readonly<Record<string, unknown>>;
  readonly userAgent: string;
  lastActiveAt: number;
  /** Nothing is read of it any more. */
  isClosing: boolean;
}

export function createWebSocketApis(context: AwsContext, urlOf: (apiId: string) => string): WebSocketApis {
  const control = createWebSocketControl(context, urlOf);
  let server: WebSocketServer | undefined;
  const webSocketServer = (): WebSocketServer => {
    const { WebSocketServer: Server } = requirePackage('ws') as typeof ws;
    return (server ??= new Server({ noServer: true, maxPayload: MAXIMUM_MESSAGE_BYTES }));
  };
  const connections = new Map<string, Connection>();
  const throttles = createThrottles();
  const expiry = createExpiry(
    context.clock,
    () => connections.values(),
    ({ socket }) => socket.close(GOING_AWAY, 'Going away'),
  );
  const admits = ({ api, stage }: Pick<ConnectionPlace, 'api' | 'stage'>): boolean => {
    const throttling = api.throttling?.[stage];
    if (throttling === undefined) return true;
    return throttles.admits(
      { api: { id: api.apiId }, stage: { stageName: stage, throttling } },
      context.clock.now(),
    );
  };

  const callRoute = async (
    place: ConnectionPlace,
    route: WebSocketRoute,
    call: RouteCall,
    members: Readonly<Record<string, unknown>>,
  ): Promise<FunctionAnswer | undefined> => {
    const { api, stage } = place;
    const integration = api.integrations[route.integrationId ?? ''];
    if (integration?.type !== 'AWS_PROXY') return undefined;
    const event = {
      ...members,
      requestContext: requestContext(context, place, call),
      stageVariables: api.stages[stage] ?? {},
      isBase64Encoded: false,
    };
    const sourceArn = `arn:aws:execute-api:${context.region}:${context.accountId}:${api.apiId}/${stage}/${route.routeKey}`;
    const { promise: late, resolve } = Promise.withResolvers<FunctionAnswer>();
    const timer = setTimeout(
      () => resolve({ payload: 'null', failed: true }),
      integration.timeoutMilliseconds,
    );
    try {
      const answer = callFunction(context, integration.functionArn, event, {
        sourceArn,
        roleArn: integration.roleArn,
      });
      return await Promise.race([answer.catch(() => NOT_CALLED), late]);
    } finally {
      clearTimeout(timer);
    }
  };

  const connect: WebSocketApis['connect'] = async (apiId, stage, request, socket, head) => {
    const call: RouteCall = { routeKey: '$connect', eventType: 'CONNECT', requestId: newRequestId() };
    const connectionId = newConnectionId();
    const refuse = (status: number): void => refuseHandshake(socket, status, { connectionId, ...call });
    socket.on('error', () => socket.destroy());
    const api = control.find(apiId);
    if (!api?.stages[stage]) return refuse(403);
    const { searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    const headers = headersOf(request);
    const place: ConnectionPlace = {
      api,
      stage,
      connectionId,
      connectedAt: context.clock.now(),
      authorizer: undefined,
    };
    putMetric(place, 'ConnectCount');
    if (!admits(place)) return refuse(counted(place, 429));
    const caller = context.credentials.callerOf(accessKeyIdOf(headers, query)) ?? rootCaller(context);
    const verdict = await authorizeConnect(context, place, call, { headers, query, caller });
    if (verdict.status !== 200) return refuse(counted(place, verdict.status));
    const authorized = { ...place, authorizer: verdict.authorizer };
    const userAgent = headers['user-agent'] ?? '';
    const route = api.routes['$connect'];
    const connecting = { ...call, identity: { userAgent, sourceIp: SOURCE_IP } };
    const answer =
      route && (await callRoute(authorized, route, connecting, handshakeMembers(headers, query)));
    const status = answer ? statusOf(answer) : 200;
    if (counted(place, status) >= 300) return refuse(status);
    // It may have gone while it was asked for; a socket that is gone takes no answer.
    if (socket.destroyed) return;
    webSocketServer().handleUpgrade(request, socket, head, (accepted) => {
      const connection = open(authorized, { headers, userAgent }, accepted);
      watchFrames(socket, () => {
        connection.isClosing = true;
        accepted.close(MESSAGE_TOO_BIG);
      });
    });
  };

  /** Every connect and message tells whether it failed, so that averages are shares of failures. */
  const counted = (place: ConnectionPlace, status: number): number => {
    putMetric(place, 'ClientError', status >= 400 && status < 500 ? 1 : 0);
    putMetric(place, 'IntegrationError', status === INTEGRATION_FAILED ? 1 : 0);
    putMetric(place, 'ExecutionError', status === NOT_EXECUTED ? 1 : 0);
    return status;
  };

  const open = (
    place: ConnectionPlace,
    {
      headers,
      userAgent,
    }: { readonly headers: Readonly<Record<string, string>>; readonly userAgent: string },
    socket: WebSocket,
  ): Connection => {
    const connection: Connection = {
      ...place,
      socket,
      handshake: disconnectMembers(headers),
      userAgent,
      lastActiveAt: context.clock.now(),
      isClosing: false,
    };
    connections.set(place.connectionId, connection);
    expiry.opened();
    socket.on('message', (data, isBinary) => {
      if (connection.isClosing) return;
      touch(connection);
      void receive(connection, isBinary ? data : (data as Buffer).toString('utf8'));
    });
    socket.on('ping', () => touch(connection));
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      connections.delete(place.connectionId);
      void disconnected(connection, code, reason.toString());
    });
    return connection;
  };

  /** The connection was used: its idle time starts anew. */
  const touch = (connection: Connection): void => {
    connection.lastActiveAt = context.clock.now();
  };

  const receive = async (connection: Connection, data: unknown): Promise<void> => {
    const { api, socket, connectionId } = connection;
    const requestId = newRequestId();
    const reply = (message: string): void =>
      socket.send(JSON.stringify({ message, connectionId, requestId }));
    if (typeof data !== 'string') {
      socket.close(NORMAL_CLOSURE, 'Binary is not supported');
      return;
    }
    putMetric(connection, 'MessageCount');
    if (!admits(connection)) {
      counted(connection, 429);
      return reply('Too Many Requests');
    }
    const key = routeKeyOf(api, data);
    const route =
      (key === undefined || key.startsWith('$') ? undefined : api.routes[key]) ?? api.routes['$default'];
    if (!route) {
      counted(connection, 403);
      return reply('Forbidden');
    }
    const call: RouteCall = {
      routeKey: route.routeKey,
      eventType: 'MESSAGE',
      requestId,
      messageId: randomBytes(11).toString('base64url'),
    };
    const answer = await callRoute(connection, route, call, { body: data });
    if (answer?.failed === true) {
      counted(connection, answer === NOT_CALLED ? NOT_EXECUTED : INTEGRATION_FAILED);
      return reply('Internal server error');
    }
    counted(connection, 200);
    if (!route.returnsResponse || !answer) return;
    const { body } = (JSON.parse(answer.payload) ?? {}) as { readonly body?: unknown };
    if (body !== undefined) socket.send(typeof body === 'string' ? body : JSON.stringify(body));
  };

  const disconnected = async (connection: Connection, code: number, reason: string): Promise<void> => {
    const route = connection.api.routes['$disconnect'];
    if (!route || isClosed) return;
    const call: RouteCall = {
      routeKey: '$disconnect',
      eventType: 'DISCONNECT',
      requestId: newRequestId(),
      disconnectStatusCode: code,
      disconnectReason: reason,
    };
    await callRoute(connection, route, call, connection.handshake);
  };

  const putMetric = ({ api, stage }: ConnectionPlace, name: string, value = 1): void =>
    context.metrics.put({
      namespace: 'AWS/ApiGateway',
      name,
      dimensions: { ApiId: api.apiId, Stage: stage },
      value,
    });

  /** Does what the management API asks for a connection. */
  const manageConnection = (method: string, connection: Connection, body: Buffer): RestResponse => {
    if (method === 'GET') {
      return {
        status: 200,
        body: {
          connectedAt: new Date(connection.connectedAt).toISOString(),
          identity: { sourceIp: SOURCE_IP, userAgent: connection.userAgent },
          lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
        },
      };
    }
    if (method === 'DELETE') {
      connection.isClosing = true;
      connection.socket.close(NORMAL_CLOSURE, 'Connection Closed Normally');
      connections.delete(connection.connectionId);
      return { status: 204 };
    }
    if (method !== 'POST') return { status: 403, body: { message: 'Forbidden' } };
    if (body.length > MAXIMUM_MESSAGE_BYTES) {
      throw new AwsError('PayloadTooLargeException', 'The data is over 128 KB', 413);
    }
    connection.socket.send(body.toString('utf8'));
    touch(connection);
    return { status: 200 };
  };

  let isClosed = false;
  return {
    actions: control.actions,
    has: (apiId) => control.find(apiId) !== undefined,
    connect,
    async manage(apiId, { method, body, caller }, rawPath) {
      const [, stage = '', id = ''] = /^\/([^/]+)\/@connections\/([^/]+)$/.exec(rawPath) ?? [];
      if (stage === '') return { status: 403, body: { message: 'Forbidden' } };
      const connectionId = decodeURIComponent(id);
      const resourceArn = `arn:aws:execute-api:${context.region}:${context.accountId}:${apiId}/${stage}/${method}/@connections/${connectionId}`;
      context.authorizer?.authorize('execute-api', caller, [
        { action: 'execute-api:ManageConnections', resourceArn },
      ]);
      const connection = connections.get(connectionId);
      const isThere = connection?.api.apiId === apiId && connection.stage === stage;
      if (!isThere || connection.socket.readyState !== connection.socket.OPEN) {
        throw new AwsError('GoneException', 'The connection is no longer there', 410);
      }
      return manageConnection(method, connection, body);
    },
    connections: (apiId) =>
      [...connections.values()]
        .filter(({ api }) => api.apiId === apiId)
        .map(({ connectionId, stage, connectedAt, lastActiveAt }) => ({
          connectionId,
          stage,
          connectedAt,
          lastActiveAt,
        })),
    close() {
      isClosed = true;
      expiry.close();
      for (const { socket } of connections.values()) socket.terminate();
      server?.close();
    },
  };
}

/** What the function answers, or with which status its failure is told. */
function statusOf(answer: FunctionAnswer): number {
  if (answer === NOT_CALLED) return NOT_EXECUTED;
  if (answer.failed) return INTEGRATION_FAILED;
  const { statusCode } = (JSON.parse(answer.payload) ?? {}) as { readonly statusCode?: unknown };
  const status = Number(statusCode);
  return Number.isInteger(status) && status >= 200 && status < 600 ? status : INTEGRATION_FAILED;
}

function accessKeyIdOf(headers: Readonly<Record<string, string>>, query: URLSearchParams): string {
  const scope =
    query.get('X-Amz-Credential') ?? /Credential=([^,\s]+)/.exec(headers['authorization'] ?? '')?.[1];
  return scope?.split('/')[0] ?? '';
}
