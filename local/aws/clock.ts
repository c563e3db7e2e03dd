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

/** A clock that a test can stop and move. It runs at the machine's pace unless it is frozen. */
export interface ControllableClock extends Clock {
  /** Time stands still from now on; it moves by `advance` and `skipToNext` alone. */
  freeze(): void;
  /** Time goes on from where it stands. */
  resume(): void;
  readonly frozen: boolean;
  /**
   * Moves the time forward and fires every timer that falls due, in order of its due time. Promise
   * continuations run between two timers, so code that re-arms a timer after an await is fired too.
   */
  advance(milliseconds: number): Promise<void>;
  /**
   * Jumps to the next timer that is due within `limit` milliseconds, and fires it.
   * @returns false when there is none
   */
  skipToNext(limit: number): boolean;
  /** Milliseconds that this clock is ahead of the machine's because it was moved. */
  skipped(): number;
}

/** A clock that stands still until a test moves it. */
export type ManualClock = ControllableClock;

/** The longest delay that a timer of Node takes. */
const MAXIMUM_DELAY_MILLISECONDS = 2 ** 31 - 1;

/** The real clock of the machine. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
}

/** A frozen clock for tests. `start` is the first time it shows; by default 1 January 2026, 00:00 UTC. */
export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  return createClock(start, start);
}

interface Timer {
  readonly due: number;
  /** Tells timers that are due at the same time apart: first armed, first fired. */
  readonly order: number;
  readonly run: () => void;
  /** The real timer that fires it when nobody moves the clock; undefined while the clock is frozen. */
  handle: NodeJS.Timeout | undefined;
}

/** A clock that runs at the machine's pace from `start`, the present when absent. */
export function controllableClock(start: number = Date.now()): ControllableClock {
  return createClock(start, undefined);
}

/** `frozenAt` is the time it stands still at from the beginning. */
function createClock(start: number, frozenAt: number | undefined): ControllableClock {
  const timers = new Map<ClockTimer, Timer>();
  let offset = start - Date.now();
  let skipped = 0;
  let armed = 0;

  const now = (): number => frozenAt ?? Date.now() + offset;

  const wait = (timer: ClockTimer, entry: Timer): void => {
    const delay = Math.min(Math.max(entry.due - now(), 0), MAXIMUM_DELAY_MILLISECONDS);
    entry.handle = setTimeout(() => {
      if (now() < entry.due) return wait(timer, entry);
      timers.delete(timer);
      entry.run();
    }, delay);
  };
  const stopWaiting = (entry: Timer): void => {
    clearTimeout(entry.handle);
    entry.handle = undefined;
  };
  /** After a jump: timers armed before it would fire late by its length. */
  const waitAgain = (): void => {
    for (const [timer, entry] of timers) {
      stopWaiting(entry);
      if (frozenAt === undefined) wait(timer, entry);
    }
  };
  const moveTo = (time: number): void => {
    const jump = Math.max(0, time - now());
    skipped += jump;
    if (frozenAt === undefined) offset += jump;
    else frozenAt += jump;
  };
  const earliest = (limit: number): ClockTimer | undefined => {
    let found: { readonly timer: ClockTimer; readonly entry: Timer } | undefined;
    for (const [timer, entry] of timers) {
      if (entry.due > limit) continue;
      const first = found?.entry;
      if (!first || entry.due < first.due || (entry.due === first.due && entry.order < first.order)) {
        found = { timer, entry };
      }
    }
    return found?.timer;
  };
  const fire = (timer: ClockTimer): void => {
    const entry = timers.get(timer)!;
    stopWaiting(entry);
    timers.delete(timer);
    moveTo(entry.due);
    entry.run();
  };

  return {
    now,
    setTimeout(callback, milliseconds) {
      const timer: ClockTimer = {};
      const entry: Timer = {
        due: now() + Math.max(0, milliseconds),
        order: armed++,
        run: callback,
        handle: undefined,
      };
      timers.set(timer, entry);
      if (frozenAt === undefined) wait(timer, entry);
      return timer;
    },
    clearTimeout(timer) {
      const entry = timers.get(timer);
      if (entry) stopWaiting(entry);
      timers.delete(timer);
    },
    freeze() {
      frozenAt ??= now();
      waitAgain();
    },
    resume() {
      if (frozenAt === undefined) return;
      offset = frozenAt - Date.now();
      frozenAt = undefined;
      waitAgain();
    },
    get frozen() {
      return frozenAt !== undefined;
    },
    async advance(milliseconds) {
      const end = now() + milliseconds;
      await settled();
      for (let next = earliest(end); next; next = earliest(end)) {
        fire(next);
        await settled();
      }
      moveTo(end);
      waitAgain();
    },
    skipToNext(limit) {
      const next = earliest(now() + limit);
      if (next === undefined) return false;
      fire(next);
      waitAgain();
      return true;
    },
    skipped: () => skipped,
  };
}

/** Lets every promise continuation that is ready run, and one round of I/O. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
