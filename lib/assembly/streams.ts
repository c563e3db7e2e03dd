/** The Kinesis streams, Kafka topics and brokers of an assembly. */
import { parseArn } from './arn.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { boolean, number, object, text } from './property.ts';

export interface Stream extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly onDemand: boolean;
  /** 0 on demand. */
  readonly shardCount: number;
  readonly retentionHours: number;
  /** A key's id, ARN or alias; undefined: not encrypted at rest. `alias/aws/kinesis` is AWS's own key. */
  readonly kmsKeyId: string | undefined;
}

export interface KafkaTopic extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly clusterArn: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
}

export interface KafkaCluster extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
  readonly serverless: boolean;
  /** Clients sign in with IAM. */
  readonly iam: boolean;
}

export interface Broker extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly name: string;
}

/** Kinesis keeps records for a day where the template is silent. */
const DEFAULT_RETENTION_HOURS = 24;

export function streamsOf(assembly: Assembly): readonly Stream[] {
  return assembly.ofType('AWS::Kinesis::Stream').map((resource) => {
    const { properties, accountId, region, name } = resource;
    const onDemand = object(properties['StreamModeDetails'])?.['StreamMode'] === 'ON_DEMAND';
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      onDemand,
      shardCount: onDemand ? 0 : (number(properties['ShardCount']) ?? 1),
      retentionHours: number(properties['RetentionPeriodHours']) ?? DEFAULT_RETENTION_HOURS,
      kmsKeyId: text(object(properties['StreamEncryption'])?.['KeyId']),
    };
  });
}

/** The type that MSK has for provisioned clusters, and the custom resource that `KafkaTopic` is in a serverless one. */
export const KAFKA_TOPIC_TYPES = ['AWS::MSK::Topic', 'Custom::KafkaTopic'] as const;
/** Of a serverless cluster, whose topics do not say one. */
const SERVERLESS_REPLICATION_FACTOR = 3;

export function isKafkaTopic({ type }: Resource): boolean {
  return KAFKA_TOPIC_TYPES.some((one) => one === type);
}

export function kafkaTopicsOf(assembly: Assembly): readonly KafkaTopic[] {
  return assembly.ofType(...KAFKA_TOPIC_TYPES).map((resource) => {
    const { properties, accountId, region, name } = resource;
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      clusterArn: text(properties['ClusterArn']) ?? '',
      partitionCount: number(properties['PartitionCount']) ?? 1,
      replicationFactor: number(properties['ReplicationFactor']) ?? SERVERLESS_REPLICATION_FACTOR,
    };
  });
}

export function kafkaClustersOf(assembly: Assembly): readonly KafkaCluster[] {
  return assembly.ofType('AWS::MSK::Cluster', 'AWS::MSK::ServerlessCluster').map((resource) => {
    const { properties, accountId, region, name, type } = resource;
    const sasl = object(object(properties['ClientAuthentication'])?.['Sasl']);
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      name,
      serverless: type === 'AWS::MSK::ServerlessCluster',
      iam: boolean(object(sasl?.['Iam'])?.['Enabled']) ?? false,
    };
  });
}

export function brokersOf(assembly: Assembly): readonly Broker[] {
  return assembly.ofType('AWS::AmazonMQ::Broker').map((resource) => {
    const { accountId, region, name } = resource;
    return { resource, accountId, region, arn: resource.arn ?? '', name };
  });
}

/** `arn:...:topic/CLUSTER/UUID/TOPIC` below a cluster's ARN; `group/...` of a consumer group. */
export function belowCluster(clusterArn: string, kind: 'topic' | 'group', name: string): string {
  return `${clusterArn.replace(':cluster/', `:${kind}/`)}/${name}`;
}

/** The cluster of a topic's or group's ARN. Undefined for any other. */
export function clusterOf(arn: string): string | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== 'kafka') return undefined;
  const match = /^(?:topic|group)\/([^/]+\/[^/]+)\/.+$/.exec(parsed.resource);
  if (match === null) return undefined;
  return arn.replace(`:${parsed.resource}`, `:cluster/${match[1]}`);
}
