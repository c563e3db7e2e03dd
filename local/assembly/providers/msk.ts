/** AWS::MSK::*: clusters, their topics, policies and configurations. */
import { answered, defined, numberProperty, objectProperty, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';

/** Of a provisioned cluster: kept and shown by DescribeClusterV2. A broker in this process acts on none of them. */
const CLUSTER_SETTINGS = [
  'BrokerNodeGroupInfo',
  'ClientAuthentication',
  'ConfigurationInfo',
  'EncryptionInfo',
  'EnhancedMonitoring',
  'KafkaVersion',
  'LoggingInfo',
  'NumberOfBrokerNodes',
  'OpenMonitoring',
  'Rebalancing',
  'StorageMode',
  'ZookeeperAccess',
] as const;

export const MSK_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::MSK::ServerlessCluster': {
    honoured: ['ClientAuthentication', 'ClusterName', 'Tags', 'VpcConfigs'],
    inert: [],
    replacedOnChange: ['ClientAuthentication', 'ClusterName', 'VpcConfigs'],
    async create(properties, context) {
      const serverless = camelCased(
        defined({
          vpcConfigs: properties['VpcConfigs'],
          clientAuthentication: properties['ClientAuthentication'],
        }) as JsonObject,
      );
      return createCluster(context, properties, { serverless });
    },
    async update(created, properties, previous, context) {
      await changeTags(created.physicalId, properties, previous, context);
      return created;
    },
    delete: deleteCluster,
  },
  'AWS::MSK::Cluster': {
    honoured: ['ClusterName', 'Tags', ...CLUSTER_SETTINGS],
    inert: ['CurrentVersion'],
    replacedOnChange: ['ClusterName'],
    create: (properties, context) =>
      createCluster(context, properties, { provisioned: clusterSettings(properties) }),
    async update(created, properties, previous, context) {
      const arn = created.physicalId;
      context.aws.services.get('kafka').updateSettings(arn, clusterSettings(properties));
      await changeTags(arn, properties, previous, context);
      return clusterAsCreated(arn, context);
    },
    delete: deleteCluster,
  },
  'AWS::MSK::Topic': {
    honoured: ['ClusterArn', 'Configs', 'PartitionCount', 'ReplicationFactor', 'TopicName'],
    inert: [],
    replacedOnChange: ['ClusterArn', 'ReplicationFactor', 'TopicName'],
    async create(properties, context) {
      const answer = await context.call(
        'kafka',
        'CreateTopic',
        defined({
          ...topicOf(properties),
          partitionCount: numberProperty(properties, 'PartitionCount'),
          replicationFactor: numberProperty(properties, 'ReplicationFactor'),
          configs: textProperty(properties, 'Configs'),
        }),
      );
      const arn = answered(answer, 'topicArn');
      return { physicalId: arn, attributes: { TopicArn: arn } };
    },
    async update(created, properties, previous, context) {
      const partitionCount = numberProperty(properties, 'PartitionCount');
      if (partitionCount !== numberProperty(previous, 'PartitionCount')) {
        await context.call('kafka', 'UpdateTopic', { ...topicOf(properties), partitionCount });
      }
      const configs = textProperty(properties, 'Configs');
      if (configs !== undefined && configs !== textProperty(previous, 'Configs')) {
        await context.call('kafka', 'UpdateTopic', { ...topicOf(properties), configs });
      }
      return created;
    },
    async delete(_created, properties, context) {
      await context.call('kafka', 'DeleteTopic', topicOf(properties));
    },
  },
  'AWS::MSK::ClusterPolicy': {
    honoured: ['ClusterArn', 'Policy'],
    inert: [],
    replacedOnChange: ['ClusterArn'],
    create: putPolicy,
    update: (_created, properties, _previous, context) => putPolicy(properties, context),
    async delete(created, _properties, context) {
      await context.call('kafka', 'DeleteClusterPolicy', { clusterArn: created.physicalId });
    },
  },
  'AWS::MSK::Configuration': {
    honoured: ['Description', 'KafkaVersionsList', 'LatestRevision', 'Name', 'ServerProperties'],
    inert: [],
    replacedOnChange: ['KafkaVersionsList', 'Name'],
    async create(properties, context) {
      const answer = await context.call(
        'kafka',
        'CreateConfiguration',
        defined({
          name: textProperty(properties, 'Name'),
          description: textProperty(properties, 'Description'),
          kafkaVersions: properties['KafkaVersionsList'],
          serverProperties: serverProperties(properties),
        }),
      );
      return configurationAsCreated(answered(answer, 'arn'), answer);
    },
    async update(created, properties, _previous, context) {
      const answer = await context.call(
        'kafka',
        'UpdateConfiguration',
        defined({
          arn: created.physicalId,
          description: textProperty(properties, 'Description'),
          serverProperties: serverProperties(properties),
        }),
      );
      return configurationAsCreated(created.physicalId, answer);
    },
    async delete(created, _properties, context) {
      await context.call('kafka', 'DeleteConfiguration', { arn: created.physicalId });
    },
  },
};

