/** The push functions' table and management API in memory. Each call is a step of its own, that a test may schedule. */
import type { ConnectionManagement, PostOutcome } from '../../../lambda/push/management.ts';
import type { ServerMessage } from '../../../lambda/push/protocol.ts';
import type {
  ConnectionRow,
  NewNote,
  Note,
  PushStore,
  StoredConnection,
} from '../../../lambda/push/push-table.ts';

export const USER = { tenantId: 'tenant-1', userId: 'usr_1' };
/** Seconds since the epoch, far away. */
export const LATER = 4_000_000_000;
export const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => SILENT,
};

/** Runs a step when it is its turn. */
export type Step = <Result>(name: string, run: () => Result) => Promise<Result>;
export const atOnce: Step = async (_name, run) => run();

export interface MemoryPush {
  readonly store: PushStore;
  readonly management: ConnectionManagement;
  readonly rows: Map<string, StoredConnection>;
  readonly notes: Map<number, Note>;
  /** Messages that arrived, by connection, in their order. */
  readonly arrived: Map<string, ServerMessage[]>;
  readonly closed: string[];
  /** What the management API answers instead of sending. */
  answer: (connectionId: string, message: ServerMessage) => PostOutcome | undefined;
}

/** One user's. */
export function memoryPush(step: Step = atOnce): MemoryPush {
  const rows = new Map<string, StoredConnection>();
  const notes = new Map<number, Note>();
  const events = new Map<string, number>();
  const tickets = new Set<string>();
  const arrived = new Map<string, ServerMessage[]>();
  const closed: string[] = [];
  let counter = 0;
  let isErased = false;
  let puts = 0;
  const push: MemoryPush = {
    rows,
    notes,
    arrived,
    closed,
    answer: () => undefined,
    store: {
      putConnection: (_user, row) =>
        step('put connection', () => {
          puts += 1;
          rows.set(row.connectionId, { ...row, version: `v-${puts}` });
        }),
      deleteConnection: (_user, id) => step('delete connection', () => void rows.delete(id)),
      forgetConnection: (_user, row) =>
        step('forget connection', () => {
          if (rows.get(row.connectionId)?.version === row.version) rows.delete(row.connectionId);
        }),
      connections: () => step('read connections', () => [...rows.values()]),
      newestCursor: () => step('read counter', () => counter),
      counter: () => step('read counter', () => ({ newest: counter, isErased })),
      erase: () =>
        step('erase', () => {
          isErased = true;
          for (const kept of [rows, notes, events]) kept.clear();
        }),
      cursorOf: (_user, id) => step('read event', () => events.get(id)),
      append: (_user, note: NewNote, newest) =>
        step('append', () => {
          if (isErased || counter !== newest || events.has(note.id)) return false;
          counter += 1;
          events.set(note.id, counter);
          notes.set(counter, { ...note, cursor: counter });
          return true;
        }),
      notesAfter: (_user, cursor, limit) =>
        step('read notes', () =>
          [...notes.values()]
            .filter((note) => note.cursor > cursor)
            .sort((one, other) => one.cursor - other.cursor)
            .slice(0, limit),
        ),
      useTicket: (id) => step('use ticket', () => !tickets.has(id) && tickets.add(id).size > 0),
    },
    management: {
      post: (connectionId, message) =>
        step('post', () => {
          const instead = push.answer(connectionId, message);
          if (instead !== undefined) return instead;
          arrived.set(connectionId, [...(arrived.get(connectionId) ?? []), message]);
          return 'sent';
        }),
      close: (connectionId) => step('close', () => void closed.push(connectionId)),
    },
  };
  return push;
}

export const connection = (connectionId: string, more: Partial<ConnectionRow> = {}): ConnectionRow => ({
  connectionId,
  connectedAt: 1,
  sessionExpiresAt: LATER,
  ...more,
});

/** An event of a route of the user's connection. */
export const eventOf = (connectionId: string, body?: unknown, sessionExpiresAt: number = LATER) => ({
  ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  requestContext: {
    connectionId,
    connectedAt: 1,
    authorizer: { ...USER, sessionExpiresAt: String(sessionExpiresAt) },
  },
});

export const notification = (id: string) => ({ ...USER, id, eventType: 'GenerationComplete', data: { id } });
