/** A server of Redis Streams: Amazon MemoryDB, or Amazon ElastiCache for Valkey; private, with TLS and a user of its own. */
import { Names, RemovalPolicy } from 'aws-cdk-lib';
import type { CfnResource } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { HopAlarms, redisBusy, redisEvicts, redisFull } from './alarms/index.ts';
import type { AlarmProps, WatchedRedis } from './alarms/index.ts';
import { createElastiCache } from './elasticache-server.ts';
import { EventFunction } from './event-function.ts';
import type { EventProcess } from './event-process.ts';
import { grantTo } from './grants.ts';
import { createMemoryDb } from './memorydb-server.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';
import type { AnyEventContract } from '../contracts/index.ts';

/**
 * | service | an accepted event after a failure of the primary | a write takes |
 * |---|---|---|
 * | `memorydb` | is there: a log in several zones has it before it is accepted | milliseconds |
 * | `elasticache-durable` | is there, for the same reason: synchronous writes | milliseconds |
 * | `elasticache` | may be gone: replicas follow asynchronously | less than one |
 */
export type RedisService = 'memorydb' | 'elasticache-durable' | 'elasticache';

export interface RedisServerProps extends AlarmProps {
  readonly service: RedisService;
  /** The network of the server and its clients. */
  readonly vpc: IVpc;
  /** In two zones at least where there are replicas. */
  readonly vpcSubnets: SubnetSelection;
  /**
   * The security group of all clients, which the server lets in. One for all, so that no client's stack is needed by the
   * server's.
   */
  readonly clientSecurityGroup: ISecurityGroup;
  /** `db.r7g.large` and the like of MemoryDB, `cache.r7g.large` of ElastiCache. */
  readonly nodeType: string;
  /**
   * Partitions of streams are spread over them.
   * @default 1
   */
  readonly shards?: number;
  /**
   * Of each shard, in other zones: one takes over when the primary fails. 0 to 5; synchronous writes take one.
   * @default 1
   */
  readonly replicas?: number;
  /**
   * Encrypts what the server stores, and the secret.
   * @default - the service's own key
   */
  readonly encryptionKey?: IKey;
  /**
   * Days that a daily snapshot is kept; 0: none is taken.
   * @default 7
   */
  readonly snapshotRetentionDays?: number;
  /** In small letters, digits and `-`, at most 40. @default - made up from the construct's path */
  readonly serverName?: string;
  /** Of the engine's log of ElastiCache. @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays;
  /** @default RemovalPolicy.RETAIN */
  readonly removalPolicy?: RemovalPolicy;
}

/** What the service made of it. */
export interface MadeRedis {
  readonly resource: CfnResource;
  readonly address: string;
  readonly port: string;
  readonly watched: WatchedRedis;
}

/**
 * @example
 * const redis = new RedisServer(this, 'Redis', { service: 'memorydb', nodeType: 'db.t4g.small', vpc, vpcSubnets, clientSecurityGroup });
 * redis.grants.use(agents); // sets WAYBILL_REDIS_URL, WAYBILL_REDIS_SECRET_ARN and WAYBILL_REDIS_CLUSTER
 */
export class RedisServer extends Construct {
  readonly service: RedisService;
  readonly serverName: string;
  /** Whether clients have to find the node of a key: more than one shard, MemoryDB, synchronous writes. */
  readonly clustered: boolean;
  readonly resource: CfnResource;
  /** JSON with username and password. */
  readonly secret: Secret;
  readonly securityGroup: SecurityGroup;
  readonly encryptionKey: IKey | undefined;
  /** `rediss://HOST:PORT`. */
  readonly url: string;
  /** What its nodes are called in metrics. */
  readonly watched: WatchedRedis;
  readonly grants: RedisServerGrants;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError where the service has no such nodes, shards or replicas */
  constructor(scope: Construct, id: string, props: RedisServerProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.service = props.service;
    this.clustered = props.service !== 'elasticache' || (props.shards ?? 1) > 1;
    this.encryptionKey = props.encryptionKey;
    this.serverName =
      props.serverName ??
      Names.uniqueResourceName(this, { maxLength: MAX_NAME_LENGTH, separator: '-' }).toLowerCase();
    this.securityGroup = new SecurityGroup(this, 'Server', {
      vpc: props.vpc,
      description: 'The server of Redis Streams',
      allowAllOutbound: false,
    });
    this.securityGroup.addIngressRule(props.clientSecurityGroup, Port.tcp(REDIS_PORT), 'Clients');
    const isMemoryDb = props.service === 'memorydb';
    const userName = isMemoryDb ? nameOfAccount(this.serverName) : USER_NAME;
    this.secret = this.#createSecret(userName);
    const create = isMemoryDb ? createMemoryDb : createElastiCache;
    const made = create(this, {
      ...props,
      shards: props.shards ?? 1,
      replicas: props.replicas ?? 1,
      snapshotRetentionDays: props.snapshotRetentionDays ?? DEFAULT_SNAPSHOT_DAYS,
      logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
      userName,
      password: this.secret.secretValueFromJson('password').unsafeUnwrap(),
      accessString: ACCESS,
      port: REDIS_PORT,
    });
    this.resource = made.resource;
    this.resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.watched = made.watched;
    this.url = `rediss://${made.address}:${made.port}`;
    recordNode(this, { kind: 'redis', resource: this.resource });
    this.grants = new RedisServerGrants(this);
    const alarms = new HopAlarms(this, props);
    alarms.add('MemoryAlarm', redisFull(this, made.watched));
    alarms.add('CpuAlarm', redisBusy(this, made.watched));
    alarms.add('EvictionsAlarm', redisEvicts(this, made.watched));
    this.alarms = alarms.all;
  }

