/** What writing to and reading from streams, Kafka topics and brokers takes. */
import { belowCluster, clusterOf, parseArn } from '../assembly/index.ts';
import type { EventSourceMapping, Messaging } from '../assembly/index.ts';
import type { Actor } from './actor.ts';
import type { Permission } from './permission.ts';

/** Finding the brokers, and writing without doubles. msk/latest/developerguide/iam-access-control-use-cases.html */
const KAFKA_WRITING = {
  cluster: ['kafka:GetBootstrapBrokers', 'kafka-cluster:Connect', 'kafka-cluster:WriteDataIdempotently'],
  topic: ['kafka-cluster:DescribeTopic', 'kafka-cluster:WriteData'],
} as const;

/** What an event source mapping does. lambda/latest/dg/with-msk-permissions.html */
const KAFKA_READING = {
  cluster: [
    'kafka:DescribeClusterV2',
    'kafka:GetBootstrapBrokers',
    'kafka-cluster:Connect',
    'kafka-cluster:DescribeClusterDynamicConfiguration',
  ],
  topic: ['kafka-cluster:DescribeTopic', 'kafka-cluster:ReadData'],
  group: ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'],
} as const;

/** What the function of a topic's custom resource does. msk/latest/developerguide/kafka-actions.html */
const KAFKA_TOPIC_MAKING = {
  cluster: ['kafka:GetBootstrapBrokers', 'kafka-cluster:Connect'],
  topic: [
    'kafka-cluster:AlterTopic',
    'kafka-cluster:AlterTopicDynamicConfiguration',
    'kafka-cluster:CreateTopic',
    'kafka-cluster:DescribeTopic',
    'kafka-cluster:DescribeTopicDynamicConfiguration',
  ],
} as const;

/** To place the pollers in the source's network. Same page, and lambda/latest/dg/services-mq-configure.html. */
const MAPPING_NETWORK = [
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
] as const;

/** To write to a Kafka topic by its ARN; nothing for any other ARN. */
export function writingToKafka(topicArn: string, actor: Actor): readonly Permission[] {
  const clusterArn = clusterOf(topicArn);
  if (clusterArn === undefined) return [];
  // The topic first: whether somebody may publish there is told by that.
  return [
    ...KAFKA_WRITING.topic.toReversed().map((action) => ({ actor, action, resourceArn: topicArn })),
    ...KAFKA_WRITING.cluster.map((action) => ({ actor, action, resourceArn: clusterArn })),
  ];
}

/** To make a topic, to add partitions, and to change its settings, over Kafka's own protocol. */
export function makingKafkaTopic(topicArn: string, actor: Actor): readonly Permission[] {
  const clusterArn = clusterOf(topicArn);
  if (clusterArn === undefined) return [];
  return [
    ...KAFKA_TOPIC_MAKING.topic.map((action) => ({ actor, action, resourceArn: topicArn })),
    ...KAFKA_TOPIC_MAKING.cluster.map((action) => ({ actor, action, resourceArn: clusterArn })),
  ];
}

/**
 * What the poller of a mapping does in the function's role.
 *
 * | source | |
 * |---|---|
 * | Kafka cluster of the assembly that takes IAM, and the mapping names no other way to sign in | as a member of its group |
 * | broker of the assembly | signing in with the secret |
 * | any other | not known: how its clients sign in is not in these templates |
 */
export function polling(
  messaging: Messaging,
  mapping: EventSourceMapping,
  actor: Actor,
): readonly Permission[] {
  const { eventSourceArn = '', topics, consumerGroupId, access } = mapping;
  const on = (actions: readonly string[], resourceArn: string): readonly Permission[] =>
    actions.map((action) => ({ actor, action, resourceArn }));
  if (messaging.broker(eventSourceArn) !== undefined) {
    return [
      ...on(['mq:DescribeBroker'], eventSourceArn),
      ...access.flatMap(({ uri }) =>
        parseArn(uri)?.service === 'secretsmanager' ? on(['secretsmanager:GetSecretValue'], uri) : [],
      ),
      ...on(MAPPING_NETWORK, '*'),
    ];
  }
  if (messaging.kafkaCluster(eventSourceArn)?.iam !== true || access.length > 0) return [];
  return [
    ...on(KAFKA_READING.cluster, eventSourceArn),
    ...topics.flatMap((topic) => on(KAFKA_READING.topic, belowCluster(eventSourceArn, 'topic', topic))),
    ...(consumerGroupId === undefined
      ? []
      : on(KAFKA_READING.group, belowCluster(eventSourceArn, 'group', consumerGroupId))),
    ...on(MAPPING_NETWORK, '*'),
  ];
}
