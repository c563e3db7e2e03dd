/**
 * Which notification comes next: from what the server sends, in whatever order and however often, to each cursor
 * once and in order. Pure; the connection asks it about each message.
 *
 * | message      | when                                   | then                                                |
 * | ------------ | -------------------------------------- | --------------------------------------------------- |
 * | notification | the position is not known yet          | remember that there is one; `caught-up` decides     |
 * |              | cursor at or below the position        | a duplicate: nothing                                |
 * |              | the next cursor                        | deliver                                             |
 * |              | a later cursor                         | resume, unless that is asked already                |
 * | gap          | begins at or before the next cursor    | go on behind it, and say so                         |
 * |              | begins later                           | resume                                              |
 * | more         |                                        | resume                                              |
 * | pong         | tells a cursor beyond the position     | resume, unless that is asked already                |
 * | caught-up    | the position is not known yet          | this is the position                                |
 * |              | below what the connection first asked  | the server began anew: from the start               |
 * |              | below what was asked later             | an earlier answer that comes late: nothing          |
 * | then         | a cursor beyond the position is known  | resume; after five in vain, what should have been   |
 * |              |                                        | sent and was not is a gap                           |
 * |              | else                                   | live                                                |
 */
import type { NotificationMessage, ServerMessage } from '../../lambda/push/protocol.ts';

/** A server that says that there is more and never sends it must not hold up what comes after. */
const FRUITLESS_RESUMES = 5;

export interface Sequence {
  /** The cursor of the last notification that was delivered; undefined until the server said where it stands. */
  readonly position: number | undefined;
  /** The highest cursor that is known to exist. */
  readonly known: number;
  /** What the resume that is not answered yet asked for. */
  readonly asked: number | 'latest' | undefined;
  /** Nothing was answered on this connection yet. */
  readonly first: boolean;
  /** Resumes in a row that brought nothing. */
  readonly fruitless: number;
  /** The lowest cursor that came from behind the hole, since there is one. */
  readonly ahead: number;
}

export interface Step {
  readonly sequence: Sequence;
  readonly deliver?: NotificationMessage;
  /** Notifications that the server keeps no longer: both ends are included. */
  readonly gap?: { readonly from: number; readonly to: number };
  /** To be sent now. */
  readonly resume?: number | 'latest';
  /** All that was known is delivered. */
  readonly live?: true;
  /** The server counts from the start again: a stored cursor means nothing any more. */
  readonly restarted?: true;
}

/** @param position - of the last notification that was delivered, in this page or an earlier one */
export const sequenceFrom = (position: number | undefined): Sequence => ({
  position,
  known: position ?? 0,
  asked: undefined,
  first: false,
  fruitless: 0,
  ahead: Number.POSITIVE_INFINITY,
});

/** What to send right after a connection opened. */
export function begin(sequence: Sequence, unknown: 0 | 'latest'): Step {
  const position = sequence.position ?? (unknown === 0 ? 0 : undefined);
  return ask({ ...sequence, position, first: true, fruitless: 0 }, position ?? 'latest');
}

export function receive(sequence: Sequence, message: ServerMessage): Step {
  const { position, asked } = sequence;
  switch (message.type) {
    case 'notification': {
      const { cursor } = message;
      const next = knowing(sequence, cursor);
      if (position === undefined) return { sequence: next };
      if (cursor <= position) return { sequence };
      if (cursor > position + 1) {
        return behind({ ...next, ahead: Math.min(next.ahead, cursor) }, position);
      }
      return { sequence: { ...next, ...at(cursor) }, deliver: message };
    }
    case 'gap': {
      const { from, to } = message;
      const next = knowing(sequence, to);
      if (position === undefined) return { sequence: next };
      if (to <= position) return { sequence };
      return from > position + 1 ? behind(next, position) : skip(next, position + 1, to);
    }
    case 'more':
      return asked === undefined || position === undefined
        ? { sequence }
        : answered({ ...sequence, first: false }, position, message.cursor);
    case 'pong': {
      const next = knowing(sequence, message.cursor ?? 0);
      return position === undefined || next.known <= position ? { sequence: next } : behind(next, position);
    }
    case 'caught-up': {
      if (asked === undefined) return { sequence };
      if (typeof asked === 'number' && message.cursor < asked) {
        // Later on, it is an earlier answer that comes late.
        return sequence.first ? { ...ask(sequenceFrom(0), 0), restarted: true } : { sequence };
      }
      const next = {
        ...knowing(sequence, message.cursor),
        position: position ?? message.cursor,
        first: false,
      };
      if (next.known > next.position) return answered(next, next.position, message.cursor);
      return { sequence: { ...next, asked: undefined, fruitless: 0 }, live: true };
    }
    case 'error':
    case 'expired':
      break;
  }
  return { sequence };
}

const knowing = (sequence: Sequence, cursor: number): Sequence => ({
  ...sequence,
  known: Math.max(sequence.known, cursor),
});

/** A resume was answered and left something out, of what is up to `sent`. */
function answered(sequence: Sequence, last: number, sent: number): Step {
  const fruitless = sequence.asked === last ? sequence.fruitless + 1 : 0;
  if (fruitless < FRUITLESS_RESUMES) return ask({ ...sequence, fruitless }, last);
  const to = Math.min(sequence.ahead - 1, sent);
  // It knows of nothing to send: asking again at once would change nothing. The connection's deadline begins anew.
  if (to <= last) return { sequence };
  const { sequence: next, ...told } = skip(sequence, last + 1, to);
  if (next.known > to) return { ...told, ...ask(next, to) };
  return { ...told, sequence: { ...next, asked: undefined }, live: true };
}

/** Past a hole, or without one. */
const at = (position: number): Pick<Sequence, 'position' | 'fruitless' | 'ahead'> => ({
  position,
  fruitless: 0,
  ahead: Number.POSITIVE_INFINITY,
});

const behind = (sequence: Sequence, last: number): Step =>
  sequence.asked === undefined ? ask(sequence, last) : { sequence };

const ask = (sequence: Sequence, resume: number | 'latest'): Step => ({
  sequence: { ...sequence, asked: resume },
  resume,
});

const skip = (sequence: Sequence, from: number, to: number): Step => ({
  sequence: { ...sequence, ...at(to) },
  gap: { from, to },
});
