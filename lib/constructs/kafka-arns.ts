/**
 * ARNs below a cluster's, and what its clients are allowed. Topics and groups have the cluster's name and UUID in their
 * ARNs: service-authorization/latest/reference/list_apachekafkaapisforamazonmskclusters.html
 */
import { Fn } from 'aws-cdk-lib';

/** `arn:...:group/CLUSTER/UUID/GROUP` of a consumer group. */
export function groupArn(clusterArn: string, consumerGroupId: string): string {
  return belowCluster(clusterArn, 'group', consumerGroupId);
}

/** `arn:...:topic/CLUSTER/UUID/TOPIC`, also of a topic that is not made yet. */
export function topicArn(clusterArn: string, topicName: string): string {
  return belowCluster(clusterArn, 'topic', topicName);
}

function belowCluster(clusterArn: string, kind: 'group' | 'topic', name: string): string {
  const [before, after] = [0, 1].map((index) => Fn.select(index, Fn.split(':cluster/', clusterArn, 2)));
  return `${before}:${kind}/${after}/${name}`;
}

/** To find the brokers: CloudFormation does not give their addresses. */
export const FIND_BROKERS = ['kafka:GetBootstrapBrokers'] as const;
/** To find them, for a mapping, which looks at the cluster too. lambda/latest/dg/with-msk-permissions.html */
export const MAPPING_CLUSTER = ['kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers'] as const;

/** Writing without doubles within a producer's session. msk/latest/developerguide/iam-access-control-use-cases.html */
export const WRITE_CLUSTER = ['kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'] as const;
export const WRITE_TOPIC = ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'] as const;
/** Reading as a member of a group. lambda/latest/dg/with-msk-permissions.html */
export const READ_CLUSTER = [
  'kafka-cluster:Connect',
  'kafka-cluster:DescribeClusterDynamicConfiguration',
] as const;
export const READ_TOPIC = ['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'] as const;
export const READ_GROUP = ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'] as const;
/**
 * Making a topic, adding partitions, changing its settings, and nothing that removes: with what each of them needs
 * besides. msk/latest/developerguide/kafka-actions.html
 */
export const MAKE_TOPIC = [
  'kafka-cluster:AlterTopic',
  'kafka-cluster:AlterTopicDynamicConfiguration',
  'kafka-cluster:CreateTopic',
  'kafka-cluster:DescribeTopic',
  'kafka-cluster:DescribeTopicDynamicConfiguration',
] as const;