async function createCluster(
  context: ProviderContext,
  properties: JsonObject,
  settings: Record<string, unknown>,
): Promise<Created> {
  const answer = await context.call('kafka', 'CreateClusterV2', {
    clusterName: textProperty(properties, 'ClusterName'),
    // A map here, unlike in most types.
    tags: objectProperty(properties, 'Tags'),
    ...settings,
  });
  return clusterAsCreated(answered(answer, 'clusterArn'), context);
}

async function clusterAsCreated(arn: string, context: ProviderContext): Promise<Created> {
  const { clusterInfo } = await context.call('kafka', 'DescribeClusterV2', { clusterArn: arn });
  const version = isJsonObject(clusterInfo) ? (textProperty(clusterInfo, 'currentVersion') ?? '') : '';
  return { physicalId: arn, attributes: { Arn: arn, CurrentVersion: version } };
}

async function deleteCluster(
  created: Created,
  _properties: JsonObject,
  context: ProviderContext,
): Promise<void> {
  await context.call('kafka', 'DeleteCluster', { clusterArn: created.physicalId });
}

async function changeTags(
  resourceArn: string,
  properties: JsonObject,
  previous: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const tags = objectProperty(properties, 'Tags');
  const tagKeys = Object.keys(objectProperty(previous, 'Tags')).filter((key) => tags[key] === undefined);
  if (tagKeys.length > 0) await context.call('kafka', 'UntagResource', { resourceArn, tagKeys });
  await context.call('kafka', 'TagResource', { resourceArn, tags });
}

function clusterSettings(properties: JsonObject): JsonObject {
  const settings = CLUSTER_SETTINGS.filter((name) => properties[name] !== undefined);
  return camelCased(Object.fromEntries(settings.map((name) => [name, properties[name] as Json])));
}

/** CloudFormation spells members with a capital, the API without. */
function camelCased(value: JsonObject): JsonObject {
  const change = (inner: Json): Json =>
    Array.isArray(inner)
      ? inner.map((item) => change(item as Json))
      : isJsonObject(inner)
        ? Object.fromEntries(
            Object.entries(inner).map(([name, item]) => [
              name.charAt(0).toLowerCase() + name.slice(1),
              change(item),
            ]),
          )
        : inner;
  return change(value) as JsonObject;
}

function topicOf(properties: JsonObject): Record<string, unknown> {
  return {
    clusterArn: textProperty(properties, 'ClusterArn'),
    topicName: textProperty(properties, 'TopicName'),
  };
}

async function putPolicy(properties: JsonObject, context: ProviderContext): Promise<Created> {
  const clusterArn = textProperty(properties, 'ClusterArn') ?? '';
  const answer = await context.call('kafka', 'PutClusterPolicy', {
    clusterArn,
    policy: JSON.stringify(properties['Policy']),
  });
  return { physicalId: clusterArn, attributes: { CurrentVersion: answered(answer, 'currentVersion') } };
}

/** Plain text in a template, Base64 in the API. */
function serverProperties(properties: JsonObject): string {
  return Buffer.from(textProperty(properties, 'ServerProperties') ?? '').toString('base64');
}

function configurationAsCreated(arn: string, answer: JsonObject): Created {
  const revision = objectProperty(answer, 'latestRevision');
  return {
    physicalId: arn,
    attributes: {
      Arn: arn,
      'LatestRevision.CreationTime': revision['creationTime'] ?? '',
      'LatestRevision.Description': revision['description'] ?? '',
      'LatestRevision.Revision': revision['revision'] ?? 0,
    },
  };
}
