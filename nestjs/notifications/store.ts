/** What the notifications of users are kept in, so that who was away gets them in order. */
import type { NotificationMessage } from '../../lambda/push/protocol.ts';

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
  /** In the order of their cursors, the first one right after the cursor asked for or after `gap`. */
  readonly notifications: readonly NotificationMessage[];
  /** Cursors after the one asked for that are kept no longer. Both ends are included. */
  readonly gap?: { readonly from: number; readonly to: number };
  /** There are notifications after the last one of this page. */
  readonly hasMore: boolean;
}

export interface NotificationStore {
  /**
   * Stores under the user's next cursor, once for each id. Cursors of a user have no holes.
   *
   * @returns the notification as stored now or before; `isNew` is false when its id was stored before
   */
  append(
    user: PushUser,
    notification: NewNotification,
  ): Promise<{ readonly notification: NotificationMessage; readonly isNew: boolean }>;
  /** At most `limit` notifications after a cursor, oldest first. */
  readAfter(user: PushUser, cursor: number, limit: number): Promise<NotificationPage>;
  /** The user's newest cursor, and 0 when there was no notification yet. */
  newest(user: PushUser): Promise<number>;
}
