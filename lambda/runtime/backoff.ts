/** Exponential backoff with full jitter: after an outage, retries spread over the whole wait instead of coming together. */
import type { Random } from './clock.ts';

export interface Backoff {
  /** The longest wait after the first failure, in the caller's unit of time. */
  readonly base: number;
  /** No wait is longer than this. */
  readonly cap: number;
}

/**
 * A wait between 0 and min(cap, base * 2^(failures - 1)).
 * Source: AWS Builders' Library, "Timeouts, retries, and backoff with jitter".
 */
export function fullJitter({ base, cap }: Backoff, failures: number, random: Random): number {
  // Above 2^30 the cap has long been reached; the bound keeps the power finite.
  const ceiling = Math.min(cap, base * 2 ** Math.min(Math.max(failures, 1) - 1, 30));
  return random() * ceiling;
}
