/**
 * How many batches of a queue may be with a function at once.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: five at first; while messages are waiting,
 * up to 300 more a minute, 1,250 in all. A maximum concurrency is a ceiling, provisioned pollers are another.
 */
import type { Clock } from '../clock.ts';

const INITIAL_CONCURRENCY = 5;
const ADDED_PER_MINUTE = 300;
const CEILING = 1250;
/** "Each event poller can handle up to ... 10 concurrent invocations" (page above, provisioned mode). */
const INVOCATIONS_PER_POLLER = 10;

export interface ConcurrencyLimits {
  /** `ScalingConfig.MaximumConcurrency`. */
  readonly maximumConcurrency?: number | undefined;
  /** `ProvisionedPollerConfig`. */
  readonly minimumPollers?: number | undefined;
  readonly maximumPollers?: number | undefined;
}

export interface Scaling {
  /** How many batches may run now. `saturated`: as many as allowed run, and there was more to read. */
  allowed(saturated: boolean): number;
}

export function createScaling(clock: Clock, limits: ConcurrencyLimits): Scaling {
  const initial =
    limits.minimumPollers === undefined
      ? INITIAL_CONCURRENCY
      : limits.minimumPollers * INVOCATIONS_PER_POLLER;
  const ceiling =
    limits.maximumPollers === undefined
      ? (limits.maximumConcurrency ?? CEILING)
      : limits.maximumPollers * INVOCATIONS_PER_POLLER;
  let busySince: number | undefined;
  return {
    allowed(saturated) {
      const now = clock.now();
      if (saturated) busySince ??= now;
      const minutes = busySince === undefined ? 0 : (now - busySince) / 60_000;
      if (!saturated) busySince = undefined;
      return Math.min(ceiling, initial + Math.floor(minutes * ADDED_PER_MINUTE));
    },
  };
}
