/** AWS::ElastiCache::*: a replication group or serverless cache is one real Redis or Valkey of this machine. */
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';
import { generatedCacheName, parametersOf } from './caches.ts';
import {
  answered,
  booleanProperty,
  defined,
  listProperty,
  numberProperty,
  objectProperty,
  textProperty,
  textsProperty,
} from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** AmazonElastiCache/latest/APIReference/API_CreateCacheSubnetGroup.html */
const GROUP_NAME_LENGTH = 255;

/** What one server on the loopback has no counterpart for. */
const INERT = [
  'AtRestEncryptionEnabled',
  'AutoMinorVersionUpgrade',
  'AutomaticFailoverEnabled',
  'CacheNodeType',
  'CacheSubnetGroupName',
  'CacheUsageLimits',
  'DailySnapshotTime',
  'Durability',
  'EngineVersion',
  'FinalSnapshotName',
  'IpDiscovery',
  'KmsKeyId',
  'LogDeliveryConfigurations',
  'MajorEngineVersion',
  'MultiAZEnabled',
  'NetworkType',
  'NodeGroupConfiguration',
  'NotificationTopicArn',
  'NumCacheClusters',
  'PreferredCacheClusterAZs',
  'PreferredMaintenanceWindow',
  'ReplicasPerNodeGroup',
  'SecurityGroupIds',
  'SnapshotRetentionLimit',
  'SnapshotWindow',
  'SubnetIds',
  'Tags',
  'TransitEncryptionEnabled',
  'TransitEncryptionMode',
];

/** Their change takes another replication group. */
const REPLACED_WITH_GROUP = [
  'CacheParameterGroupName',
  'ClusterMode',
  'Engine',
  'NumNodeGroups',
  'Port',
  'ReplicationGroupDescription',
  'ReplicationGroupId',
];

export const ELASTICACHE_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::ElastiCache::ReplicationGroup': {
    honoured: [...REPLACED_WITH_GROUP, 'AuthToken', 'UserGroupIds'],
    inert: INERT,
    replacedOnChange: REPLACED_WITH_GROUP,
    async create(properties, context) {
      const id = textProperty(properties, 'ReplicationGroupId') ?? generatedCacheName(context);
      await context.call(
        'elasticache',
        'CreateReplicationGroup',
        defined({
          ReplicationGroupId: id,
          ReplicationGroupDescription: textProperty(properties, 'ReplicationGroupDescription'),
          Engine: textProperty(properties, 'Engine'),
          NumNodeGroups: numberProperty(properties, 'NumNodeGroups'),
          ClusterMode: textProperty(properties, 'ClusterMode'),
          CacheParameterGroupName: textProperty(properties, 'CacheParameterGroupName'),
          AuthToken: textProperty(properties, 'AuthToken'),
          UserGroupIds: textsProperty(properties, 'UserGroupIds'),
        }),
      );
      return groupAsCreated(id, context);
    },
    async update(created, properties, previous, context) {
      const [before] = textsProperty(previous, 'UserGroupIds');
      const [after] = textsProperty(properties, 'UserGroupIds');
      await context.call(
        'elasticache',
        'ModifyReplicationGroup',
        defined({
          ReplicationGroupId: created.physicalId,
          AuthToken: textProperty(properties, 'AuthToken'),
          UserGroupIdsToAdd: after === undefined ? [] : [after],
          UserGroupIdsToRemove: before === undefined || before === after ? [] : [before],
        }),
      );
      return groupAsCreated(created.physicalId, context);
    },
    async delete(created, _properties, context) {
      await context.call('elasticache', 'DeleteReplicationGroup', { ReplicationGroupId: created.physicalId });
    },
  },
  'AWS::ElastiCache::ServerlessCache': {
    honoured: ['Description', 'Engine', 'ServerlessCacheName', 'UserGroupId'],
    inert: INERT,
    replacedOnChange: ['Engine', 'ServerlessCacheName'],
    async create(properties, context) {
      const name = textProperty(properties, 'ServerlessCacheName') ?? generatedCacheName(context);
      await context.call(
        'elasticache',
        'CreateServerlessCache',
        defined({
          ServerlessCacheName: name,
          Description: textProperty(properties, 'Description'),
          Engine: textProperty(properties, 'Engine'),
          UserGroupId: textProperty(properties, 'UserGroupId'),
        }),
      );
      return serverlessAsCreated(name, context);
    },
    async update(created, properties, _previous, context) {
      const UserGroupId = textProperty(properties, 'UserGroupId');
      await context.call('elasticache', 'ModifyServerlessCache', {
        ServerlessCacheName: created.physicalId,
        ...(UserGroupId === undefined ? { RemoveUserGroup: true } : { UserGroupId }),
      });
      return serverlessAsCreated(created.physicalId, context);
    },
    async delete(created, _properties, context) {
      await context.call('elasticache', 'DeleteServerlessCache', { ServerlessCacheName: created.physicalId });
    },
  },
  'AWS::ElastiCache::User': {
    honoured: [
      'AccessString',
      'AuthenticationMode',
      'Engine',
      'NoPasswordRequired',
      'Passwords',
      'UserId',
      'UserName',
    ],
    inert: ['Tags'],
    replacedOnChange: ['UserId', 'UserName'],
    async create(properties, context) {
      const id = textProperty(properties, 'UserId') ?? generatedCacheName(context);
      const answer = await context.call('elasticache', 'CreateUser', { UserId: id, ...userOf(properties) });
      return { physicalId: id, attributes: { Arn: answered(answer, 'ARN'), Status: 'active' } };
    },
    async update(created, properties, _previous, context) {
      await context.call('elasticache', 'ModifyUser', { UserId: created.physicalId, ...userOf(properties) });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('elasticache', 'DeleteUser', { UserId: created.physicalId });
    },
  },
  'AWS::ElastiCache::UserGroup': {
    honoured: ['Engine', 'UserGroupId', 'UserIds'],
    inert: ['Tags'],
    replacedOnChange: ['Engine', 'UserGroupId'],
    async create(properties, context) {
      const id = textProperty(properties, 'UserGroupId') ?? generatedCacheName(context);
      const answer = await context.call('elasticache', 'CreateUserGroup', {
        UserGroupId: id,
        Engine: textProperty(properties, 'Engine') ?? 'redis',
        UserIds: textsProperty(properties, 'UserIds'),
      });
      return { physicalId: id, attributes: { Arn: answered(answer, 'ARN'), Status: 'active' } };
    },
    async update(created, properties, previous, context) {
      const before = textsProperty(previous, 'UserIds');
      const after = textsProperty(properties, 'UserIds');
      await context.call('elasticache', 'ModifyUserGroup', {
        UserGroupId: created.physicalId,
        UserIdsToAdd: after.filter((id) => !before.includes(id)),
        UserIdsToRemove: before.filter((id) => !after.includes(id)),
      });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('elasticache', 'DeleteUserGroup', { UserGroupId: created.physicalId });
    },
  },
  'AWS::ElastiCache::ParameterGroup': {
    honoured: ['CacheParameterGroupFamily', 'CacheParameterGroupName', 'Properties'],
    inert: ['Description', 'Tags'],
    async create(properties, context) {
      const name = (
        textProperty(properties, 'CacheParameterGroupName') ?? context.generatedName(GROUP_NAME_LENGTH)
      ).toLowerCase();
      await context.call('elasticache', 'CreateCacheParameterGroup', {
        CacheParameterGroupName: name,
        CacheParameterGroupFamily: textProperty(properties, 'CacheParameterGroupFamily') ?? '',
        Parameters: parametersOf(objectProperty(properties, 'Properties')),
      });
      return { physicalId: name, attributes: {} };
    },
    async delete(created, _properties, context) {
      await context.call('elasticache', 'DeleteCacheParameterGroup', {
        CacheParameterGroupName: created.physicalId,
      });
    },
  },
  'AWS::ElastiCache::SubnetGroup': {
    honoured: ['CacheSubnetGroupName'],
    inert: ['Description', 'SubnetIds', 'Tags'],
    async create(properties, context) {
      const name =
        textProperty(properties, 'CacheSubnetGroupName') ?? context.generatedName(GROUP_NAME_LENGTH);
      const inertBecause = 'the local server listens on the loopback interface';
      return { physicalId: name.toLowerCase(), attributes: {}, inertBecause };
    },
  },
};

