/** The Redis client, loaded where a server is used: who uses none need not install it. */
import { RedisError } from './errors.ts';

/** The `try` lets a bundler go on where the client is not installed. */
export async function redisClient() {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw new RedisError(
      'WAYBILL_REDIS_CLIENT_MISSING',
      "the package '@redis/client' is not installed: npm install @redis/client",
      { cause },
    );
  }
}
