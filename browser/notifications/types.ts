/** What an application gives to a notification client, and gets from it. */
import type { CursorStore } from './cursor-store.ts';
import type { Environment } from './environment.ts';

/**
 * | state       | means                                                                     |
 * | ----------- | ------------------------------------------------------------------------- |
 * | connecting  | asks for a ticket, opens the connection                                   |
 * | catching-up | connected; what was missed is on its way                                  |
 * | live        | connected; nothing is missing                                             |
 * | offline     | no connection; the next try comes by itself                               |
 * | expired     | the session ended; `connect()` after the user signed in again             |
 * | displaced   | the user has too many connections and this was the oldest; it connects    |
 * |             | again when somebody looks at the page                                     |
 * | closed      | not connected yet, or ended by `close()`                                  |
 */
export type NotificationState =
  | 'connecting'
  | 'catching-up'
  | 'live'
  | 'offline'
  | 'expired'
  | 'displaced'
  | 'closed';

export interface Ticket {
  readonly ticket: string;
  /** Of the WebSocket API: `wss://.../STAGE`. */
  readonly url: string;
}

export interface Notification<Type extends string = string, Data = unknown> {
  /** The event's id: the same each time it comes. */
  readonly id: string;
  /** 1, 2, 3 and so on for each user. */
  readonly cursor: number;
  readonly eventType: Type;
  readonly data: Data;
  /** It came while nobody listened: sent again on request, after a connection was made or was missing something. */
  readonly missed: boolean;
}

export interface NotificationClientOptions {
  /** Any stable name of the signed-in user, under which the cursor is kept. */
  readonly user: string;
  /**
   * Called before each connection, as a ticket lives for a minute. When the session ended it rejects with an error whose
   * `status` is 401, or 403 with the `code` HTTP_403, which is API Gateway's own refusal: `requestTicket` does.
   */
  readonly ticket: () => Promise<Ticket>;
  /**
   * Called when the session ended; resolves when the next `ticket()` will have a new one.
   * @default - the state becomes `expired` and stays so until `connect()`
   */
  readonly renewSession?: () => Promise<void>;
  /** Where the first visit of a user begins. @default 'latest' - with what comes from now on */
  readonly begin?: 'latest' | 'oldest';
  /** @default - the browser's localStorage, shared by all tabs */
  readonly cursors?: CursorStore;
  /** What is missing is the browser's; tests give a socket and a clock of their own. */
  readonly environment?: Partial<Environment>;
}

/** Ends what it came from. */
export type Unsubscribe = () => void;

/** `Events` maps each event type to its data: `{ GenerationComplete: GenerationComplete }`. */
export interface NotificationClient<Events extends object = Record<string, unknown>> {
  readonly state: NotificationState;
  /** Of the last notification that was delivered; undefined before the server said where it stands. */
  readonly cursor: number | undefined;
  /** Begins, or begins anew after `close()` or an expired session. Never throws. */
  connect(): void;
  /** Ends connection, timers and listening for good; `connect()` begins anew. */
  close(): void;
  on<Type extends keyof Events & string>(
    eventType: Type,
    listener: (data: Events[Type], notification: Notification<Type, Events[Type]>) => void,
  ): Unsubscribe;
  onAny(listener: (notification: Notification) => void): Unsubscribe;
  onState(listener: (state: NotificationState) => void): Unsubscribe;
  /** Notifications that the server keeps no longer, both ends included: read what they were about from its API. */
  onGap(listener: (gap: { readonly from: number; readonly to: number }) => void): Unsubscribe;
  /** What went wrong and is tried again: a ticket that was refused, a problem that the server told. */
  onProblem(listener: (problem: unknown) => void): Unsubscribe;
}
