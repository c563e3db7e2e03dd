/**
 * The rate and burst of a stage, as a bucket of tokens: a request takes one, and each second brings `rateLimit` of them.
 * apigateway/latest/developerguide/api-gateway-request-throttling.html
 */
import type { RestApi, Stage, Throttling } from './model.ts';

export interface Throttles {
  /** Whether a request may pass now. A stage without throttling lets all of them pass. */
  admits(
    place: {
      readonly api: Pick<RestApi, 'id'>;
      readonly stage: Pick<Stage, 'stageName' | 'throttling'>;
    },
    now: number,
  ): boolean;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/** The `DefaultRouteSettings` of a stage of an HTTP or WebSocket API; undefined where they limit nothing. */
export function routeThrottling(settings: unknown): Throttling | undefined {
  const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = (settings ?? {}) as Readonly<
    Record<string, unknown>
  >;
  if (rate === undefined && burst === undefined) return undefined;
  return { rateLimit: Number(rate ?? ACCOUNT_RATE), burstLimit: Number(burst ?? ACCOUNT_BURST) };
}

/** Of an account and Region: api-gateway-request-throttling.html */
const ACCOUNT_RATE = 10_000;
const ACCOUNT_BURST = 5000;

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
