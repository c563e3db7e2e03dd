/** Timers of schedules. They may be due in years, longer than a timer of the machine can wait. */
import type { Clock, ClockTimer } from '../clock.ts';

/** Well below the 24.8 days that a timer of Node can wait. */
const LONGEST_WAIT_MS = 86_400_000;

export interface ScheduleTimers {
  /**
   * Runs `fire` at each time `next` gives, until it gives none. Replaces the key's timer.
   *
   * @param after begins after this time, in milliseconds since the epoch; of several times that have passed, the
   *   first one is made up for. Now when absent.
   */
  start(
    key: string,
    next: (after: number) => number | undefined,
    fire: (due: number) => void,
    after?: number,
  ): void;
  /** Runs `fire` once, so many milliseconds from now. */
  once(key: string, milliseconds: number, fire: () => void): void;
  stop(key: string): void;
  close(): void;
}

export function createScheduleTimers(clock: Clock): ScheduleTimers {
  const timers = new Map<string, ClockTimer>();

  const stop = (key: string) => {
    const timer = timers.get(key);
    if (timer) clock.clearTimeout(timer);
    timers.delete(key);
  };

  const wait = (
    key: string,
    due: number,
    next: (after: number) => number | undefined,
    fire: (due: number) => void,
  ): void => {
    const milliseconds = Math.min(Math.max(0, due - clock.now()), LONGEST_WAIT_MS);
    const timer = clock.setTimeout(() => {
      if (clock.now() < due) {
        wait(key, due, next, fire);
        return;
      }
      timers.delete(key);
      // What was missed while the process stood still is missed; the next time lies ahead.
      const following = next(Math.max(due, clock.now()));
      if (following !== undefined) wait(key, following, next, fire);
      fire(due);
    }, milliseconds);
    timers.set(key, timer);
  };

  return {
    start(key, next, fire, after = clock.now()) {
      stop(key);
      const due = next(after);
      if (due !== undefined) wait(key, due, next, fire);
    },
    once(key, milliseconds, fire) {
      stop(key);
      wait(key, clock.now() + milliseconds, () => undefined, fire);
    },
    stop,
    close() {
      for (const key of timers.keys()) stop(key);
    },
  };
}
