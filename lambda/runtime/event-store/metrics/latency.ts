/** Percentiles of a sample. */
import type { Latency } from './types.ts';

/** @param milliseconds negative ones come from clocks that differ, and count as 0 */
export function latencyOf(milliseconds: readonly number[]): Latency | null {
  if (milliseconds.length === 0) return null;
  const sorted = milliseconds.map((one) => Math.max(0, one)).toSorted((a, b) => a - b);
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: rounded(sorted.at(-1)!),
    events: sorted.length,
  };
}

/** The smallest value that so large a part of the sample does not exceed. */
function percentile(sorted: readonly number[], part: number): number {
  return rounded(sorted[Math.ceil(part * sorted.length) - 1]!);
}

/** To a tenth of a millisecond. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
