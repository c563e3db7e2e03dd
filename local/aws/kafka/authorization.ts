/**
 * The permissions that the actions of the MSK API need. The topic operations need those of Kafka's own data plane:
 * https://docs.aws.amazon.com/msk/latest/developerguide/msk-topic-operations-information.html
 */
import type { AuthorizationRequest } from '../context.ts';
import type { Input } from './input.ts';
import { arnWithin, type Cluster } from './model.ts';

/** Beside `kafka-cluster:Connect` on the cluster; each is on the topic. */
const TOPIC_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  CreateTopic: ['CreateTopic'],
  DescribeTopic: ['DescribeTopic', 'DescribeTopicDynamicConfiguration'],
  DescribeTopicPartitions: ['DescribeTopic', 'DescribeTopicDynamicConfiguration'],
  ListTopics: ['DescribeTopic'],
  UpdateTopic: ['DescribeTopic', 'AlterTopic', 'AlterTopicDynamicConfiguration'],
  DeleteTopic: ['DescribeTopic', 'DeleteTopic'],
};

export function kafkaAuthorization(
  find: (clusterArn: string) => Cluster | undefined,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const arn = input['clusterArn'] ?? input['resourceArn'] ?? input['arn'];
  const resourceArn = typeof arn === 'string' ? arn : '*';
  const policy = find(resourceArn)?.policy;
  const withPolicy = policy === undefined ? {} : { resourcePolicy: policy };
  const operations = TOPIC_OPERATIONS[action];
  if (!operations) return [{ action: `kafka:${action}`, resourceArn, ...withPolicy }];
  const name = typeof input['topicName'] === 'string' ? input['topicName'] : '*';
  const topicArn = arnWithin(resourceArn, 'topic', name);
  return [
    { action: 'kafka-cluster:Connect', resourceArn, ...withPolicy },
    ...operations.map((operation) => ({
      action: `kafka-cluster:${operation}`,
      resourceArn: topicArn,
      ...withPolicy,
    })),
  ];
}

/**
 * What reads topics as a member of a group needs: the role of an event source mapping.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/msk-cluster-auth.html
 */
export function readerAuthorization(
  { arn, policy }: Cluster,
  topics: readonly string[],
  groupId: string,
): readonly AuthorizationRequest[] {
  const withPolicy = policy === undefined ? {} : { resourcePolicy: policy };
  const on = (resourceArn: string, actions: readonly string[]): readonly AuthorizationRequest[] =>
    actions.map((action) => ({ action, resourceArn, ...withPolicy }));
  return [
    ...on(arn, ['kafka:DescribeClusterV2', 'kafka:GetBootstrapBrokers', 'kafka-cluster:Connect']),
    ...topics.flatMap((topic) =>
      on(arnWithin(arn, 'topic', topic), ['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData']),
    ),
    ...on(arnWithin(arn, 'group', groupId), ['kafka-cluster:DescribeGroup', 'kafka-cluster:AlterGroup']),
  ];
}
