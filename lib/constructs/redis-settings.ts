/** What MemoryDB and ElastiCache are both made of. */
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { RedisServerProps } from './redis-server.ts';

export interface RedisSettings extends RedisServerProps {
  readonly shards: number;
  readonly replicas: number;
  readonly snapshotRetentionDays: number;
  readonly logRetention: RetentionDays;
  readonly userName: string;
  /** A reference to the secret, which CloudFormation resolves. */
  readonly password: string;
  /** In the words of ACL SETUSER. */
  readonly accessString: string;
  readonly port: number;
}

/** `SHARD-NODE`, as both services number nodes of a cluster: `0001-001`. */
export function clusterNodes({ shards, replicas }: RedisSettings): readonly string[] {
  return numbered(shards, 4).flatMap((shard) => numbered(replicas + 1, 3).map((node) => `${shard}-${node}`));
}

export function numbered(count: number, digits: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index + 1).padStart(digits, '0'));
}
