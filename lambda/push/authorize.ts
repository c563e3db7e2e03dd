/**
 * The authorizer of `$connect`. It runs once: what it says stays with the connection, and the expiry in it is checked
 * again with each message.
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import type { PushStore, User } from './push-table.ts';
import { rememberedUntil, verifyTicket } from './ticket.ts';

export interface TicketVerifier {
  readonly secret: () => Promise<string>;
  readonly store: Pick<PushStore, 'useTicket'>;
  readonly now: () => number;
}

/** Told of what failed; gets nothing that is personal or secret. */
export type ReportPush = (what: string, error: unknown) => void;

export type WebSocketAuthorizer = (
  event: Pick<APIGatewayRequestAuthorizerEvent, 'methodArn' | 'queryStringParameters'>,
) => Promise<APIGatewayAuthorizerResult>;

/**
 * A refusal is a policy and not a thrown `Unauthorized`, which would count as an error of the function: strangers could
 * set off its alarm. A client gets 403 for both a false and an old ticket, and 401 where it sends none.
 */
export function authorizeTicket(verifier: () => TicketVerifier, report: ReportPush): WebSocketAuthorizer {
  return async ({ methodArn, queryStringParameters }) => {
    try {
      const { secret, store, now } = verifier();
      const token = queryStringParameters?.['ticket'] ?? '';
      const ticket = verifyTicket(await secret(), token, now());
      if (ticket === undefined) return verdict('Deny', methodArn, 'nobody');
      if (!(await store.useTicket(ticket.ticketId, rememberedUntil(ticket)))) {
        return verdict('Deny', methodArn, 'nobody');
      }
      const { tenantId, userId, sessionExpiresAt } = ticket;
      return {
        ...verdict('Allow', methodArn, userId),
        context: { tenantId, userId, sessionExpiresAt: String(sessionExpiresAt) },
      };
    } catch (error) {
      report('a ticket could not be checked', error);
      throw error;
    }
  };
}

function verdict(
  Effect: 'Allow' | 'Deny',
  Resource: string,
  principalId: string,
): APIGatewayAuthorizerResult {
  return {
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect, Resource }],
    },
  };
}

/** Whose connection an event is of, from what the authorizer said. */
export interface Session extends User {
  /** Seconds since the epoch. */
  readonly sessionExpiresAt: number;
}

/** Undefined where no authorizer stood before the route. */
export function sessionOf(authorizer: unknown): Session | undefined {
  const { tenantId, userId, sessionExpiresAt } = (authorizer ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof tenantId !== 'string' || typeof userId !== 'string') return undefined;
  const expiry = Number(sessionExpiresAt);
  return Number.isFinite(expiry) ? { tenantId, userId, sessionExpiresAt: expiry } : undefined;
}
