/**
 * Amazon ElastiCache for Valkey: a replication group. With synchronous writes it is as durable as MemoryDB; without, what
 * a replica had not received is gone when it takes over.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  CfnParameterGroup,
  CfnReplicationGroup,
  CfnSubnetGroup,
  CfnUser,
  CfnUserGroup,
} from 'aws-cdk-lib/aws-elasticache';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { acknowledge } from './acknowledge.ts';
import type { MadeRedis, RedisServer } from './redis-server.ts';
import { clusterNodes, numbered } from './redis-settings.ts';
import type { RedisSettings } from './redis-settings.ts';

/** Synchronous writes came with 9.0: AmazonElastiCache/latest/dg/Durability.Limitations.html. */
const DURABLE_ENGINE = { version: '9.0', family: 'valkey9' } as const;
const ENGINE = { version: '8.2', family: 'valkey8' } as const;
/** Of a node in the metrics of ElastiCache, where a cache cluster of Valkey has one. */
const CACHE_NODE_ID = '0001';

export function createElastiCache(server: RedisServer, settings: RedisSettings): MadeRedis {
  const { serverName, clustered } = server;
  const { replicas } = settings;
  const durable = settings.service === 'elasticache-durable';
  const engine = durable ? DURABLE_ENGINE : ENGINE;
  const user = new CfnUser(server, 'Client', {
    engine: 'valkey',
    userId: serverName,
    userName: settings.userName,
    accessString: settings.accessString,
    authenticationMode: { Type: 'password', Passwords: [settings.password] },
  });
  // Of Valkey a group takes no user `default`: AmazonElastiCache/latest/dg/Clusters.RBAC.html.
  const users = new CfnUserGroup(server, 'Clients', {
    engine: 'valkey',
    userGroupId: serverName,
    userIds: [user.ref],
  });
  const parameters = new CfnParameterGroup(server, 'Parameters', {
    cacheParameterGroupFamily: engine.family,
    description: 'Streams are never evicted',
    properties: {
      'maxmemory-policy': 'noeviction',
      ...(clustered ? { 'cluster-enabled': 'yes' } : {}),
    },
  });
  const subnets = new CfnSubnetGroup(server, 'Subnets', {
    description: 'The server of Redis Streams',
    subnetIds: settings.vpc.selectSubnets(settings.vpcSubnets).subnetIds,
  });
  const log = new LogGroup(server, 'Log', {
    retention: settings.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const group = new CfnReplicationGroup(server, 'Resource', {
    replicationGroupId: serverName,
    replicationGroupDescription: 'Redis Streams',
    engine: 'valkey',
    engineVersion: engine.version,
    durability: durable ? 'sync' : 'disabled',
    cacheNodeType: settings.nodeType,
    ...(clustered
      ? { numNodeGroups: settings.shards, replicasPerNodeGroup: replicas }
      : { numCacheClusters: replicas + 1 }),
    automaticFailoverEnabled: clustered || replicas > 0,
    multiAzEnabled: replicas > 0,
    cacheParameterGroupName: parameters.ref,
    cacheSubnetGroupName: subnets.ref,
    securityGroupIds: [server.securityGroup.securityGroupId],
    userGroupIds: [users.ref],
    port: settings.port,
    transitEncryptionEnabled: true,
    transitEncryptionMode: 'required',
    atRestEncryptionEnabled: true,
    ...(settings.encryptionKey === undefined ? {} : { kmsKeyId: settings.encryptionKey.keyArn }),
    autoMinorVersionUpgrade: true,
    snapshotRetentionLimit: settings.snapshotRetentionDays,
    logDeliveryConfigurations: [
      {
        destinationType: 'cloudwatch-logs',
        destinationDetails: { cloudWatchLogsDetails: { logGroup: log.logGroupName } },
        logFormat: 'json',
        logType: 'engine-log',
      },
    ],
  });
  acknowledge(
    group,
    'AwsSolutions-AEC6',
    'Clients sign in as a user of a group (RBAC), which AUTH with one token for all cannot be together with',
  );
  if (replicas === 0) {
    acknowledge(
      group,
      'AwsSolutions-AEC4',
      'This environment is made to be deleted and made again; the event store has every event that the server loses',
    );
  }
  const nodes = clustered ? clusterNodes(settings) : numbered(replicas + 1, 3);
  return {
    resource: group,
    address: clustered ? group.attrConfigurationEndPointAddress : group.attrPrimaryEndPointAddress,
    port: String(settings.port),
    watched: {
      namespace: 'AWS/ElastiCache',
      nodes: nodes.map((node) => ({
        CacheClusterId: `${serverName}-${node}`,
        CacheNodeId: CACHE_NODE_ID,
      })),
    },
  };
}
