/** What ElastiCache keeps, as JSON. */
import type { CacheUser } from '../caches/index.ts';

/** A replication group, or a serverless cache. */
export interface Cache {
  readonly id: string;
  readonly kind: 'replication-group' | 'serverless';
  readonly arn: string;
  readonly engine: string;
  readonly clustered: boolean;
  /** Names of its addresses in AWS. */
  readonly addresses: Readonly<Record<'primary' | 'reader' | 'configuration', string>>;
  readonly parameters: Readonly<Record<string, string>>;
  readonly userGroupId: string | undefined;
  /** AUTH tokens of clients without users. */
  readonly authToken: string | undefined;
  readonly description: string;
  readonly createdAt: number;
}

export interface User {
  readonly id: string;
  readonly arn: string;
  readonly engine: string;
  readonly user: CacheUser;
}

export interface UserGroup {
  readonly id: string;
  readonly arn: string;
  readonly engine: string;
  readonly userIds: readonly string[];
}

export interface ParameterGroup {
  readonly name: string;
  readonly family: string;
  readonly parameters: Readonly<Record<string, string>>;
}
