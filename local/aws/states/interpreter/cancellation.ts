/** Stopping what an execution is doing: scopes within scopes, and waits that end when their scope does. */
import type { Clock } from '../../clock.ts';

/** Thrown into whatever waits in a scope that was cancelled. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** A part of an execution that can be stopped as a whole. Who cancels the outer one cancels this one too. */
export interface Scope {
  readonly cancelled: boolean;
  /** Runs `stop` when the scope is cancelled, at once if it is already; the returned function takes it back. */
  onCancel(stop: () => void): () => void;
}

export interface CancellableScope extends Scope {
  cancel(): void;
  /** Lets go of the outer scope when the work is done. */
  end(): void;
}

/** A day: well below what a timer of the machine can wait. */
const LONGEST_TIMER_MILLISECONDS = 86_400_000;

export function createScope(outer?: Scope): CancellableScope {
  const stops = new Set<() => void>();
  let cancelled = false;
  const cancel = (): void => {
    if (cancelled) return;
    cancelled = true;
    for (const stop of stops) stop();
    stops.clear();
  };
  const end = outer?.onCancel(cancel) ?? (() => undefined);
  return {
    get cancelled() {
      return cancelled;
    },
    onCancel(stop) {
      if (cancelled) stop();
      else stops.add(stop);
      return () => stops.delete(stop);
    },
    cancel,
    end,
  };
}

/** Waits until a time. Rejects with {@link Cancelled}. */
export function sleepUntil(clock: Clock, time: number, scope: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: object | undefined;
    const forget = scope.onCancel(() => {
      if (timer) clock.clearTimeout(timer);
      reject(new Cancelled());
    });
    const wait = (): void => {
      if (scope.cancelled) return;
      const left = time - clock.now();
      if (left <= 0) {
        forget();
        resolve();
        return;
      }
      timer = clock.setTimeout(wait, Math.min(left, LONGEST_TIMER_MILLISECONDS));
    };
    wait();
  });
}

/** Gives what the work gives, or rejects with {@link Cancelled} when the scope ends first. */
export function within<Value>(work: Promise<Value>, scope: Scope): Promise<Value> {
  return new Promise((resolve, reject) => {
    const forget = scope.onCancel(() => reject(new Cancelled()));
    work.then(
      (value) => {
        forget();
        resolve(value);
      },
      (error: unknown) => {
        forget();
        reject(error);
      },
    );
  });
}
