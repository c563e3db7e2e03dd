/**
 * Tickets: JSON Web Tokens (HS256) of one minute that a browser shows when it opens a WebSocket, because it can
 * set no header there and an address with a longer-lived token in it ends up in logs.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { PushSession } from './connection.ts';

/** Of push tickets alone: a bearer token of the API is no ticket, and a ticket no bearer token. */
const AUDIENCE = 'waybill-push';
const LIFETIME_SECONDS = 60;
/** Bytes: a key that is shorter than the hash is easier to guess than the hash (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;

const HEADER = encoded({ alg: 'HS256', typ: 'JWT' });

/**
 * Give it to the caller that your own authentication has recognised.
 *
 * @param session `expiresAt`: when the caller's own session ends. The connection is closed then
 * @param now milliseconds since the epoch
 */
export function createTicket(secret: string, session: PushSession, now = Date.now()): string {
  const seconds = Math.floor(now / 1000);
  const payload = encoded({
    aud: AUDIENCE,
    sub: session.userId,
    tenantId: session.tenantId,
    iat: seconds,
    exp: seconds + LIFETIME_SECONDS,
    sessionExpiresAt: Math.floor(session.expiresAt / 1000),
  });
  return `${HEADER}.${payload}.${signature(secret, payload).toString('base64url')}`;
}

/** Undefined for anything that is not a ticket of this secret, in its minute, of a session that is not over. */
export function verifyTicket(secret: string, ticket: string, now = Date.now()): PushSession | undefined {
  const [header, payload = '', mark = '', ...rest] = ticket.split('.');
  // One algorithm, whatever a token says of itself (RFC 8725, section 3.1): any other header is no ticket.
  if (header !== HEADER || rest.length > 0) return undefined;
  const expected = signature(secret, payload);
  const received = Buffer.from(mark, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
  const { aud, sub, tenantId, exp, sessionExpiresAt } = JSON.parse(
    Buffer.from(payload, 'base64url').toString('utf8'),
  ) as Readonly<Record<string, unknown>>;
  if (aud !== AUDIENCE || typeof sub !== 'string' || typeof tenantId !== 'string') return undefined;
  if (typeof exp !== 'number' || typeof sessionExpiresAt !== 'number') return undefined;
  if (now >= exp * 1000 || now >= sessionExpiresAt * 1000) return undefined;
  return { tenantId, userId: sub, expiresAt: sessionExpiresAt * 1000 };
}

function signature(secret: string, payload: string): Buffer {
  return createHmac('sha256', secret).update(`${HEADER}.${payload}`).digest();
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
