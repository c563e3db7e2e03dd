/** The servers of Redis Streams of an assembly: ElastiCache's replication groups and MemoryDB's clusters. */
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { object, text } from './property.ts';

export interface RedisInstance extends Place {
  readonly resource: Resource;
  /**
   * Whether a write is in a log in several zones before it is accepted. Undefined: a service of which it is not known.
   */
  readonly durable: boolean;
  /** What happens to keys when the memory is full. Undefined: as a parameter group says that is not in the assembly. */
  readonly evictionPolicy: string | undefined;
  /** Where the policy stands, or would have to. */
  readonly parameters: Resource | undefined;
}

/** memorydb/latest/devguide/parametergroups.redis.html */
const MEMORYDB_DEFAULT_POLICY = 'noeviction';
/** AmazonElastiCache/latest/dg/ParameterGroups.Engine.html */
const ELASTICACHE_DEFAULT_POLICY = 'volatile-lru';

export function redisServersOf(assembly: Assembly): readonly RedisInstance[] {
  const groups = assembly.ofType('AWS::ElastiCache::ParameterGroup', 'AWS::MemoryDB::ParameterGroup');
  return assembly.ofType('AWS::ElastiCache::ReplicationGroup', 'AWS::MemoryDB::Cluster').map((resource) => {
    const { properties, accountId, region, type } = resource;
    const isMemoryDb = type === 'AWS::MemoryDB::Cluster';
    const reference = text(properties[isMemoryDb ? 'ParameterGroupName' : 'CacheParameterGroupName']);
    const parameters = groups.find(({ ref, name }) => [ref, name].includes(reference ?? ''));
    const given = text(
      object(parameters?.properties[isMemoryDb ? 'Parameters' : 'Properties'])?.['maxmemory-policy'],
    );
    const byDefault = isMemoryDb ? MEMORYDB_DEFAULT_POLICY : ELASTICACHE_DEFAULT_POLICY;
    const isKnown = reference === undefined || reference.startsWith('default.') || parameters !== undefined;
    return {
      resource,
      accountId,
      region,
      durable: isMemoryDb || properties['Durability'] === 'sync',
      evictionPolicy: given ?? (isKnown ? byDefault : undefined),
      parameters,
    };
  });
}
