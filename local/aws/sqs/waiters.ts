/**
 * Long polls: receives that wait for a message, first come first served. Nothing here polls; the queue calls
 * `serve` when something became available.
 */
import type { Clock } from '../clock.ts';

export interface Waiters<Request, Result> {
  readonly size: number;
  /** Waits until served, until `milliseconds` are over or until `signal` aborts; the last two give `empty`. */
  wait(request: Request, milliseconds: number, signal: AbortSignal | undefined): Promise<Result>;
  /** Offers each waiter in turn to `attempt`; stops at the first for which it has nothing (undefined). */
  serve(attempt: (request: Request) => Result | undefined): void;
  /** Ends every wait with `empty`. */
  dismiss(): void;
}

export function createWaiters<Request, Result>(clock: Clock, empty: () => Result): Waiters<Request, Result> {
  const waiting = new Set<{ readonly request: Request; finish(result: Result): void }>();
  return {
    get size() {
      return waiting.size;
    },
    wait(request, milliseconds, signal) {
      if (signal?.aborted) return Promise.resolve(empty());
      return new Promise((resolve) => {
        const giveUp = () => waiter.finish(empty());
        const timer = clock.setTimeout(giveUp, milliseconds);
        const waiter = {
          request,
          finish(result: Result) {
            waiting.delete(waiter);
            clock.clearTimeout(timer);
            signal?.removeEventListener('abort', giveUp);
            resolve(result);
          },
        };
        signal?.addEventListener('abort', giveUp, { once: true });
        waiting.add(waiter);
      });
    },
    serve(attempt) {
      for (const waiter of waiting) {
        const result = attempt(waiter.request);
        if (result === undefined) return;
        waiter.finish(result);
      }
    },
    dismiss() {
      for (const waiter of waiting) waiter.finish(empty());
    },
  };
}
