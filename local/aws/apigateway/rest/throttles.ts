/**
 * The rate and burst of a stage, as a bucket of tokens: a request takes one, and each second brings `rateLimit` of them.
 * apigateway/latest/developerguide/api-gateway-request-throttling.html
 */
import type { RestApi, Stage } from './model.ts';

export interface Throttles {
  /** Whether a request may pass now. A stage without throttling lets all of them pass. */
  admits(place: { readonly api: RestApi; readonly stage: Stage }, now: number): boolean;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export function createThrottles(): Throttles {
  const buckets = new Map<string, Bucket>();
  return {
    admits({ api, stage }, now) {
      if (stage.throttling === undefined) return true;
      const { rateLimit, burstLimit } = stage.throttling;
      const key = `${api.id}/${stage.stageName}`;
      const { tokens, at } = buckets.get(key) ?? { tokens: burstLimit, at: now };
      const filled = Math.min(burstLimit, tokens + ((now - at) / 1000) * rateLimit);
      const passes = filled >= 1;
      buckets.set(key, { tokens: passes ? filled - 1 : filled, at: now });
      return passes;
    },
  };
}
