/** Waits for what happens in its own time: asks again until it is so. */
import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds. Below the time limit of a test, so that what failed is the condition, at the line that asked. */
const LIMIT_MS = 200_000;
const PAUSE_MS = 10;
/** Between two steps of a clock, for what they set off. */
const STEP_PAUSE_MS = 2;

/** @throws when the condition has not come true. `pauseMs` for one that is not asked for nothing. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  pauseMs: number = PAUSE_MS,
): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await delay(pauseMs);
  }
}

/** @throws what the last check threw */
export async function eventually(check: () => unknown, pauseMs: number = PAUSE_MS): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(pauseMs);
    }
  }
}

/**
 * Lets what is under way within this process, calls over the loopback interface included, come to its end. Turns of the event
 * loop, where a time would be too short on a busy machine.
 */
export async function letSettle(turns: number = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await delay(1);
}

interface MovableClock {
  advance(milliseconds: number): Promise<unknown>;
}

/** As `until`, where time is the embedded AWS's: its clock moves by a step before each question. */
export function untilOnClock(
  clock: MovableClock,
  condition: () => boolean | Promise<boolean>,
  stepMs: number,
): Promise<void> {
  return until(async () => {
    if (await condition()) return true;
    await clock.advance(stepMs);
    return false;
  }, STEP_PAUSE_MS);
}
