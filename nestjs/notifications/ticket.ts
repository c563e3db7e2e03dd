/**
 * Tickets of one minute and one connection that a browser shows when it opens a WebSocket, because it can set no
 * header there and an address with a longer-lived token in it ends up in logs. The same as those of the functions.
 */
import { issueTicket, rememberedUntil, verifyTicket } from '../../lambda/push/ticket.ts';
import type { PushSession } from './connection.ts';
import type { NotificationStore } from './store.ts';

/** Bytes: a key that is shorter than the hash is easier to guess than the hash (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;

/**
 * Give it to the caller that your own authentication has recognised.
 *
 * @param session `expiresAt`: when the caller's own session ends. The connection is closed then
 * @param now milliseconds since the epoch
 */
export function createTicket(secret: string, session: PushSession, now = Date.now()): string {
  const { tenantId, userId, expiresAt } = session;
  return issueTicket(secret, { tenantId, userId, sessionExpiresAt: Math.floor(expiresAt / 1000) }, now).token;
}

/** Undefined for anything that is not an unused ticket of this secret, in its minute, of a session that is not over. */
export async function usedTicket(
  secret: string,
  token: string,
  store: Pick<NotificationStore, 'useTicket'>,
  now = Date.now(),
): Promise<PushSession | undefined> {
  const ticket = verifyTicket(secret, token, now);
  if (ticket === undefined || !(await store.useTicket(ticket.ticketId, rememberedUntil(ticket))))
    return undefined;
  const { tenantId, userId, sessionExpiresAt } = ticket;
  return { tenantId, userId, expiresAt: sessionExpiresAt * 1000 };
}
