/** A rate with a burst of one second, as the throughput of a shard is limited. */

export interface Throughput {
  /** Takes so much, or nothing when that is more than there is left now. */
  take(amount: number, now: number): boolean;
  /** True when anything may be taken now. */
  open(now: number): boolean;
  /** Takes more than there is left: what is owed delays whoever comes next. */
  charge(amount: number, now: number): void;
}

export function createThroughput(perSecond: number, burst: number = perSecond): Throughput {
  let left = burst;
  let at = Number.NEGATIVE_INFINITY;
  const refill = (now: number): void => {
    if (now > at) left = Math.min(burst, left + ((now - at) / 1000) * perSecond);
    at = now;
  };
  return {
    take(amount, now) {
      refill(now);
      if (left < amount) return false;
      left -= amount;
      return true;
    },
    open(now) {
      refill(now);
      return left > 0;
    },
    charge(amount, now) {
      refill(now);
      left -= amount;
    },
  };
}
