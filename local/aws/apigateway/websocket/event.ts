/**
 * The events that functions of a WebSocket API get.
 * apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
 */
import { randomBytes } from 'node:crypto';
import type { AwsContext } from '../../context.ts';
import type { WebSocketApi } from './model.ts';

export interface ConnectionPlace {
  readonly api: WebSocketApi;
  readonly stage: string;
  readonly connectionId: string;
  readonly connectedAt: number;
  /** What the authorizer of `$connect` said; it is there for all of the connection. */
  readonly authorizer: Readonly<Record<string, unknown>> | undefined;
}

export interface RouteCall {
  readonly routeKey: string;
  readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT';
  readonly requestId: string;
  readonly [member: string]: unknown;
}

/** `requestContext` of any event of the connection. */
export function requestContext(
  context: AwsContext,
  place: ConnectionPlace,
  call: RouteCall,
): Record<string, unknown> {
  const now = context.clock.now();
  return {
    identity: { sourceIp: '127.0.0.1' },
    ...call,
    messageDirection: 'IN',
    stage: place.stage,
    connectedAt: place.connectedAt,
    requestTime: commonLogTime(now),
    requestTimeEpoch: now,
    extendedRequestId: call.requestId,
    domainName: new URL(context.endpointUrl).host,
    connectionId: place.connectionId,
    apiId: place.api.apiId,
    ...(place.authorizer && { authorizer: place.authorizer }),
  };
}

/** What `$disconnect` gets of the handshake: neither its query string nor most of its headers. */
export function disconnectMembers(headers: Readonly<Record<string, string>>): Record<string, unknown> {
  const kept = Object.entries(headers).filter(([name]) =>
    ['host', 'x-api-key', 'x-forwarded-for'].includes(name),
  );
  return {
    headers: Object.fromEntries(kept),
    multiValueHeaders: Object.fromEntries(kept.map(([name, value]) => [name, [value]])),
  };
}

/** Headers and query string, as `$connect` and authorizers see them. */
export function handshakeMembers(
  headers: Readonly<Record<string, string>>,
  query: URLSearchParams,
): Record<string, unknown> {
  const lists: Record<string, string[]> = {};
  for (const [name, value] of query) (lists[name] ??= []).push(value);
  return {
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    ...(query.size > 0 && {
      queryStringParameters: Object.fromEntries(query),
      multiValueQueryStringParameters: lists,
    }),
  };
}

/** As API Gateway's: no UUID. */
export function newRequestId(): string {
  return `${randomBytes(11).toString('base64url')}=`;
}

/** `12/Mar/2026:19:03:58 +0000` */
function commonLogTime(milliseconds: number): string {
  const [, day, month, year, time] = new Date(milliseconds).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
