/**
 * Calls and failures over the last seconds, of all instances. An instance counts for itself and shares its counts
 * when a call of its own has failed, so calls that work cost nothing. Instances without a failure are not in the sum:
 * the rate is then read too high, by little where it is high enough to matter (at a rate of one half and ten calls an
 * instance, one in a thousand instances is missing).
 */
import type { Clock } from '../clock.ts';
import type { BreakerStore, CallCounts } from './breaker-store.ts';

export interface CallWindow {
  succeeded(): void;
  /** Answers what all instances have counted over the window, in this generation of the breaker's state. */
  failed(generation: number): Promise<CallCounts>;
  /** Forgets what was counted: the state has changed. */
  reset(): void;
}

export interface CallWindowProps {
  readonly store: BreakerStore;
  readonly windowSeconds: number;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

const NONE: CallCounts = { calls: 0, failures: 0 };

/** Two buckets of the window's length: the present one, and the one before it by the share that is still within. */
export function callWindow({ store, windowSeconds, clock, onFailure }: CallWindowProps): CallWindow {
  const bucketMilliseconds = 1_000 * windowSeconds;
  let bucket = Number.NaN;
  /** Since the last report. */
  let unreported = { ...NONE };
  /** What all instances had in the bucket before, and what this one had in this and in that bucket. */
  let before = NONE;
  let own = NONE;
  let ownBefore = NONE;
  let isBeforeKnown = false;

  const turn = (): void => {
    const now = Math.floor(clock.now() / bucketMilliseconds);
    if (now === bucket) return;
    ownBefore = now === bucket + 1 ? own : NONE;
    own = NONE;
    unreported = { ...NONE };
    before = NONE;
    isBeforeKnown = false;
    bucket = now;
  };

  const count = (failures: number): void => {
    turn();
    unreported = { calls: unreported.calls + 1, failures: unreported.failures + failures };
    own = { calls: own.calls + 1, failures: own.failures + failures };
  };

  /** The bucket before fades out while the present one fills. */
  const over = (present: CallCounts, past: CallCounts): CallCounts => {
    const left = 1 - (clock.now() % bucketMilliseconds) / bucketMilliseconds;
    return {
      calls: present.calls + past.calls * left,
      failures: present.failures + past.failures * left,
    };
  };

  return {
    succeeded: () => count(0),
    async failed(generation) {
      count(1);
      const reported = unreported;
      const reportedBucket = bucket;
      const nameOf = (one: number): string => `${generation}-${one}`;
      unreported = { ...NONE };
      try {
        const present = await store.addCalls(nameOf(reportedBucket), reported, clock.now());
        if (!isBeforeKnown && reportedBucket === bucket) {
          before = await store.readCalls(nameOf(reportedBucket - 1));
          isBeforeKnown = true;
        }
        return over(present, before);
      } catch (error) {
        onFailure(error);
        return over(own, ownBefore);
      }
    },
    reset() {
      bucket = Number.NaN;
      turn();
    },
  };
}
