/** What the notifications of users are kept in, so that who was away gets them in order. */
import type { Gap, NotificationMessage } from '../../lambda/push/protocol.ts';

export interface PushUser {
  readonly tenantId: string;
  readonly userId: string;
}

export interface NewNotification {
  /** The event's id: storing it again changes nothing, and clients deduplicate on it. */
  readonly id: string;
  readonly eventType: string;
  /** JSON. What the client is shown; never sealed fields. */
  readonly data: unknown;
}

export interface NotificationPage {
  /** In the order of their cursors, without holes: what is kept no longer is a gap. */
  readonly messages: readonly (NotificationMessage | Gap)[];
  /** There are notifications after the last one of this page. */
  readonly hasMore: boolean;
}

export interface NotificationStore {
  /**
   * Stores under the user's next cursor, once for each id. Cursors of a user have no holes.
   *
   * @returns the cursor, that of before when the id is stored already
   */
  append(user: PushUser, notification: NewNotification): Promise<number>;
  /** At most `limit` notifications after a cursor, oldest first. */
  readAfter(user: PushUser, cursor: number, limit: number): Promise<NotificationPage>;
  /** The user's newest cursor, also of a notification that is kept no longer. */
  newest(user: PushUser): Promise<number>;
  /**
   * Remembers that a ticket was used, so that it is good for one connection.
   *
   * @param expiresAt seconds since the epoch: until then it must be remembered
   * @returns false when it was used before
   */
  useTicket(ticketId: string, expiresAt: number): Promise<boolean>;
}
