/**
 * The machine's clock, which can also jump to what is due next. A run that has nothing left to do but wait
 * for a visibility timeout jumps there instead of waiting minutes for it.
 */
import type { Clock, ClockTimer } from '../aws/clock.ts';

export interface SkippingClock extends Clock {
  /** Milliseconds that were skipped so far. */
  skipped(): number;
  /**
   * Jumps to the next timer that is due within `limit` milliseconds, and fires it.
   * @returns false when there is none
   */
  skipToNext(limit: number): boolean;
}

interface Timer {
  readonly due: number;
  readonly run: () => void;
  /** The real timer that fires it when nobody jumps. */
  readonly handle: NodeJS.Timeout;
}

/** The longest delay that a timer of Node takes. */
const MAXIMUM_DELAY_MILLISECONDS = 2 ** 31 - 1;

export function skippingClock(): SkippingClock {
  let offset = 0;
  const timers = new Map<ClockTimer, Timer>();
  const now = (): number => Date.now() + offset;

  const arm = (timer: ClockTimer, due: number, run: () => void): void => {
    const delay = Math.min(Math.max(due - now(), 0), MAXIMUM_DELAY_MILLISECONDS);
    const handle = setTimeout(() => {
      if (now() < due) return arm(timer, due, run);
      timers.delete(timer);
      run();
    }, delay);
    timers.set(timer, { due, run, handle });
  };

  return {
    now,
    setTimeout(callback, milliseconds) {
      const timer: ClockTimer = {};
      arm(timer, now() + milliseconds, callback);
      return timer;
    },
    clearTimeout(timer) {
      clearTimeout(timers.get(timer)?.handle);
      timers.delete(timer);
    },
    skipped: () => offset,
    skipToNext(limit) {
      let next: { timer: ClockTimer; due: number } | undefined;
      for (const [timer, { due }] of timers) {
        if (next === undefined || due < next.due) next = { timer, due };
      }
      if (next === undefined || next.due - now() > limit) return false;
      const { run, handle } = timers.get(next.timer)!;
      clearTimeout(handle);
      timers.delete(next.timer);
      offset += Math.max(next.due - now(), 0);
      run();
      // Timers armed before the jump would fire late by its length.
      for (const [timer, entry] of timers) {
        clearTimeout(entry.handle);
        arm(timer, entry.due, entry.run);
      }
      return true;
    },
  };
}
