/** Long-running processes on Fargate, and servers of Redis Streams. */
import { messagingOf } from '../../assembly/index.ts';
import type { Resource } from '../../assembly/index.ts';
import { numberOf, textOf } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { MONTH_HOURS, MONTH_SECONDS } from '../load.ts';
import type { PriceItem } from '../prices/index.ts';
import { GIGABYTE, linesOf } from './lines.ts';
import type { CostLine } from './lines.ts';

/** Units of a processor, as task definitions count them. */
const CPU_UNITS = 1024;
const MEBIBYTES_PER_GIGABYTE = 1024;

export function processCost(context: EstimateContext): readonly CostLine[] {
  return messagingOf(context.assembly).processes.flatMap(({ resource, taskDefinition, desiredCount }) => {
    const cpu = numberOf(taskDefinition?.properties['Cpu']) ?? 0;
    const memory = numberOf(taskDefinition?.properties['Memory']) ?? 0;
    return linesOf(context, resource, [
      {
        service: 'Fargate',
        item: 'processors',
        priceItem: 'fargateArm64CpuHours',
        idle: (MONTH_HOURS * desiredCount * cpu) / CPU_UNITS,
      },
      {
        service: 'Fargate',
        item: 'memory',
        priceItem: 'fargateArm64MemoryHours',
        idle: (MONTH_HOURS * desiredCount * memory) / MEBIBYTES_PER_GIGABYTE,
      },
    ]);
  });
}

export function redisCost(context: EstimateContext): readonly CostLine[] {
  const { assembly, average, nodeIdOf } = context;
  return assembly.ofType('AWS::ElastiCache::ReplicationGroup', 'AWS::MemoryDB::Cluster').flatMap((server) => {
    const isMemoryDb = server.type === 'AWS::MemoryDB::Cluster';
    const { priceItem, factor } = nodePrice(
      textOf(server.properties[isMemoryDb ? 'NodeType' : 'CacheNodeType']),
    );
    const written = average.into(nodeIdOf(server) ?? '').bytesPerSecond;
    return linesOf(context, server, [
      {
        service: isMemoryDb ? 'MemoryDB' : 'ElastiCache',
        item: 'nodes',
        priceItem,
        idle: MONTH_HOURS * nodesOf(server, isMemoryDb) * factor,
      },
      ...(isMemoryDb
        ? [
            {
              service: 'MemoryDB' as const,
              item: 'written',
              priceItem: 'memoryDbBytesWritten' as const,
              idle: 0,
              load: (written * MONTH_SECONDS) / GIGABYTE,
            },
          ]
        : []),
    ]);
  });
}

function nodesOf({ properties }: Resource, isMemoryDb: boolean): number {
  const shards = numberOf(properties[isMemoryDb ? 'NumShards' : 'NumNodeGroups']);
  const replicas = numberOf(properties[isMemoryDb ? 'NumReplicasPerShard' : 'ReplicasPerNodeGroup']);
  return shards === undefined
    ? (numberOf(properties['NumCacheClusters']) ?? 1)
    : shards * ((replicas ?? 1) + 1);
}

/** Over the node that is priced, by its place in the row of sizes: each has twice the one before. */
const SIZES = ['micro', 'small', 'medium', 'large', 'xlarge', '2xlarge', '4xlarge', '8xlarge', '16xlarge'];

function nodePrice(nodeType = ''): { readonly priceItem: PriceItem; readonly factor: number } {
  const [service, family = '', size = ''] = nodeType.split('.');
  const steps = (from: string): number => 2 ** (SIZES.indexOf(size) - SIZES.indexOf(from));
  const isSmall = family.startsWith('t');
  if (service === 'db') {
    return isSmall
      ? { priceItem: 'memoryDbSmallHours', factor: steps('small') }
      : { priceItem: 'memoryDbLargeHours', factor: steps('large') };
  }
  return isSmall
    ? { priceItem: 'cacheMicroHours', factor: steps('micro') }
    : { priceItem: 'cacheLargeHours', factor: steps('large') };
}
