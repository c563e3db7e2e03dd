/** Notifications in the memory of one process: for development, tests, and services of one process. */
import type { Gap, NotificationMessage } from '../../lambda/push/protocol.ts';
import type { NewNotification, NotificationPage, NotificationStore, PushUser } from './store.ts';

export interface MemoryNotificationStoreProps {
  /**
   * Notifications kept of each user; the oldest give way.
   * @default 1000
   */
  readonly maxPerUser?: number;
  /**
   * The cursor before the first one.
   * @default - the time of the start, in milliseconds: cursors from before a restart stay behind the new ones, so
   * a client that comes back is told of the gap instead of taking new notifications for old ones
   */
  readonly firstCursorAfter?: number;
}

interface Kept {
  readonly notifications: NotificationMessage[];
  readonly byId: Map<string, number>;
  newest: number;
}

const DEFAULT_MAX_PER_USER = 1_000;

/** @example WaybillNotificationsModule.forRoot({ store: memoryNotificationStore(), ticketSecret }) */
export function memoryNotificationStore(props: MemoryNotificationStoreProps = {}): NotificationStore {
  const { maxPerUser = DEFAULT_MAX_PER_USER, firstCursorAfter = Date.now() } = props;
  const users = new Map<string, Kept>();
  const tickets = new Map<string, number>();
  const keptOf = (user: PushUser): Kept =>
    users.get(keyOf(user)) ?? { notifications: [], byId: new Map(), newest: firstCursorAfter };

  return {
    async append(user: PushUser, { id, eventType, data }: NewNotification) {
      const kept = keptOf(user);
      users.set(keyOf(user), kept);
      const before = kept.byId.get(id);
      if (before !== undefined) return before;
      kept.newest += 1;
      kept.notifications.push({ type: 'notification', id, cursor: kept.newest, eventType, data });
      kept.byId.set(id, kept.newest);
      if (kept.notifications.length > maxPerUser) kept.byId.delete(kept.notifications.shift()!.id);
      return kept.newest;
    },

    async readAfter(user: PushUser, cursor: number, limit: number): Promise<NotificationPage> {
      const { notifications, newest } = keptOf(user);
      const after = notifications.filter((notification) => notification.cursor > cursor);
      const oldest = notifications[0]?.cursor ?? newest + 1;
      const gap: readonly Gap[] =
        oldest > cursor + 1 ? [{ type: 'gap', from: cursor + 1, to: oldest - 1 }] : [];
      return { messages: [...gap, ...after.slice(0, limit)], hasMore: after.length > limit };
    },

    async newest(user: PushUser): Promise<number> {
      return keptOf(user).newest;
    },

    async useTicket(ticketId: string, expiresAt: number): Promise<boolean> {
      for (const [id, until] of tickets) if (until * 1000 < Date.now()) tickets.delete(id);
      if (tickets.has(ticketId)) return false;
      tickets.set(ticketId, expiresAt);
      return true;
    },
  };
}

const keyOf = ({ tenantId, userId }: PushUser): string => JSON.stringify([tenantId, userId]);
