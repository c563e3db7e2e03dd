/**
 * The clock of the embedded AWS. Nothing under local/aws reads the time or sets a timer in any other way,
 * so a test can move days of visibility, delay and retention in no time.
 */

/** A handle returned by {@link Clock.setTimeout}; only good for {@link Clock.clearTimeout}. */
export type ClockTimer = object;

/** A source of time. All times are milliseconds since the Unix epoch. */
export interface Clock {
  now(): number;
  setTimeout(callback: () => void, milliseconds: number): ClockTimer;
  clearTimeout(timer: ClockTimer): void;
}

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Moves the time forward and fires every timer that falls due, in order of its due time. Promise
   * continuations run between two timers, so code that re-arms a timer after an await is fired too.
   */
  advance(milliseconds: number): Promise<void>;
}

/** The real clock of the machine. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
}

/** A clock for tests. `start` is the first time it shows; by default 1 January 2026, 00:00 UTC. */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let time = start;
  let armed = 0;
  const timers = new Map<
    ClockTimer,
    { readonly due: number; readonly order: number; readonly run: () => void }
  >();

  const earliest = (limit: number) => {
    let found: { timer: ClockTimer; due: number; order: number; run: () => void } | undefined;
    for (const [timer, entry] of timers) {
      if (entry.due > limit) continue;
      if (!found || entry.due < found.due || (entry.due === found.due && entry.order < found.order)) {
        found = { timer, due: entry.due, order: entry.order, run: entry.run };
      }
    }
    return found;
  };

  return {
    now: () => time,
    setTimeout(callback, milliseconds) {
      const timer: ClockTimer = {};
      timers.set(timer, { due: time + Math.max(0, milliseconds), order: armed++, run: callback });
      return timer;
    },
    clearTimeout(timer) {
      timers.delete(timer);
    },
    async advance(milliseconds) {
      const end = time + milliseconds;
      await settled();
      for (let next = earliest(end); next; next = earliest(end)) {
        timers.delete(next.timer);
        time = Math.max(time, next.due);
        next.run();
        await settled();
      }
      time = end;
    },
  };
}

/** Lets every promise continuation that is ready run, and one round of I/O. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
