/** What is read of handshakes and messages. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WebSocketApi } from './model.ts';

/** The value that the API's expression finds in a message; undefined when the message is no JSON or has none. */
export function routeKeyOf({ routeSelectionExpression }: WebSocketApi, message: string): string | undefined {
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

export function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}

/** As API Gateway's: unreserved characters and a `=` at the end, which clients must encode in a path. */
export function newConnectionId(): string {
  return randomBytes(11).toString('base64url') + '=';
}
