/**
 * W24: a server of Redis Streams keeps what it has accepted.
 *
 * | server | |
 * |---|---|
 * | a maxmemory-policy other than noeviction | found: a full server throws streams away, and no reader is told |
 * | ElastiCache with the parameter group of its default, volatile-lru | found: groups and dead letters that expire go first |
 * | ElastiCache without synchronous writes | found: what a replica had not received is gone when it takes over |
 * | MemoryDB; ElastiCache with Durability sync | |
 * | no server that the topology declares as one of streams | a cache may evict |
 *
 * AmazonElastiCache/latest/dg/Durability.Options.html, memorydb/latest/devguide/consistency.html,
 * valkey.io/topics/lru-cache
 */
import type { Messaging, RedisInstance } from '../assembly/index.ts';
import { text } from '../assembly/property.ts';
import type { Finding, Guard } from './guard.ts';

export const evictedStreams: Guard = {
  id: 'W24',
  title: 'A server of Redis Streams throws events away when its memory is full',
  explanation:
    'Any maxmemory-policy but noeviction makes room by deleting keys. A stream is one key: all of its events go at once, with the positions of its groups, and whoever wrote them was told that they are there.',
  source: 'AmazonElastiCache/latest/dg/ParameterGroups.Engine.html',
  level: 'error',
  check: (messaging) =>
    declaredServers(messaging).flatMap(({ resource, parameters, evictionPolicy }): Finding[] =>
      evictionPolicy === undefined || evictionPolicy === 'noeviction'
        ? []
        : [
            {
              resource: parameters ?? resource,
              property: 'maxmemory-policy',
              received: evictionPolicy,
              allowed: 'noeviction',
              fix: 'give the server a parameter group with maxmemory-policy noeviction: a full server then refuses, and the mirror tries again',
            },
          ],
    ),
};

export const volatileStreams: Guard = {
  id: 'W24A',
  title: 'A server of Redis Streams may lose what it has accepted',
  explanation:
    'Replicas of ElastiCache follow asynchronously. When one takes over, events that it had not received are gone, and so are acknowledgements and positions; the publisher was told that all is well.',
  source: 'AmazonElastiCache/latest/dg/Durability.Options.html',
  level: 'error',
  check: (messaging) =>
    declaredServers(messaging).flatMap(({ resource, durable }): Finding[] =>
      durable
        ? []
        : [
            {
              resource,
              property: 'Durability',
              received: text(resource.properties['Durability']) ?? 'disabled',
              allowed: 'sync, or a cluster of MemoryDB',
              fix: "take service: 'memorydb' or 'elasticache-durable'; acknowledge it where the events are kept elsewhere and can be published again",
            },
          ],
    ),
};

/** A cache may forget. Only what is declared as a server of streams is held to keep them. */
function declaredServers({ assembly, redisServers }: Messaging): readonly RedisInstance[] {
  const places = new Set(
    (assembly.topology?.nodes ?? [])
      .filter(({ kind }) => kind === 'redis')
      .map(({ stack, logicalId }) => `${stack} ${logicalId}`),
  );
  return redisServers.filter(({ resource }) =>
    places.has(`${resource.stack.stackName} ${resource.logicalId}`),
  );
}
