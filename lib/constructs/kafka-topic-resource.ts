/**
 * A topic in its cluster, by the way that the type of the cluster has.
 *
 * | | serverless | express |
 * |---|---|---|
 * | made by | a function of the cluster, as a custom resource | `AWS::MSK::Topic` |
 * | because | MSK's topic operations are for provisioned clusters: msk/latest/developerguide/msk-topic-operations-information.html | no function is needed |
 * | replication factor | 3, of the cluster | 3, of Express brokers |
 * | settings | those of SERVERLESS_CONFIGS | Kafka's own |
 * | more partitions, other settings | in place | in place |
 * | another name | another topic; the former one stays | another topic; the former one is deleted |
 * | removed from the stack | stays, with its records | is deleted |
 */
import { CfnResource } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { grantTo } from './grants.ts';
import { MAKE_TOPIC, topicArn } from './kafka-arns.ts';
import type { KafkaCluster } from './kafka-cluster.ts';
import { TOPIC_TIMEOUT } from './kafka-topic-function.ts';

/** The type of the custom resource, which has the properties of `AWS::MSK::Topic` without the replication factor. */
export const CUSTOM_TOPIC = 'Custom::KafkaTopic';

export interface TopicSettings {
  readonly cluster: KafkaCluster;
  readonly topicName: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Kafka's own, by name. */
  readonly configs: Readonly<Record<string, string>>;
}

/**
 * Not of CDK's own module for topics: versions of aws-cdk-lib that this library works with do not have it, and importing
 * it would break every app on them.
 */
export class KafkaTopicResource extends CfnResource {
  readonly topicName: string;
  readonly attrTopicArn: string;

  /** @param properties in CloudFormation's own spelling */
  constructor(
    scope: Construct,
    id: string,
    type: 'AWS::MSK::Topic' | typeof CUSTOM_TOPIC,
    properties: Readonly<Record<string, unknown>> & { readonly TopicName: string },
  ) {
    super(scope, id, { type, properties });
    this.topicName = properties.TopicName;
    this.attrTopicArn = this.getAtt('TopicArn').toString();
  }
}

/** `Configs` is the Base64 of a JSON object, AWSCloudFormation/latest/TemplateReference/aws-resource-msk-topic.html. */
export function createTopic(scope: Construct, id: string, settings: TopicSettings): KafkaTopicResource {
  const { cluster, topicName, partitionCount, replicationFactor, configs } = settings;
  const properties = {
    ClusterArn: cluster.clusterArn,
    TopicName: topicName,
    PartitionCount: partitionCount,
    ...(Object.keys(configs).length === 0
      ? {}
      : { Configs: Buffer.from(JSON.stringify(configs)).toString('base64') }),
  };
  if (cluster.type === 'express') {
    return new KafkaTopicResource(scope, id, 'AWS::MSK::Topic', {
      ...properties,
      ReplicationFactor: replicationFactor,
    });
  }
  const { topicFunction } = cluster;
  grantTo(topicFunction, MAKE_TOPIC, [topicArn(cluster.clusterArn, topicName)]);
  const topic = new KafkaTopicResource(scope, id, CUSTOM_TOPIC, {
    ServiceToken: topicFunction.function.functionArn,
    ServiceTimeout: TOPIC_TIMEOUT.toSeconds(),
    ...properties,
  });
  // Its policy has to be there as well, with this topic.
  topic.node.addDependency(topicFunction.role);
  return topic;
}

/** The copies of each record, in either type of cluster. */
export const KAFKA_REPLICATION_FACTOR = 3;

/**
 * What a topic of a serverless cluster takes, with the largest value where there is one; `cleanup.policy` only when it
 * is made. msk/latest/developerguide/serverless-config.html
 */
export const SERVERLESS_CONFIGS: Readonly<Record<string, { readonly max?: number }>> = {
  'cleanup.policy': {},
  'compression.type': {},
  /** Bytes. */
  'max.message.bytes': { max: 8_388_608 },
  'message.timestamp.difference.max.ms': {},
  'message.timestamp.type': {},
  'retention.bytes': {},
  'retention.ms': {},
};
