/** The time limit of one invocation (D7). */
import type { Clock } from '../clock.ts';
import { RuntimeError } from '../errors.ts';
import type { InvocationContext } from '../types.ts';

/** Milliseconds before the time limit. */
export interface DeadlineMargins {
  /** From here on no message is started. */
  readonly start: number;
  /** Here the handlers' signal is aborted. */
  readonly abort: number;
}

/**
 * Shares of the time an invocation begins with. However wide the margins or short the timeout, half of it is
 * for work: a function that never starts a message would send its whole queue to the dead letters, unread.
 */
const MAX_START_SHARE = 1 / 2;
const MAX_ABORT_SHARE = 1 / 4;

export interface Deadline {
  readonly signal: AbortSignal;
  /** True when no new message may start. */
  isClosing(): boolean;
  /** Resolves when the response has to leave, whether handlers have returned or not. */
  readonly giveUp: Promise<'given-up'>;
  /** Milliseconds until the time limit. */
  remaining(): number;
  dispose(): void;
}

/**
 * ```
 * invoked ------------------ start ------- abort -- give up -- time limit
 *   messages start            none starts   signal   response    Lambda kills
 * ```
 * Giving up is halfway between abort and the limit. A response that comes late is no response: Lambda would
 * deliver the whole batch again, the handled messages too.
 */
export function invocationDeadline(
  invocation: InvocationContext | undefined,
  margins: DeadlineMargins,
  clock: Clock,
): Deadline {
  const controller = new AbortController();
  if (invocation === undefined) {
    return {
      signal: controller.signal,
      isClosing: () => false,
      giveUp: new Promise(() => {}),
      remaining: () => Number.POSITIVE_INFINITY,
      dispose: () => {},
    };
  }
  const given = invocation.getRemainingTimeInMillis();
  const limit = clock.now() + given;
  const start = Math.min(margins.start, given * MAX_START_SHARE);
  const abort = Math.min(margins.abort, given * MAX_ABORT_SHARE);
  const remaining = (): number => limit - clock.now();
  const timers: unknown[] = [];
  const giveUp = new Promise<'given-up'>((resolve) => {
    const abortHandlers = (): void => {
      controller.abort(
        new RuntimeError('WAYBILL_DEADLINE_NEAR', `the time limit is ${abort} ms away: stop and throw`),
      );
      timers.push(clock.setTimeout(() => resolve('given-up'), abort / 2));
    };
    timers.push(clock.setTimeout(abortHandlers, given - abort));
  });
  return {
    signal: controller.signal,
    isClosing: () => remaining() <= start,
    giveUp,
    remaining,
    dispose: () => {
      for (const timer of timers) clock.clearTimeout(timer);
    },
  };
}
