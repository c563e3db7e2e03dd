/**
 * How many pollers of a Kafka mapping work at once: as many as are provisioned at least, one more each time all of them
 * are busy for a while, and never more than there are partitions.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html: Lambda begins with one and looks at the lag.
 */
import type { Clock } from '../clock.ts';

/** Lambda looks about once a minute; a run on one machine has no minute to lose. */
const GROW_AFTER_MILLISECONDS = 1000;

export interface PollerPermits {
  /** Runs the work once a poller is free. */
  within<Result>(work: () => Promise<Result>): Promise<Result>;
  setPartitions(count: number): void;
  /** Pollers that work now. */
  running(): number;
  /** Lets everybody who waits go on, at the end. */
  wake(): void;
}

export function createPollerPermits(clock: Clock, minimum: number, maximum: number): PollerPermits {
  const waiting: (() => void)[] = [];
  let partitions = 1;
  let allowed = minimum;
  let running = 0;
  let busySince: number | undefined;

  const ceiling = (): number => Math.max(1, Math.min(partitions, maximum));
  const next = (): void => {
    while (waiting.length > 0 && running < Math.min(allowed, ceiling())) {
      running++;
      waiting.shift()?.();
    }
    if (waiting.length === 0) busySince = undefined;
  };
  const grow = (): void => {
    if (waiting.length === 0 || allowed >= ceiling()) return;
    busySince ??= clock.now();
    if (clock.now() - busySince < GROW_AFTER_MILLISECONDS) return;
    allowed++;
    busySince = clock.now();
    next();
  };

  return {
    async within(work) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        next();
        grow();
      });
      try {
        return await work();
      } finally {
        running--;
        if (running === 0 && waiting.length === 0) allowed = minimum;
        grow();
        next();
      }
    },
    setPartitions(count) {
      partitions = count;
      next();
    },
    running: () => running,
    wake() {
      while (waiting.length > 0) {
        running++;
        waiting.shift()?.();
      }
    },
  };
}
