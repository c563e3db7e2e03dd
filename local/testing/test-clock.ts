/** The clock of a test: stands still or runs, and moves with everything that falls due on the way. */
import type { ControllableClock } from '../aws/index.ts';
import { millisecondsOf, type TimeSpan } from './time-span.ts';

export interface TestClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Time stands still from now on. */
  freeze(): void;
  /** Time goes on at the machine's pace. */
  resume(): void;
  /**
   * Moves the time. Whatever falls due on the way happens at its moment and in its order: visibility timeouts,
   * delays, retries, schedules, retention, alarms. The functions that it sets going finish before time moves on.
   *
   * @throws NotSettledError when something runs for more than 30 s of the machine's time
   */
  advance(span: TimeSpan): Promise<void>;
}

export function createTestClock(clock: ControllableClock, settled: () => Promise<void>): TestClock {
  return {
    now: () => clock.now(),
    freeze: () => clock.freeze(),
    resume: () => clock.resume(),
    async advance(span) {
      const end = clock.now() + millisecondsOf(span);
      await settled();
      while (clock.skipToNext(end - clock.now())) await settled();
      await clock.advance(Math.max(0, end - clock.now()));
      await settled();
    },
  };
}
