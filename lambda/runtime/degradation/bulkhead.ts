/** A bulkhead: a slow dependency gets so many calls of this instance at a time, and holds up no others. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { UnavailableError } from './errors.ts';

export interface BulkheadProps {
  /** The dependency's name. */
  readonly dependency: string;
  /** Calls under way at a time, of this instance: a whole number above zero. */
  readonly maxConcurrent: number;
  /**
   * Calls that may wait for a place.
   * @default - as many as maxConcurrent
   */
  readonly maxQueued?: number;
  /**
   * Seconds that a call may wait.
   * @default 5
   */
  readonly maxWaitSeconds?: number;
  /** For tests. */
  readonly clock?: Clock;
}

export interface Bulkhead {
  /**
   * Calls when there is a place.
   * @throws UnavailableError WAYBILL_BULKHEAD_FULL, the reason of the signal when aborted while waiting, or whatever `fn` throws
   */
  call<Result>(fn: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  readonly underway: number;
  readonly waiting: number;
}

const DEFAULT_WAIT_SECONDS = 5;

export function createBulkhead(props: BulkheadProps): Bulkhead {
  const { dependency, maxConcurrent } = props;
  const maxQueued = props.maxQueued ?? maxConcurrent;
  const maxWait = 1_000 * (props.maxWaitSeconds ?? DEFAULT_WAIT_SECONDS);
  const clock = props.clock ?? systemClock;
  /** First come, first served. */
  const queue = new Set<() => void>();
  let underway = 0;

  const full = (): UnavailableError => new UnavailableError('WAYBILL_BULKHEAD_FULL', dependency, 1);

  const place = async (signal: AbortSignal | undefined): Promise<void> => {
    signal?.throwIfAborted();
    if (underway < maxConcurrent) {
      underway += 1;
      return;
    }
    if (queue.size >= maxQueued) throw full();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        queue.delete(enter);
        clock.clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      /** The place is handed over: `underway` stays as it is. */
      const enter = (): void => {
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const timer = clock.setTimeout(() => {
        leave();
        reject(full());
      }, maxWait);
      signal?.addEventListener('abort', abort);
      queue.add(enter);
    });
  };

  const leave = (): void => {
    const [next] = queue;
    if (next === undefined) underway -= 1;
    else next();
  };

  return {
    async call(fn, signal) {
      await place(signal);
      try {
        return await fn();
      } finally {
        leave();
      }
    },
    get underway() {
      return underway;
    },
    get waiting() {
      return queue.size;
    },
  };
}
