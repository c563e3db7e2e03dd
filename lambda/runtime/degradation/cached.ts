/**
 * A value that is read from elsewhere at most every few seconds, whoever asks. When it can't be read, the last known
 * value counts: controls must never be the reason that work stops.
 */
import type { Clock } from '../clock.ts';

export interface CachedProps<Value> {
  readonly read: () => Promise<Value>;
  /** What counts as long as nothing was ever read. */
  readonly initial: Value;
  /** Milliseconds for which a value is not read again; also after a failed read. */
  readonly maxAge: number;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

export interface Cached<Value> {
  get(): Promise<Value>;
  /** The next `get` reads. */
  forget(): void;
  /** What is known from another call. */
  set(value: Value): void;
}

export function cached<Value>({
  read,
  initial,
  maxAge,
  clock,
  onFailure,
}: CachedProps<Value>): Cached<Value> {
  let value = initial;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    const startedAt = clock.now();
    try {
      value = await read();
    } catch (error) {
      onFailure(error);
    } finally {
      // From before the call: a value is never older than `maxAge`.
      readAt = startedAt;
      reading = undefined;
    }
  };

  return {
    async get() {
      if (clock.now() - readAt >= maxAge) await (reading ??= refresh());
      return value;
    },
    forget() {
      readAt = Number.NEGATIVE_INFINITY;
    },
    set(known) {
      value = known;
      readAt = clock.now();
    },
  };
}