  #createSecret(username: string): Secret {
    const secret = new Secret(this, 'User', {
      description: 'The user of the server of Redis Streams',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ username }),
        generateStringKey: 'password',
        // Both services take 16 to 128 characters; passwords stand in no address, so any could do.
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
    // Not the L2's encryptionKey: it lets the whole account use the key by way of Secrets Manager.
    if (this.encryptionKey !== undefined) {
      (secret.node.defaultChild as CfnSecret).kmsKeyId = this.encryptionKey.keyArn;
    }
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'The user is made by CloudFormation of the same secret: a new password is given by the operator, by a second user that clients change to',
    );
    return secret;
  }
}

export class RedisServerGrants {
  readonly #server: RedisServer;

  constructor(server: RedisServer) {
    this.#server = server;
  }

  /**
   * Reading the server's user, and the variables that the runtime reads. The client has to be in the server's network,
   * with its `clientSecurityGroup`. The server knows the user, not IAM: what it may do is what the user may.
   */
  use(client: EventProcess | EventFunction): void {
    const { url, secret, clustered, encryptionKey } = this.#server;
    const target = client instanceof EventFunction ? client.function : client.container;
    target.addEnvironment('WAYBILL_REDIS_URL', url);
    target.addEnvironment('WAYBILL_REDIS_SECRET_ARN', secret.secretArn);
    if (clustered) target.addEnvironment('WAYBILL_REDIS_CLUSTER', 'true');
    const grantee: IGrantable = client;
    grantTo(grantee, ['secretsmanager:GetSecretValue'], [secret.secretArn]);
    encryptionKey?.grant(grantee, 'kms:Decrypt');
  }

  /** The same, for who looks at groups and dead letters, and writes no event. */
  inspect(client: EventFunction): void {
    this.use(client);
    recordEdge(this.#server, { kind: 'publishes', from: client, to: this.#server, source: '', events: [] });
  }

  /** The same, for who writes these events to a stream. */
  publish(client: EventProcess, events: readonly AnyEventContract[]): void {
    this.use(client);
    for (const [source, ofSource] of Map.groupBy(events, (event) => event.source)) {
      recordEdge(this.#server, {
        kind: 'publishes',
        from: client,
        to: this.#server,
        source,
        events: ofSource.map(({ name }) => name),
      });
    }
  }
}

/** Users of MemoryDB are the account's, and clients sign in by that name: one for each server. Of a long name the end tells them apart. */
function nameOfAccount(serverName: string): string {
  const end = serverName.slice(-(MAX_NAME_LENGTH - USER_NAME.length - 1));
  return `${USER_NAME}-${end.replace(/^-+/, '')}`;
}

/** Not the port that everybody tries first. */
export const REDIS_PORT = 6380;
const USER_NAME = 'waybill';
/** Names of clusters and users of MemoryDB, and of replication groups of ElastiCache. */
const MAX_NAME_LENGTH = 40;
const DEFAULT_SNAPSHOT_DAYS = 7;

/**
 * What the runtime sends, on its own keys: streams, sorted sets, hashes and scripts. Not FLUSHALL, not CONFIG.
 * valkey.io/topics/acl
 */
const ACCESS = [
  'on',
  '~waybill:*',
  'resetchannels',
  '-@all',
  '+@connection',
  '+@stream',
  '+@sortedset',
  '+@hash',
  '+@scripting',
  '+time',
  '+exists',
  '+pexpire',
  '+del',
  '+info',
  '+cluster|slots',
  '+cluster|shards',
  '+cluster|nodes',
].join(' ');

/** Families of nodes with synchronous writes, AmazonElastiCache/latest/dg/Durability.Limitations.html. */
const DURABLE_FAMILIES = /^cache\.(?:r7g|r6g|m7g|m6g|c7gn)\./;

const RULES: readonly Rule<RedisServerProps>[] = [
  ({ service, nodeType }) => {
    const prefix = service === 'memorydb' ? 'db.' : 'cache.';
    const fits =
      nodeType.startsWith(prefix) && (service !== 'elasticache-durable' || DURABLE_FAMILIES.test(nodeType));
    return fits
      ? undefined
      : {
          code: 'WAYBILL_REDIS_SETTING_UNSUPPORTED',
          prop: 'nodeType',
          received: `${nodeType} of ${service}`,
          allowed:
            service === 'elasticache-durable'
              ? 'nodes of the families r7g, r6g, m7g, m6g and c7gn, such as cache.r7g.large'
              : `names that begin with ${prefix}`,
          fix: 'name a node type of the service',
        };
  },
  ({ service, replicas = 1, shards = 1 }) => {
    const least = service === 'elasticache-durable' ? 1 : 0;
    const isWhole = Number.isInteger(replicas) && Number.isInteger(shards);
    return isWhole && replicas >= least && replicas <= 5 && shards >= 1 && shards <= 500
      ? undefined
      : {
          code: 'WAYBILL_REDIS_SETTING_UNSUPPORTED',
          prop: 'replicas',
          received: `${shards} shards with ${replicas} replicas each`,
          allowed: `1 to 500 shards with ${least} to 5 replicas each`,
          fix: 'a replica in another zone takes over when the primary fails',
        };
  },
];
