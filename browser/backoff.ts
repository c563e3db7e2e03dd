/** How long to wait before the next try: exponential with full jitter, so that clients that fail together come back apart. */

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** @param attempt - 0 for the first wait */
export function backoffMs({ baseMs, capMs }: Backoff, attempt: number, random: () => number): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
}
