/**
 * WebSocket APIs: connections, the routes their messages take, and the management API that functions answer with.
 * apigateway/latest/developerguide/apigateway-websocket-api.html
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type * as ws from 'ws';
import type { WebSocket, WebSocketServer } from 'ws';
import { rootCaller, type AwsContext, type ClockTimer } from '../../context.ts';
import { AwsError } from '../../errors.ts';
import type { RestRequest, RestResponse } from '../../protocols/rest-json.ts';
import { requirePackage } from '../../require-package.ts';
import { callFunction, type FunctionAnswer } from '../function-call.ts';
import { authorizeConnect } from './authorizer.ts';
import { createWebSocketControl, type WebSocketControl } from './control.ts';
import {
  handshakeMembers,
  newRequestId,
  requestContext,
  type ConnectionPlace,
  type RouteCall,
} from './event.ts';
import type { WebSocketApi, WebSocketRoute } from './model.ts';

/** apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
const CONNECTION_MILLISECONDS = 2 * 3600 * 1000;
const IDLE_MILLISECONDS = 10 * 60 * 1000;
const MAXIMUM_MESSAGE_BYTES = 128 * 1024;

/** Close codes. RFC 6455, 7.4.1 */
const NORMAL_CLOSURE = 1000;
const GOING_AWAY = 1001;

const UPGRADE_STATUS = {
  401: 'Unauthorized',
  403: 'Forbidden',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
} as const;

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
  lastActiveAt: number;
  idleTimer: ClockTimer | undefined;
}

