/**
 * Tickets for the WebSocket API. A browser can send no header with a handshake, and what stands in a URL ends up in
 * logs: so it gets a JSON Web Token that is good for nothing else, for a minute, and once.
 */
import { randomUUID } from 'node:crypto';
import { signedToken, verifiedClaims } from '../http/json-web-token.ts';
import type { Claims } from '../http/json-web-token.ts';
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
  return {
    token: signedToken(secret, claims),
    ticket: { tenantId, userId, ticketId, expiresAt, sessionExpiresAt },
  };
}

/** The ticket, or undefined for any text that is none, was changed, or is too old. */
export function verifyTicket(secret: string, token: string, now: number): Ticket | undefined {
  return ticketFrom(verifiedClaims(secret, token) ?? {}, Math.floor(now / 1000));
}

function ticketFrom(claims: Claims, now: number): Ticket | undefined {
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
