/** Waiting that a poller's end, or news of its source, cuts short. */
import type { Clock } from '../clock.ts';

/** Waits by the clock, until `signal` is aborted. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Something that many wait for; whoever waits is woken by the next call. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, after so many milliseconds, or when `signal` is aborted. */
  heard(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let waiting = new Set<() => void>();
  return {
    ring() {
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
    },
    heard(milliseconds, signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const done = (): void => {
          if (timer) clock.clearTimeout(timer);
          waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = milliseconds === Infinity ? undefined : clock.setTimeout(done, milliseconds);
        waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    },
  };
}