async function groupAsCreated(id: string, context: ProviderContext): Promise<Created> {
  const elasticache = context.aws.services.get('elasticache');
  const { primary, reader, configuration } = elasticache.addresses(id);
  const { port } = new URL(await elasticache.url(id));
  return {
    physicalId: id.toLowerCase(),
    attributes: {
      'PrimaryEndPoint.Address': primary,
      'PrimaryEndPoint.Port': port,
      'ReaderEndPoint.Address': reader,
      'ReaderEndPoint.Port': port,
      'ConfigurationEndPoint.Address': configuration,
      'ConfigurationEndPoint.Port': port,
      'ReadEndPoint.Addresses': reader,
      'ReadEndPoint.Addresses.List': [reader],
      'ReadEndPoint.Ports': port,
      'ReadEndPoint.Ports.List': [port],
      Status: 'available',
    },
  };
}

async function serverlessAsCreated(name: string, context: ProviderContext): Promise<Created> {
  const elasticache = context.aws.services.get('elasticache');
  const { primary } = elasticache.addresses(name);
  const { port } = new URL(await elasticache.url(name));
  const answer = await context.call('elasticache', 'DescribeServerlessCaches', { ServerlessCacheName: name });
  const [cache] = listProperty(answer, 'ServerlessCaches').filter(isJsonObject);
  return {
    physicalId: name.toLowerCase(),
    attributes: {
      ARN: textProperty(cache ?? {}, 'ARN') ?? '',
      Status: 'available',
      'Endpoint.Address': primary,
      'Endpoint.Port': port,
      'ReaderEndpoint.Address': primary,
      'ReaderEndpoint.Port': port,
    },
  };
}

function userOf(properties: JsonObject): Record<string, unknown> {
  const mode = objectProperty(properties, 'AuthenticationMode');
  return defined({
    UserName: textProperty(properties, 'UserName'),
    Engine: textProperty(properties, 'Engine'),
    AccessString: textProperty(properties, 'AccessString') ?? 'on ~* +@all',
    NoPasswordRequired: booleanProperty(properties, 'NoPasswordRequired'),
    Passwords: properties['Passwords'] && textsProperty(properties, 'Passwords'),
    AuthenticationMode: properties['AuthenticationMode'] && {
      Type: textProperty(mode, 'Type'),
      Passwords: textsProperty(mode, 'Passwords'),
    },
  });
}
