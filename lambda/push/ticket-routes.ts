/** `POST /tickets`: the caller's own ticket for one connection. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { Route } from '../http/http-handler.ts';
import { Problem } from '../http/problem.ts';
import { callerOf } from '../http/request.ts';
import { issueTicket } from './ticket.ts';

export interface TicketIssuer {
  /** Signs tickets. */
  readonly secret: () => Promise<string>;
  /** `wss://ID.execute-api.REGION.amazonaws.com/STAGE` */
  readonly webSocketUrl: () => string;
  readonly now: () => number;
}

export function ticketRoutes(issuer: TicketIssuer): Readonly<Record<string, Route>> {
  return {
    'POST /tickets': async (event) => {
      const { tenantId, userId } = callerOf(event, ['member', 'admin']);
      const session = { tenantId, userId, sessionExpiresAt: sessionExpiryOf(event) };
      const now = issuer.now();
      if (session.sessionExpiresAt * 1000 <= now) throw sessionExpired();
      const { token, ticket } = issueTicket(await issuer.secret(), session, now);
      return {
        status: 201,
        // Whoever has it may connect as the caller.
        headers: { 'cache-control': 'no-store' },
        body: {
          ticket: token,
          // The client adds `?ticket=`.
          url: issuer.webSocketUrl(),
          expiresAt: new Date(ticket.expiresAt * 1000).toISOString(),
        },
      };
    },
  };
}

/** Seconds since the epoch. The token is the one that the authorizer has verified: only then is there a caller. */
function sessionExpiryOf({ headers }: Pick<APIGatewayProxyEventV2, 'headers'>): number {
  const payload = /^Bearer [^.]+\.([^.]+)\./i.exec(headers['authorization'] ?? '')?.[1];
  try {
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString('utf8')) as {
      readonly exp?: unknown;
    };
    if (typeof claims.exp === 'number') return claims.exp;
  } catch {
    // The same as a token without an expiry.
  }
  throw sessionExpired();
}

/** The authorizer's answer is kept for some minutes, and so may outlive the token. */
function sessionExpired(): Problem {
  return new Problem({
    status: 401,
    code: 'WAYBILL_NOT_AUTHENTICATED',
    title: 'The session is over',
    detail: 'The token in the Authorization header has expired: send a new one.',
    headers: { 'www-authenticate': 'Bearer' },
  });
}
