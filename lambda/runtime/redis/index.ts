/** Redis Streams, with Redis 7, Valkey, ElastiCache and MemoryDB: publishing, consuming, dead letters and trimming. */
export { closeRedisConnections } from './connection.ts';
export { listRedisDeadLetters, redriveRedis } from './dead-letters.ts';
export type {
  RedisDeadLetter,
  RedisDeadLetterFilter,
  RedisDeadLetterOptions,
  RedisRedriveOptions,
  RedisRedriveReport,
} from './dead-letters.ts';
export { RedisError } from './errors.ts';
export type { RedisErrorCode } from './errors.ts';
export { makeRedisGroup, redisGroups, removeRedisGroup } from './operations.ts';
export type { RedisGroupState } from './operations.ts';
export type { StreamName } from './keys.ts';
export { pollRedis } from './poll-redis.ts';
export type { PollRedisConsumerOptions, PollRedisOptions } from './redis-consumer-options.ts';
export { redisFromEnvironment } from './server.ts';
export type { RedisCredentials, RedisEnvironmentOptions, RedisServer } from './server.ts';
export { redisTransport } from '../transports/redis.ts';
export type { RedisTransportProps } from '../transports/redis.ts';
