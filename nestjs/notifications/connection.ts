/** One client's connection: what it has been sent, in the order of the cursors, and what comes next. */
import { LATEST } from '../../lambda/push/protocol.ts';
import type {
  NotificationMessage,
  PushProblemCode,
  Resume,
  ServerMessage,
} from '../../lambda/push/protocol.ts';
import type { NotificationStore, PushUser } from './store.ts';

/** What is used of a socket of `ws`. */
export interface PushSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
  on(event: 'message' | 'pong' | 'error', listener: (data: unknown) => void): unknown;
}

/** Who is connected, and until when. */
export interface PushSession extends PushUser {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface ConnectionProps {
  readonly socket: PushSocket;
  readonly session: PushSession;
  readonly store: NotificationStore;
  readonly now: () => number;
  /** For a failure of the store, which the client is told of too. */
  readonly onError: (error: unknown) => void;
}

/** Notifications between two `more`. */
const PAGE_SIZE = 100;
/** Bytes. A client that reads so slowly is cut off; it comes back with its cursor and misses nothing. */
const MAX_BUFFERED = 1_048_576;
/** Source: RFC 6455, section 7.4.1. */
const NORMAL_CLOSURE = 1000;
const POLICY_VIOLATION = 1008;

export class PushConnection {
  readonly session: PushSession;
  readonly #props: ConnectionProps;
  /** Undefined until the client has said what it has. */
  #sent: number | undefined;
  /** All that is stored was sent: a notification that comes goes out at once. */
  #live = false;
  #reading = false;
  #wanted: Resume['cursor'] | undefined;
  /** The newest cursor that came while this connection was not live. */
  #behind = 0;
  #closed = false;

  constructor(props: ConnectionProps) {
    this.#props = props;
    this.session = props.session;
  }

  /** Of several that wait, the last one counts. */
  resume(cursor: Resume['cursor']): void {
    this.#wanted = cursor;
    void this.#read();
  }

  /**
   * | the connection | the cursor | what is done |
   * |---|---|---|
   * | live | the next one | sent |
   * | live | above the next one | read from the store |
   * | live | sent before | nothing |
   * | reading | any | read again when the reading is done |
   * | waits for a resume | any | nothing: the resume reads it |
   */
  push(notification: NotificationMessage): void {
    const { cursor } = notification;
    if (!this.#live || this.#sent === undefined) {
      this.#behind = Math.max(this.#behind, cursor);
    } else if (cursor === this.#sent + 1) {
      if (this.send(notification)) this.#sent = cursor;
    } else if (cursor > this.#sent) {
      this.resume(this.#sent);
    }
  }

  /** False when the session is over or the client too slow: the connection is closed then. */
  send(message: ServerMessage): boolean {
    if (this.#closed || this.endIfExpired()) return false;
    const { socket } = this.#props;
    if (socket.bufferedAmount > MAX_BUFFERED) {
      this.closed();
      socket.terminate();
      return false;
    }
    socket.send(JSON.stringify(message));
    return true;
  }

  refuse(status: number, code: PushProblemCode, title: string, detail: string): void {
    this.send({ type: 'error', problem: { type: 'about:blank', title, status, code, detail } });
  }

  /** Another connection of the user takes its place. */
  giveWay(detail: string): void {
    this.refuse(429, 'WAYBILL_PUSH_TOO_MANY_CONNECTIONS', 'Too Many Requests', detail);
    this.closed();
    this.#props.socket.close(POLICY_VIOLATION, 'too many connections');
  }

  endIfExpired(): boolean {
    if (this.#closed || this.#props.now() < this.session.expiresAt) return false;
    const { socket } = this.#props;
    this.closed();
    socket.send(JSON.stringify({ type: 'expired' } satisfies ServerMessage));
    socket.close(NORMAL_CLOSURE, 'expired');
    return true;
  }

  /** Nothing is sent any more. */
  closed(): void {
    this.#closed = true;
    this.#live = false;
  }

  async #read(): Promise<void> {
    this.#live = false;
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#wanted !== undefined && !this.#closed) {
        const cursor = this.#wanted;
        this.#wanted = undefined;
        await this.#readFrom(cursor);
      }
    } catch (error) {
      this.#props.onError(error);
      this.refuse(
        503,
        'WAYBILL_PUSH_UNAVAILABLE',
        'Service Unavailable',
        'The notifications could not be read. Send resume again, after a second.',
      );
    } finally {
      this.#reading = false;
    }
  }

  async #readFrom(cursor: Resume['cursor']): Promise<void> {
    const { store } = this.#props;
    const page = cursor === LATEST ? undefined : await store.readAfter(this.session, cursor, PAGE_SIZE);
    let sent = cursor === LATEST ? await store.newest(this.session) : cursor;
    for (const message of page?.messages ?? []) {
      if (!this.send(message)) return;
      sent = message.type === 'gap' ? message.to : message.cursor;
    }
    this.#sent = sent;
    if (this.#wanted !== undefined) return;
    if (page?.hasMore === true) {
      this.send({ type: 'more', cursor: sent });
    } else if (this.#behind > sent) {
      // It came while the page was read, so the page may not have it.
      this.#wanted = sent;
    } else {
      this.#live = true;
      this.send({ type: 'caught-up', cursor: sent });
    }
  }
}
