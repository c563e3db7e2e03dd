/**
 * What a client of the push protocol does with a message, as a pure function: every cursor once, in order, whatever
 * comes twice, late or not at all. Plain data without imports of Node: browsers take the same file.
 */
import { LATEST } from './protocol.ts';
import type { ClientMessage, NotificationMessage, ServerMessage } from './protocol.ts';

export interface ReaderState {
  /** The last cursor that was delivered in order; `latest` until the server said which one that is. */
  readonly cursor: number | typeof LATEST;
  /** The highest cursor the server named. */
  readonly newest: number;
  /** A resume is under way: no second one is sent before it is answered. */
  readonly resuming: boolean;
}

export interface Step {
  readonly state: ReaderState;
  /** For the application: at most one notification, or cursors that are kept no longer. */
  readonly deliver?:
    | NotificationMessage
    | { readonly type: 'gap'; readonly from: number; readonly to: number };
  readonly send?: ClientMessage;
}

/** Right after the connection opened, with what the client has from before. */
export function opened(cursor: number | typeof LATEST): Step {
  return {
    state: { cursor, newest: cursor === LATEST ? 0 : cursor, resuming: true },
    send: { action: 'resume', cursor },
  };
}

/**
 * With `c` the last cursor that was delivered:
 *
 * | message | while a resume is under way | else |
 * |---|---|---|
 * | notification up to c | dropped: it came before | dropped |
 * | notification c + 1 | delivered | delivered |
 * | notification above c + 1 | remembered as newest | remembered, and resume from c |
 * | any notification, c is `latest` | remembered as newest | (can not be) |
 * | gap that reaches c + 1 | told, c becomes its end | the same |
 * | more | resume from c | passed over |
 * | caught-up, something newer than c was seen | resume from c | passed over |
 * | caught-up, else | the resume is over | passed over |
 * | pong with a cursor above c | remembered as newest | remembered, and resume from c |
 *
 * With `latest`, the first caught-up says what c is.
 */
export function received(state: ReaderState, message: ServerMessage): Step {
  switch (message.type) {
    case 'notification':
      return state.cursor !== LATEST && message.cursor === state.cursor + 1
        ? { state: at(state, message.cursor), deliver: message }
        : seen(state, message.cursor);
    case 'gap':
      return state.cursor !== LATEST && message.from <= state.cursor + 1 && message.to > state.cursor
        ? {
            state: at(state, message.to),
            deliver: { type: 'gap', from: state.cursor + 1, to: message.to },
          }
        : seen(state, message.to);
    case 'pong':
      return seen(state, message.cursor ?? 0);
    case 'more':
      return state.resuming ? resume(state) : { state };
    case 'caught-up': {
      if (!state.resuming) return { state };
      const known = state.cursor === LATEST ? at(state, message.cursor) : seen(state, message.cursor).state;
      return isBehind(known) ? resume(known) : { state: { ...known, resuming: false } };
    }
    case 'error':
    case 'expired':
    default:
      return { state };
  }
}

/** After an error that says to ask again. */
export function resume(state: ReaderState): Step {
  return { state: { ...state, resuming: true }, send: { action: 'resume', cursor: state.cursor } };
}

function at(state: ReaderState, cursor: number): ReaderState {
  return { ...state, cursor, newest: Math.max(state.newest, cursor) };
}

function seen(state: ReaderState, cursor: number): Step {
  const next = { ...state, newest: Math.max(state.newest, cursor) };
  return isBehind(next) && !next.resuming ? resume(next) : { state: next };
}

function isBehind({ cursor, newest }: ReaderState): boolean {
  return cursor !== LATEST && newest > cursor;
}
