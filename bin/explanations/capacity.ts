/** What the checks of capacity say, with the remedy in general and an example. */
import { VERDICT_RULES } from '../../lib/estimate/verdict.ts';
import type { VerdictCode } from '../../lib/estimate/verdict.ts';
import type { Explanation } from './explanation.ts';

type Remedy = Pick<Explanation, 'fix' | 'example'>;

const REMEDIES = {
  WAYBILL_CAPACITY_EVENT_TOO_LARGE: {
    fix: 'Put large content into S3 and its address into the event.',
    example: 'traffic: { peakPerSecond: 300, averageBytes: 900 }',
  },
  WAYBILL_CAPACITY_CONCURRENCY_SHORT: {
    fix: 'Raise maxConcurrency, take larger batches, or make the handler faster.',
    example: 'maxConcurrency: 50',
  },
  WAYBILL_CAPACITY_BATCH_OVER_TIMEOUT: {
    fix: 'Take smaller batches, or raise the timeout.',
    example: 'batchSize: 10, timeout: Duration.seconds(60)',
  },
  WAYBILL_CAPACITY_BATCH_OVER_PAYLOAD: {
    fix: 'Take batches that fit into 6 MB.',
    example: 'batchSize: 100',
  },
  WAYBILL_CAPACITY_POLLERS_SLOW: {
    fix: 'Provision pollers, or let the burst wait: the queue keeps it.',
    example: 'provisionedPollerConfig: { minimumPollers: 10, maximumPollers: 100 }',
  },
  WAYBILL_CAPACITY_IN_FLIGHT: {
    fix: 'Lower maxConcurrency times batchSize.',
    example: 'maxConcurrency: 100, batchSize: 100',
  },
  WAYBILL_CAPACITY_FIFO_QUEUE: {
    fix: 'Use high throughput with message groups, or a standard queue.',
    example: "deduplicationScope: 'messageGroup', fifoThroughputLimit: 'perMessageGroupId'",
  },
  WAYBILL_CAPACITY_FIFO_GROUP: {
    fix: 'Choose an ordering key with more values, or make the handler faster.',
    example: "orderingKey: 'orderId'",
  },
  WAYBILL_CAPACITY_FIFO_TOPIC: {
    fix: 'Use the throughput scope of message groups, or several topics.',
    example: "FifoThroughputScope: 'MessageGroup'",
  },
  WAYBILL_CAPACITY_SNS_PUBLISH: {
    fix: 'Ask AWS for a higher quota, or publish in fewer, larger events.',
    example: 'aws service-quotas list-service-quotas --service-code sns',
  },
  WAYBILL_CAPACITY_PUT_EVENTS: {
    fix: 'Ask AWS for a higher quota, or use topics for what is frequent.',
    example: 'aws service-quotas list-service-quotas --service-code events',
  },
  WAYBILL_CAPACITY_BUS_INVOCATIONS: {
    fix: 'Ask AWS for a higher quota, or use topics for what is frequent.',
    example: 'aws service-quotas list-service-quotas --service-code events',
  },
  WAYBILL_CAPACITY_LAMBDA_ACCOUNT: {
    fix: 'Ask AWS for more concurrency, or lower the maxima of the consumers.',
    example: 'aws service-quotas list-service-quotas --service-code lambda',
  },
  WAYBILL_CAPACITY_KMS_REQUESTS: {
    fix: 'Use data keys for longer, use SSE-SQS where no key of yours is asked for, or ask AWS for a higher quota.',
    example: 'dataKeyReuse: Duration.hours(12)',
  },
  WAYBILL_CAPACITY_QUEUE_POLICY: {
    fix: 'Take one statement for all sources.',
    example: '{"ArnLike":{"aws:SourceArn":"arn:aws:events:eu-west-1:111111111111:rule/orders-*"}}',
  },
  WAYBILL_CAPACITY_TOPIC_POLICY: {
    fix: 'Take one statement for all publishers, or for the organization.',
    example: '{"StringEquals":{"aws:PrincipalOrgID":"o-example"}}',
  },
  WAYBILL_CAPACITY_FILTER_POLICIES: {
    fix: 'Subscribe without a filter where most events pass anyway, or ask AWS for a higher quota.',
    example: 'subscribesTo: [orders.events()]',
  },
  WAYBILL_CAPACITY_TOPIC_SUBSCRIPTIONS: {
    fix: 'Use a standard topic, or chain a second topic behind the first.',
    example: 'fifo: false',
  },
  WAYBILL_CAPACITY_BUS_RULES: {
    fix: 'Use a second bus, or ask AWS for a higher quota.',
    example: "new MessageBus(stack, 'Second')",
  },
  WAYBILL_CAPACITY_RULE_TARGETS: {
    fix: 'Make a second rule with the same pattern.',
    example: "new Rule(stack, 'OrdersAgain', { eventBus, eventPattern, targets })",
  },
  WAYBILL_CAPACITY_WILDCARD_RULES: {
    fix: 'Match by prefix, or by exact values.',
    example: '{"source":[{"prefix":"orders"}]}',
  },
  WAYBILL_CAPACITY_STACK_RESOURCES: {
    fix: 'Spread consumers over stacks, long before: what holds messages cannot move later.',
    example: 'partitions: 4',
  },
  WAYBILL_CAPACITY_DATABASE_NEVER_PAUSES: {
    fix: 'Make the interval of the relay longer than a pause takes, or accept the cost.',
    example: 'interval: Duration.minutes(30)',
  },
  WAYBILL_CAPACITY_STREAM_THROUGHPUT: {
    fix: 'Raise the shards, let a stream on demand grow in good time (warm throughput), or send less.',
    example: 'shardCount: 12',
  },
  WAYBILL_CAPACITY_STREAM_READER: {
    fix: 'Raise parallelizationFactor or the shards, take larger batches, or make the handler faster.',
    example: 'parallelizationFactor: 4',
  },
  WAYBILL_CAPACITY_KAFKA_THROUGHPUT: {
    fix: 'Raise the partitions, take more or larger brokers, or ask AWS for more.',
    example: "type: 'express', numberOfBrokerNodes: 6",
  },
  WAYBILL_CAPACITY_KAFKA_READER: {
    fix: 'Raise partitionCount before there is traffic, or make the handler faster.',
    example: 'partitionCount: 24',
  },
  WAYBILL_CAPACITY_STATE_MACHINE: {
    fix: 'Ask AWS for more, or start fewer executions at a time.',
    example: 'maxConcurrency: 20',
  },
  WAYBILL_CAPACITY_WEB_SOCKET_SENDS: {
    fix: 'Ask AWS for more, or let fewer messages wait for fewer senders: what waits in the queue is not lost.',
    example: 'maxConcurrency: 10',
  },
  WAYBILL_CAPACITY_WEB_SOCKET_CONNECTS: {
    fix: 'Raise the throttling of the stage and the quota, or let clients wait longer before they come back.',
    example: 'webSocketRateLimit: 500',
  },
  WAYBILL_CAPACITY_BUS_GROUP: {
    fix: 'Choose an ordering key with more values.',
    example: "orderingKey: 'orderId'",
  },
} as const satisfies Record<VerdictCode, Remedy>;

export function capacityExplanations(): Readonly<Record<string, Explanation>> {
  return Object.fromEntries(
    Object.entries(VERDICT_RULES).map(([code, { title, explanation }]) => [
      code,
      {
        what: `${title}.`,
        why: explanation,
        ...REMEDIES[code as VerdictCode],
        source: 'docs/capacity.md',
      },
    ]),
  );
}
