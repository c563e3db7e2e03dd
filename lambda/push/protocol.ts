/**
 * The messages of the push protocol, with parsers for both directions. Plain data without imports: functions and
 * browsers take the same file.
 */

/** The newest cursor, whatever it is: for a client that does not want what was before. */
export const LATEST = 'latest';

/** Asks for all notifications after a cursor. Sent right after the connection opened, and after a hole. */
export interface Resume {
  readonly action: 'resume';
  /** The last cursor that the client has; 0 for all that is kept. */
  readonly cursor: number | typeof LATEST;
}

/** Keeps the connection open, which is closed after ten minutes without a message. */
export interface Ping {
  readonly action: 'ping';
}

export type ClientMessage = Resume | Ping;

export interface NotificationMessage {
  readonly type: 'notification';
  /** The id of the event: the same each time that it is sent. */
  readonly id: string;
  /** 1, 2, 3 ... for each user, without holes. */
  readonly cursor: number;
  readonly eventType: string;
  readonly data: unknown;
}

/** All up to the cursor was sent; what comes after it is pushed. */
export interface CaughtUp {
  readonly type: 'caught-up';
  readonly cursor: number;
}

/** A page ends here, and there is more: ask again with this cursor. */
export interface More {
  readonly type: 'more';
  readonly cursor: number;
}

/** Notifications that are kept no longer. Both ends are included. */
export interface Gap {
  readonly type: 'gap';
  readonly from: number;
  readonly to: number;
}

export interface Pong {
  readonly type: 'pong';
  /** The newest cursor of the user: a client that has less has missed something, and resumes. */
  readonly cursor?: number;
}

/** The session is over; the server closes the connection. A new ticket is needed. */
export interface Expired {
  readonly type: 'expired';
}

/** As of RFC 9457. */
export interface PushProblem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: PushProblemCode | (string & {});
  readonly detail: string;
}

export interface ErrorMessage {
  readonly type: 'error';
  readonly problem: PushProblem;
}

export type ServerMessage = NotificationMessage | CaughtUp | More | Gap | Pong | Expired | ErrorMessage;

/**
 * | code | what the client does |
 * |---|---|
 * | WAYBILL_PUSH_MESSAGE_INVALID | nothing: its message had no effect, and sending it again has none |
 * | WAYBILL_PUSH_UNAVAILABLE | sends `resume` again, with a delay |
 * | WAYBILL_PUSH_TOO_MANY_CONNECTIONS | the server closes it: another one took its place. Does not connect by itself |
 */
export type PushProblemCode =
  | 'WAYBILL_PUSH_MESSAGE_INVALID'
  | 'WAYBILL_PUSH_UNAVAILABLE'
  | 'WAYBILL_PUSH_TOO_MANY_CONNECTIONS';

/** Undefined for whatever is no message of a client, also for text that is no JSON. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  const message = parsed(text);
  if (message === undefined) return undefined;
  const { action, cursor } = message;
  if (action === 'ping') return { action };
  if (action !== 'resume') return undefined;
  return cursor === LATEST || isCursor(cursor) ? { action, cursor } : undefined;
}

/** Undefined for whatever is no message of the server that this version knows: a client passes over it. */
export function parseServerMessage(text: string): ServerMessage | undefined {
  const message = parsed(text);
  if (message === undefined) return undefined;
  const { type, cursor, from, to } = message;
  switch (type) {
    case 'notification': {
      const { id, eventType, data } = message;
      const isWhole = typeof id === 'string' && typeof eventType === 'string' && data !== undefined;
      return isWhole && isCursor(cursor) && cursor > 0 ? { type, id, cursor, eventType, data } : undefined;
    }
    case 'caught-up':
    case 'more':
      return isCursor(cursor) ? { type, cursor } : undefined;
    case 'gap':
      return isCursor(from) && isCursor(to) && from <= to ? { type, from, to } : undefined;
    case 'pong':
      return isCursor(cursor) ? { type, cursor } : { type };
    case 'expired':
      return { type };
    case 'error':
      return isProblem(message['problem']) ? { type, problem: message['problem'] } : undefined;
    default:
      return undefined;
  }
}

/**
 * Whether it is API Gateway that says that a message was not taken, for its function failed or was throttled:
 * `{"message":"Internal server error","connectionId":"...","requestId":"..."}`.
 * It names neither the message nor its route. Messages of the protocol have a type.
 */
export function isUnanswered(text: string): boolean {
  const { type, message, connectionId } = parsed(text) ?? {};
  return type === undefined && typeof message === 'string' && typeof connectionId === 'string';
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

const isCursor = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function isProblem(value: unknown): value is PushProblem {
  if (typeof value !== 'object' || value === null) return false;
  const { type, title, status, code, detail } = value as Readonly<Record<string, unknown>>;
  return [type, title, code, detail].every((text) => typeof text === 'string') && typeof status === 'number';
}
