/** A member of a group of Redis streams, as the suite starts one. */
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { declarationOf } from '../../../../lambda/runtime/consumer/declaration.ts';
import { pollRedis } from '../../../../lambda/runtime/redis/poll-redis.ts';
import type { AnyEventContract } from '../../../../lib/contracts/index.ts';

/** Seconds. */
export const REDIS_VISIBILITY = { short: 1.5, long: 60 };
export const REDIS_PARTITIONS = 4;

export interface RedisAddress {
  readonly url: string;
  readonly stream: string;
  readonly group: string;
}

export function joinRedis(
  { url, stream, group }: RedisAddress,
  consumer: SqsHandler,
  concurrency: number,
  order: 'none' | 'key' | 'total' = 'key',
  lease: keyof typeof REDIS_VISIBILITY = 'short',
) {
  const { contracts, handler, options } = declarationOf(consumer);
  return pollRedis<readonly AnyEventContract[]>(contracts, handler, {
    ...options,
    server: { url },
    stream,
    group,
    order,
    concurrency,
    partitions: order === 'total' ? 1 : REDIS_PARTITIONS,
    visibilityTimeout: REDIS_VISIBILITY[lease],
  });
}
