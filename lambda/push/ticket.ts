/**
 * Tickets for the WebSocket API. A browser can send no header with a handshake, and what stands in a URL ends up in
 * logs: so it gets a JSON Web Token that is good for nothing else, for a minute, and once.
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { User } from './push-table.ts';

const ISSUER = 'waybill';
const AUDIENCE = 'waybill-push';
/** Seconds. */
export const TICKET_LIFETIME = 60;
/** Clocks that differ by fewer seconds are forgiven. */
const CLOCK_SKEW = 5;

export interface Ticket extends User {
  readonly ticketId: string;
  /** Seconds since the epoch, as all times here. */
  readonly expiresAt: number;
  /** When the session ends that the ticket was asked for in: that of the bearer token. */
  readonly sessionExpiresAt: number;
}

/** @param now - milliseconds since the epoch */
export function issueTicket(
  secret: string,
  { tenantId, userId, sessionExpiresAt }: Pick<Ticket, 'tenantId' | 'userId' | 'sessionExpiresAt'>,
  now: number,
): { readonly token: string; readonly ticket: Ticket } {
  const issuedAt = Math.floor(now / 1000);
  const expiresAt = Math.min(issuedAt + TICKET_LIFETIME, sessionExpiresAt);
  const ticketId = randomUUID();
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: userId,
    tenantId,
    jti: ticketId,
    iat: issuedAt,
    exp: expiresAt,
    sessionExpiresAt,
  };
  const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return {
    token: `${content}.${signatureOf(secret, content).toString('base64url')}`,
    ticket: { tenantId, userId, ticketId, expiresAt, sessionExpiresAt },
  };
}

/** The ticket, or undefined for any text that is none, was changed, or is too old. */
export function verifyTicket(secret: string, token: string, now: number): Ticket | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0) {
    return undefined;
  }
  const expected = signatureOf(secret, `${header}.${payload}`);
  const received = Buffer.from(signature, 'base64url');
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) return undefined;
  // No other algorithm is taken, whatever the ticket says of itself (RFC 8725, section 3.1).
  if (decoded(header)?.['alg'] !== 'HS256') return undefined;
  return ticketFrom(decoded(payload) ?? {}, Math.floor(now / 1000));
}

function ticketFrom(claims: Readonly<Record<string, unknown>>, now: number): Ticket | undefined {
  const { iss, aud, exp, sub, tenantId, jti, sessionExpiresAt } = claims;
  if (iss !== ISSUER || aud !== AUDIENCE) return undefined;
  if (typeof sub !== 'string' || typeof tenantId !== 'string' || typeof jti !== 'string') return undefined;
  if (typeof exp !== 'number' || typeof sessionExpiresAt !== 'number') return undefined;
  if (now >= exp + CLOCK_SKEW || now >= sessionExpiresAt) return undefined;
  return { tenantId, userId: sub, ticketId: jti, expiresAt: exp, sessionExpiresAt };
}

/** Until then a ticket that was used has to be remembered. Seconds since the epoch. */
export function rememberedUntil({ expiresAt }: Ticket): number {
  return expiresAt + 2 * CLOCK_SKEW;
}

const signatureOf = (secret: string, content: string): Buffer =>
  createHmac('sha256', secret).update(content).digest();

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decoded(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
