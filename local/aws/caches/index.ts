/** What the embedded ElastiCache and MemoryDB share: servers of this machine, their users and their addresses. */
export { createCacheServers, type CacheServers } from './cache-servers.ts';
export { startInstalled, type RedisBroker, type RedisRequest, type StartRedis } from './running.ts';
export { OPEN, type CacheUser } from './users.ts';
