/** AWS::MemoryDB::*: a cluster is one real Redis or Valkey of this machine, with all slots. */
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';
import { generatedCacheName, parametersOf } from './caches.ts';
import {
  answered,
  defined,
  numberProperty,
  objectProperty,
  textProperty,
  textsProperty,
} from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** memorydb/latest/APIReference/API_CreateCluster.html */
const NAME_LENGTH = 40;

export const MEMORYDB_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::MemoryDB::Cluster': {
    honoured: ['ACLName', 'ClusterName', 'Engine', 'NumShards', 'ParameterGroupName', 'Port'],
    inert: [
      'AutoMinorVersionUpgrade',
      'ClusterEndpoint',
      'DataTiering',
      'Description',
      'EngineVersion',
      'FinalSnapshotName',
      'IpDiscovery',
      'KmsKeyId',
      'MaintenanceWindow',
      'NetworkType',
      'NodeType',
      'NumReplicasPerShard',
      'SecurityGroupIds',
      'SnapshotRetentionLimit',
      'SnapshotWindow',
      'SnsTopicArn',
      'SnsTopicStatus',
      'SubnetGroupName',
      'TLSEnabled',
      'Tags',
    ],
    replacedOnChange: ['ClusterName', 'Engine', 'NumShards', 'ParameterGroupName', 'Port'],
    async create(properties, context) {
      const ClusterName = textProperty(properties, 'ClusterName') ?? generatedCacheName(context);
      const answer = await context.call(
        'memorydb',
        'CreateCluster',
        defined({
          ClusterName,
          ACLName: textProperty(properties, 'ACLName'),
          Engine: textProperty(properties, 'Engine'),
          NodeType: textProperty(properties, 'NodeType'),
          NumShards: numberProperty(properties, 'NumShards'),
          ParameterGroupName: textProperty(properties, 'ParameterGroupName'),
        }),
      );
      return clusterAsCreated(answer, context);
    },
    async update(created, properties, _previous, context) {
      const answer = await context.call('memorydb', 'UpdateCluster', {
        ClusterName: created.physicalId,
        ACLName: textProperty(properties, 'ACLName') ?? '',
      });
      return clusterAsCreated(answer, context);
    },
    async delete(created, _properties, context) {
      await context.call('memorydb', 'DeleteCluster', { ClusterName: created.physicalId });
    },
  },
  'AWS::MemoryDB::User': {
    honoured: ['AccessString', 'AuthenticationMode', 'UserName'],
    inert: ['Tags'],
    replacedOnChange: ['UserName'],
    async create(properties, context) {
      const answer = await context.call('memorydb', 'CreateUser', userOf(properties));
      const { Name, ARN } = answer['User'] as { readonly Name: string; readonly ARN: string };
      return { physicalId: Name, attributes: { Arn: ARN, Status: 'active' } };
    },
    async update(created, properties, _previous, context) {
      await context.call('memorydb', 'UpdateUser', { ...userOf(properties), UserName: created.physicalId });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('memorydb', 'DeleteUser', { UserName: created.physicalId });
    },
  },
  'AWS::MemoryDB::ACL': {
    honoured: ['ACLName', 'UserNames'],
    inert: ['Tags'],
    replacedOnChange: ['ACLName'],
    async create(properties, context) {
      const answer = await context.call('memorydb', 'CreateACL', {
        ACLName: textProperty(properties, 'ACLName') ?? '',
        UserNames: textsProperty(properties, 'UserNames'),
      });
      const { Name, ARN } = answer['ACL'] as { readonly Name: string; readonly ARN: string };
      return { physicalId: Name, attributes: { Arn: ARN, Status: 'active' } };
    },
    async update(created, properties, previous, context) {
      const before = textsProperty(previous, 'UserNames');
      const after = textsProperty(properties, 'UserNames');
      await context.call('memorydb', 'UpdateACL', {
        ACLName: created.physicalId,
        UserNamesToAdd: after.filter((name) => !before.includes(name)),
        UserNamesToRemove: before.filter((name) => !after.includes(name)),
      });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('memorydb', 'DeleteACL', { ACLName: created.physicalId });
    },
  },
  'AWS::MemoryDB::ParameterGroup': {
    honoured: ['Family', 'ParameterGroupName', 'Parameters'],
    inert: ['Description', 'Tags'],
    async create(properties, context) {
      const answer = await context.call('memorydb', 'CreateParameterGroup', {
        ParameterGroupName: textProperty(properties, 'ParameterGroupName') ?? generatedCacheName(context),
        Family: textProperty(properties, 'Family') ?? '',
        Parameters: parametersOf(objectProperty(properties, 'Parameters')),
      });
      const { Name, ARN } = answer['ParameterGroup'] as { readonly Name: string; readonly ARN: string };
      return { physicalId: Name, attributes: { ARN } };
    },
    async delete(created, _properties, context) {
      await context.call('memorydb', 'DeleteParameterGroup', { ParameterGroupName: created.physicalId });
    },
  },
  'AWS::MemoryDB::SubnetGroup': {
    honoured: ['SubnetGroupName'],
    inert: ['Description', 'SubnetIds', 'Tags'],
    async create(properties, { aws, ...context }) {
      const name = textProperty(properties, 'SubnetGroupName') ?? context.generatedName(NAME_LENGTH);
      return {
        physicalId: name.toLowerCase(),
        attributes: {
          ARN: `arn:aws:memorydb:${aws.region}:${aws.accountId}:subnetgroup/${name.toLowerCase()}`,
          SupportedNetworkTypes: ['ipv4'],
        },
        inertBecause: 'the local server listens on the loopback interface',
      };
    },
  },
};

function clusterAsCreated(answer: JsonObject, context: ProviderContext): Created {
  const cluster = isJsonObject(answer['Cluster']) ? answer['Cluster'] : {};
  const name = answered(cluster, 'Name');
  return {
    physicalId: name,
    attributes: {
      ARN: answered(cluster, 'ARN'),
      Status: 'available',
      ParameterGroupStatus: 'in-sync',
      'ClusterEndpoint.Address': context.aws.services.get('memorydb').address(name),
      'ClusterEndpoint.Port': textProperty(objectProperty(cluster, 'ClusterEndpoint'), 'Port') ?? '',
    },
  };
}

function userOf(properties: JsonObject): Record<string, unknown> {
  const mode = objectProperty(properties, 'AuthenticationMode');
  return defined({
    UserName: textProperty(properties, 'UserName'),
    AccessString: textProperty(properties, 'AccessString') ?? 'on ~* +@all',
    AuthenticationMode: { Type: textProperty(mode, 'Type'), Passwords: textsProperty(mode, 'Passwords') },
  });
}
