/**
 * Tells a user of an event: stores it under the user's next cursor, then sends it to every connection there is. Storing
 * is the promise, sending the hint: who is away, or is not reached, gets it with the next resume.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { fullJitter } from '../runtime/backoff.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { MAX_MESSAGE_BYTES } from './management.ts';
import type { ConnectionManagement } from './management.ts';
import type { NewNote, PushStore, StoredConnection, User } from './push-table.ts';

export interface NotifierProps {
  readonly store: Pick<
    PushStore,
    'append' | 'connections' | 'counter' | 'cursorOf' | 'deleteConnection' | 'erase' | 'forgetConnection'
  >;
  readonly management: ConnectionManagement;
  readonly now: () => number;
  /**
   * Posts at a time, of one notification.
   * @default 10
   */
  readonly concurrency?: number;
}

export interface Notification extends User, NewNote {}

export interface Delivered {
  readonly cursor: number;
  readonly sent: number;
  readonly gone: number;
  readonly unreached: number;
  readonly expired: number;
}

export interface Notifier {
  /**
   * @throws PermanentError NOTIFICATION_TOO_LARGE; what the table or the management API threw: the event comes again,
   * and is stored once
   */
  notify(notification: Notification, context: { readonly logger: Logger }): Promise<Delivered | undefined>;
  /** Deletes all that is kept of a user, and ends the user's connections. Nothing is stored or sent any more. */
  forget(user: User): Promise<void>;
}

const DEFAULT_CONCURRENCY = 10;
/** Somebody else stored a notification of the same user: with this many at a time it is over long before. */
const MAX_APPENDS = 10;
/** Milliseconds between them. */
const APPEND_BACKOFF = { base: 20, cap: 500 };
/** Bytes that a message has around its data. */
const MESSAGE_MARGIN = 1_024;

export function createNotifier(props: NotifierProps): Notifier {
  const { store, concurrency = DEFAULT_CONCURRENCY } = props;
  return {
    async notify({ tenantId, userId, id, eventType, data }, { logger }) {
      if (Buffer.byteLength(JSON.stringify(data)) > MAX_MESSAGE_BYTES - MESSAGE_MARGIN) {
        throw new PermanentError('NOTIFICATION_TOO_LARGE');
      }
      const user = { tenantId, userId };
      const cursor = await storeNote(store, user, { id, eventType, data });
      if (cursor === ERASED) {
        logger.info('a notification of an erased user was dropped');
        return undefined;
      }
      const message = { type: 'notification', id, cursor, eventType, data } as const;
      const outcomes = await eachOf(await store.connections(user), concurrency, (connection) =>
        sendTo(props, user, connection, message),
      );
      const delivered = { cursor, sent: 0, gone: 0, unreached: 0, expired: 0 };
      for (const outcome of outcomes) delivered[outcome] += 1;
      logger.info('notification stored and pushed', { ...delivered });
      return delivered;
    },
    async forget(user) {
      const { management } = props;
      const connections = await store.connections(user);
      await store.erase(user);
      await eachOf(connections, concurrency, async ({ connectionId }) => {
        await management.post(connectionId, { type: 'expired' });
        await management.close(connectionId);
      });
    },
  };
}

/** No cursor. */
export const ERASED = 0;

/** The cursor, that of before when the event is stored already; `ERASED` where nothing is stored for the user any more. */
export async function storeNote(
  store: Pick<PushStore, 'append' | 'counter' | 'cursorOf'>,
  user: User,
  note: NewNote,
): Promise<number> {
  for (let attempt = 1; attempt <= MAX_APPENDS; attempt += 1) {
    const [known, { newest, isErased }] = await Promise.all([
      store.cursorOf(user, note.id),
      store.counter(user),
    ]);
    if (isErased) return ERASED;
    if (known !== undefined) return known;
    if (await store.append(user, note, newest)) return newest + 1;
    await sleep(fullJitter(APPEND_BACKOFF, attempt, Math.random));
  }
  throw new Error(`no cursor was free in ${MAX_APPENDS} tries: too many notifications of one user at once`);
}

async function sendTo(
  { store, management, now }: NotifierProps,
  user: User,
  connection: StoredConnection,
  message: Parameters<ConnectionManagement['post']>[1],
): Promise<'sent' | 'gone' | 'unreached' | 'expired'> {
  const { connectionId, sessionExpiresAt } = connection;
  if (sessionExpiresAt * 1000 <= now()) {
    await store.deleteConnection(user, connectionId);
    await management.post(connectionId, { type: 'expired' });
    await management.close(connectionId);
    return 'expired';
  }
  const outcome = await management.post(connectionId, message);
  // Also before a handshake has ended the answer is 410. When it has, the client resumes and puts the row again, which
  // must stay: every later push goes there.
  if (outcome === 'gone') await store.forgetConnection(user, connection);
  return outcome;
}

/** Results in the order of the items. All items are tried; then the first error is thrown, if there is one. */
async function eachOf<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const errors: unknown[] = [];
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of waiting) {
      try {
        results[index] = await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
}