export function createWebSocketApis(context: AwsContext, urlOf: (apiId: string) => string): WebSocketApis {
  const control = createWebSocketControl(context, urlOf);
  let server: WebSocketServer | undefined;
  const webSocketServer = (): WebSocketServer => {
    const { WebSocketServer: Server } = requirePackage('ws') as typeof ws;
    return (server ??= new Server({ noServer: true, maxPayload: MAXIMUM_MESSAGE_BYTES }));
  };
  const connections = new Map<string, Connection>();

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
      return await Promise.race([answer.catch(() => ({ payload: 'null', failed: true })), late]);
    } finally {
      clearTimeout(timer);
    }
  };

  const connect: WebSocketApis['connect'] = async (apiId, stage, request, socket, head) => {
    const refuse = (status: keyof typeof UPGRADE_STATUS): void => {
      socket.end(
        `HTTP/1.1 ${status} ${UPGRADE_STATUS[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
    };
    socket.on('error', () => socket.destroy());
    const api = control.find(apiId);
    if (!api?.stages[stage]) return refuse(403);
    const { searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
    const headers = headersOf(request);
    const place: ConnectionPlace = {
      api,
      stage,
      connectionId: newConnectionId(),
      connectedAt: context.clock.now(),
      authorizer: undefined,
    };
    const call: RouteCall = { routeKey: '$connect', eventType: 'CONNECT', requestId: newRequestId() };
    const caller = context.credentials.callerOf(accessKeyIdOf(headers, query)) ?? rootCaller(context);
    const verdict = await authorizeConnect(context, place, call, { headers, query, caller });
    putMetric(place, 'ConnectCount');
    if (verdict.status !== 200) {
      putMetric(place, 'ClientError');
      return refuse(verdict.status);
    }
    const authorized = { ...place, authorizer: verdict.authorizer };
    const handshake = handshakeMembers(headers, query);
    const route = api.routes['$connect'];
    const answer = route && (await callRoute(authorized, route, call, handshake));
    const status = answer ? statusOf(answer) : 200;
    if (answer?.failed === true || status >= 500) return refuse(502);
    if (status >= 400) return refuse(status === 401 ? 401 : 403);
    webSocketServer().handleUpgrade(request, socket, head, (accepted) =>
      open(authorized, handshake, accepted),
    );
  };

  const open = (place: ConnectionPlace, handshake: Connection['handshake'], socket: WebSocket): void => {
    const connection: Connection = {
      ...place,
      socket,
      handshake,
      lastActiveAt: context.clock.now(),
      idleTimer: undefined,
    };
    connections.set(place.connectionId, connection);
    touch(connection);
    const lifetime = context.clock.setTimeout(
      () => socket.close(GOING_AWAY, 'Going away'),
      CONNECTION_MILLISECONDS,
    );
    socket.on('message', (data, isBinary) => {
      touch(connection);
      void receive(connection, isBinary ? data : (data as Buffer).toString('utf8'));
    });
    socket.on('ping', () => touch(connection));
    socket.on('error', () => {});
    socket.on('close', (code, reason) => {
      connections.delete(place.connectionId);
      context.clock.clearTimeout(lifetime);
      if (connection.idleTimer) context.clock.clearTimeout(connection.idleTimer);
      void disconnected(connection, code, reason.toString());
    });
  };

  /** The connection was used: its idle time starts anew. */
  const touch = (connection: Connection): void => {
    connection.lastActiveAt = context.clock.now();
    if (connection.idleTimer) context.clock.clearTimeout(connection.idleTimer);
    connection.idleTimer = context.clock.setTimeout(
      () => connection.socket.close(GOING_AWAY, 'Going away'),
      IDLE_MILLISECONDS,
    );
  };

  const receive = async (connection: Connection, data: unknown): Promise<void> => {
    const { api, socket, connectionId } = connection;
    const requestId = newRequestId();
    const reply = (message: string) => socket.send(JSON.stringify({ message, connectionId, requestId }));
    if (typeof data !== 'string') {
      socket.close(NORMAL_CLOSURE, 'Binary is not supported');
      return;
    }
    putMetric(connection, 'MessageCount');
    const key = routeKeyOf(api, data);
    const route =
      (key === undefined || key.startsWith('$') ? undefined : api.routes[key]) ?? api.routes['$default'];
    if (!route) {
      putMetric(connection, 'ClientError');
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
      putMetric(connection, 'IntegrationError');
      return reply('Internal server error');
    }
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

  const putMetric = ({ api, stage }: ConnectionPlace, name: string): void =>
    context.metrics.put({
      namespace: 'AWS/ApiGateway',
      name,
      dimensions: { ApiId: api.apiId, Stage: stage },
      value: 1,
    });

  /** Does what the management API asks for a connection. */
  const manageConnection = (method: string, connection: Connection, body: Buffer): RestResponse => {
    if (method === 'GET') {
      return {
        status: 200,
        body: {
          connectedAt: new Date(connection.connectedAt).toISOString(),
          identity: { sourceIp: '127.0.0.1', userAgent: '' },
          lastActiveAt: new Date(connection.lastActiveAt).toISOString(),
        },
      };
    }
    if (method === 'DELETE') {
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
      for (const { socket } of connections.values()) socket.terminate();
      server?.close();
    },
  };
}

/** The value that the API's expression finds in a message; undefined when the message is no JSON or has none. */
function routeKeyOf({ routeSelectionExpression }: WebSocketApi, message: string): string | undefined {
  const path = routeSelectionExpression.replaceAll(/[${}]/g, '').split('.').slice(2);
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return undefined;
  }
  for (const name of path) {
    value =
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  }
  return typeof value === 'string' ? value : undefined;
}

function statusOf({ payload }: FunctionAnswer): number {
  const { statusCode } = (JSON.parse(payload) ?? {}) as { readonly statusCode?: unknown };
  return Number.isInteger(Number(statusCode)) ? Number(statusCode) : 502;
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

function accessKeyIdOf(headers: Readonly<Record<string, string>>, query: URLSearchParams): string {
  const scope =
    query.get('X-Amz-Credential') ?? /Credential=([^,\s]+)/.exec(headers['authorization'] ?? '')?.[1];
  return scope?.split('/')[0] ?? '';
}

/** As API Gateway's: unreserved characters and a `=` at the end, which clients must encode in a path. */
function newConnectionId(): string {
  return randomBytes(11).toString('base64url') + '=';
}
