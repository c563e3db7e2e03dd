/** What the guards say, with what each leaves to a finding: the remedy in general, and an example that is right. */
import { codeOf, GUARDS } from '../../lib/guards/index.ts';
import type { Explanation } from './explanation.ts';

interface Remedy {
  readonly fix: string;
  readonly example: string;
}

const STATEMENT =
  '{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"QUEUE","Condition":{"ArnEquals":{"aws:SourceArn":"TOPIC"}}}';
const KEY_STATEMENT =
  '{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":["kms:GenerateDataKey","kms:Decrypt"],"Resource":"*"}';

/** By the guard's id. Each has one: a test says which is missing. */
const REMEDIES: Readonly<Record<string, Remedy>> = {
  W1: {
    fix: 'Leave the key out, so that SSE-SQS encrypts the queue, or use a customer managed key that lets the service in.',
    example: "new Queue(stack, 'Queue', { encryption: QueueEncryption.SQS_MANAGED })",
  },
  W2: {
    fix: 'Add to the key policy the statement that the finding shows.',
    example: KEY_STATEMENT,
  },
  W3: {
    fix: 'Let events.amazonaws.com send to the queue for the ARN of the bus.',
    example: STATEMENT.replace('sns.', 'events.').replace('TOPIC', 'BUS'),
  },
  W4: {
    fix: 'Write the statement where the queue, topic or bus is created, and acknowledge the warning with that as the reason.',
    example: STATEMENT,
  },
  W5: {
    fix: 'Name the principal of the opt-in Region.',
    example: STATEMENT.replace('sns.', 'sns.ap-east-1.'),
  },
  W6: {
    fix: 'Give the archive a key of its own.',
    example: "new Archive(stack, 'Archive', { sourceEventBus: bus, eventPattern, kmsKey })",
  },
  W7: {
    fix: 'Add the half that the finding names: the role of the target, its policy, or the policy of the receiver.',
    example: "targets: [{ id: 'Queue', arn: queueArn, roleArn: role.roleArn }]",
  },
  W8: {
    fix: 'Let cloudwatch.amazonaws.com publish to the topic and use its key. AlertTopic does both.',
    example: "new AlertTopic(stack, 'Alerts', { emails: ['on-call@example.com'] })",
  },
  W9: {
    fix: 'Watch the messages that are visible in the dead-letter queue, and give the alarm an action.',
    example: 'deadLetterQueue.metricApproximateNumberOfMessagesVisible()',
  },
  W9A: {
    fix: 'Use the metric of the queue or the stream itself, and one period for all metrics of an expression.',
    example: 'queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1) })',
  },
  W10: {
    fix: 'Keep messages in the dead-letter queue for 14 days.',
    example: 'retentionPeriod: Duration.days(14)',
  },
  W10A: {
    fix: 'Keep messages in the dead-letter queue for 14 days, and in its source for fewer.',
    example: 'retentionPeriod: Duration.days(14)',
  },
  W10B: {
    fix: 'Keep messages for longer than maxReceiveCount times the visibility timeout.',
    example: 'retentionPeriod: Duration.days(4)',
  },
  W11: {
    fix: 'Take the name from what declares it, never from a text.',
    example: "new EventFunction(stack, 'Api', { publishesTo: [orders], ... })",
  },
  W11A: {
    fix: 'Subscribe a consumer to the event, or do not publish it.',
    example: 'subscribesTo: [bus.event(OrderPlaced)]',
  },
  W12: {
    fix: 'Make both ends of the hop FIFO, or both standard; a dead-letter queue is of the type of its source.',
    example: "new Queue(stack, 'Dead', { fifo: true })",
  },
  W13: {
    fix: 'Make the visibility timeout six times the timeout of the function, plus the batching window. Where it has to be shorter, extendsVisibility: true of a QueueConsumer has its runtime extend it while it works, and acknowledges the finding with the reason.',
    example: 'timeout: Duration.seconds(30), visibilityTimeout: Duration.minutes(3)',
  },
  W14: {
    fix: 'Let the service publish by a statement of its own, besides the one that denies.',
    example: STATEMENT.replace('sns.', 'cloudwatch.')
      .replace('sqs:SendMessage', 'sns:Publish')
      .replace('QUEUE', 'TOPIC')
      .replace('"aws:SourceArn":"TOPIC"', '"aws:SourceArn":"ALARM"'),
  },
  W15: {
    fix: 'Take the condition from the statement of the key policy.',
    example: KEY_STATEMENT,
  },
  W16: {
    fix: 'Use a standard queue behind a rule, or a bus of type custom, which keeps order by key.',
    example: "new MessageBus(stack, 'Bus', { busType: 'custom' })",
  },
  W17: {
    fix: 'Filter at the subscription, so that the queue holds only what its reader takes.',
    example: 'subscribesTo: [orders.event(OrderPlaced)]',
  },
  W17A: {
    fix: 'Filter at the subscription, so that the queue holds only what the function takes.',
    example: 'subscribesTo: [orders.event(OrderPlaced)]',
  },
  W18: {
    fix: 'Take one statement for all sources, or fewer fields in the filter.',
    example: '{"ArnLike":{"aws:SourceArn":"arn:aws:events:eu-west-1:111111111111:rule/orders-*"}}',
  },
  W18A: {
    fix: 'Ask AWS for more filter policies, or subscribe without a filter and tell events apart in the handler.',
    example: 'subscribesTo: [orders.events()]',
  },
  W19: {
    fix: 'Reserve at least the sum of what the mappings may take.',
    example: 'reservedConcurrentExecutions: 20, maxConcurrency: 20',
  },
  W19A: {
    fix: 'Give the mapping a maximum that the reserved concurrency covers.',
    example: 'maxConcurrency: 10',
  },
  W20: {
    fix: 'Correct the filter; the finding shows what is published there.',
    example: '{"eventType":["OrderPlaced"]}',
  },
  W20A: {
    fix: 'Correct the filter, nested as the body is, or give the event an example that it matches.',
    example: "examples: [{ orderId: 'o-1' }]",
  },
  W21: {
    fix: 'Restore the subscription, rule or mapping that the finding names.',
    example: 'subscribesTo: [orders.event(OrderPlaced)]',
  },
  W21A: {
    fix: 'Enable the mapping, or take the consumer away.',
    example: 'enabled: true',
  },
  W21B: {
    fix: 'Set it by the prop of the construct, so that the topology knows.',
    example: "new QueueConsumer(stack, 'Fulfilment', { batchSize: 20, ... })",
  },
  W22: {
    fix: 'Take the action from the statement.',
    example: "actions: ['sqs:SendMessage']",
  },
  W22A: {
    fix: 'Add a condition on the source, or on its account.',
    example: '{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:eu-west-1:111111111111:orders"}}',
  },
  W22B: {
    fix: "Grant with the table's or the bucket's own grants, or add the condition that the finding names.",
    example: '{"StringEquals":{"kms:ViaService":"dynamodb.eu-west-1.amazonaws.com"}}',
  },
  W23: {
    fix: 'Add the statement that the finding shows, or except the hop from the one that denies it.',
    example: STATEMENT,
  },
  W24: {
    fix: 'Give the server a parameter group with the policy noeviction.',
    example:
      "new CfnParameterGroup(stack, 'Parameters', { cacheParameterGroupFamily: 'valkey8', description: 'Streams', properties: { 'maxmemory-policy': 'noeviction' } })",
  },
  W24A: {
    fix: 'Take MemoryDB or synchronous writes, or acknowledge it where the events can be published again.',
    example: "new RedisServer(stack, 'Redis', { service: 'memorydb', nodeType: 'db.r7g.large', ... })",
  },
  W25: {
    fix: 'Give the service at least one task, and the container a StopTimeout that is above its drain.',
    example:
      "new EventProcess(stack, 'Agents', { desiredCount: 2, drainTimeout: Duration.seconds(60), ... })",
  },
  W26: {
    fix: 'Add an alarm on the oldest unprocessed event of the consumer, measured beside its process.',
    example:
      "alarms.add('MirrorLateAlarm', consumerLate(database, { environment, consumer: 'mirror-redis' }, 60))",
  },
  D14: {
    fix: 'Give the subscription, target, schedule, function or mapping a dead-letter queue.',
    example: 'new SqsSubscription(queue, { deadLetterQueue })',
  },
  D14A: {
    fix: 'Alarm at the first visible message, and give the alarm an action.',
    example: 'deadLetterQueue.metricApproximateNumberOfMessagesVisible()',
  },
  D15: {
    fix: 'Give the mapping a number of retries, an age, and a destination for what fails.',
    example: 'retryAttempts: 5, maxRecordAge: Duration.days(1), bisectBatchOnError: true',
  },
  D3: {
    fix: 'Leave FunctionResponseTypes as the consumer sets it.',
    example: 'reportBatchItemFailures: true',
  },
  D15A: {
    fix: 'Say how often and for how long, also where it is what the service would do.',
    example: 'new SqsQueue(queue, { retryAttempts: 185, maxEventAge: Duration.hours(24) })',
  },
};

/** Ids of guards without a remedy, and remedies without a guard. */
export function guardsWithoutRemedy(): readonly string[] {
  return GUARDS.map(({ id }) => id).filter((id) => !Object.hasOwn(REMEDIES, id));
}

export function guardExplanations(): Readonly<Record<string, Explanation>> {
  return Object.fromEntries(
    GUARDS.map((guard) => {
      const { title, explanation, source } = guard;
      const { fix, example } = REMEDIES[guard.id] ?? { fix: '', example: '' };
      return [codeOf(guard), { what: `${title}.`, why: explanation, fix, example, source }];
    }),
  );
}
