/** Amazon MemoryDB with Valkey: durable streams. */
import { CfnACL, CfnCluster, CfnParameterGroup, CfnSubnetGroup, CfnUser } from 'aws-cdk-lib/aws-memorydb';
import type { MadeRedis, RedisServer } from './redis-server.ts';
import { clusterNodes } from './redis-settings.ts';
import type { RedisSettings } from './redis-settings.ts';

/** memorydb/latest/devguide/engine-versions.html */
const ENGINE = { engine: 'valkey', engineVersion: '7.3' } as const;
const PARAMETER_FAMILY = 'memorydb_valkey7';

export function createMemoryDb(server: RedisServer, settings: RedisSettings): MadeRedis {
  const { serverName } = server;
  const user = new CfnUser(server, 'Client', {
    userName: settings.userName,
    accessString: settings.accessString,
    authenticationMode: { Type: 'password', Passwords: [settings.password] },
  });
  const acl = new CfnACL(server, 'Acl', { aclName: serverName, userNames: [user.ref] });
  const parameters = new CfnParameterGroup(server, 'Parameters', {
    parameterGroupName: serverName,
    family: PARAMETER_FAMILY,
    description: 'Streams are never evicted',
    parameters: { 'maxmemory-policy': 'noeviction' },
  });
  const subnets = new CfnSubnetGroup(server, 'Subnets', {
    subnetGroupName: serverName,
    description: 'The server of Redis Streams',
    subnetIds: settings.vpc.selectSubnets(settings.vpcSubnets).subnetIds,
  });
  const cluster = new CfnCluster(server, 'Resource', {
    clusterName: serverName,
    description: 'Redis Streams',
    ...ENGINE,
    nodeType: settings.nodeType,
    numShards: settings.shards,
    numReplicasPerShard: settings.replicas,
    aclName: acl.ref,
    parameterGroupName: parameters.ref,
    subnetGroupName: subnets.ref,
    securityGroupIds: [server.securityGroup.securityGroupId],
    port: settings.port,
    tlsEnabled: true,
    autoMinorVersionUpgrade: true,
    snapshotRetentionLimit: settings.snapshotRetentionDays,
    ...(settings.encryptionKey === undefined ? {} : { kmsKeyId: settings.encryptionKey.keyArn }),
  });
  return {
    resource: cluster,
    address: cluster.attrClusterEndpointAddress,
    port: String(settings.port),
    watched: {
      namespace: 'AWS/MemoryDB',
      nodes: clusterNodes(settings).map((node) => ({
        ClusterName: serverName,
        NodeName: `${serverName}-${node}`,
      })),
    },
  };
}
