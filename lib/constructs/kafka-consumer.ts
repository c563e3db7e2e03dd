/**
 * One consumer of a Kafka topic: its function, its group, its retry topics, and what happens to what fails.
 *
 * | what fails | goes |
 * |---|---|
 * | a record, for the first time | to the first retry topic, and from each to the next; its neighbours flow on |
 * | the same, at the last retry topic; a record that can never be handled | to the dead-letter topic |
 * | a batch whose invocation fails, maximumRetryAttempts times | to the on-failure queue, as a description of its offsets |
 */
import { Duration } from 'aws-cdk-lib';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetters, deadLettersInTopic, HopAlarms, offsetLag } from './alarms/index.ts';
import { registerConsumerName } from './consumer-names.ts';
import { createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { EventFunction } from './event-function.ts';
import { grantTo } from './grants.ts';
import { groupArn, MAPPING_CLUSTER, READ_CLUSTER, READ_GROUP, READ_TOPIC } from './kafka-arns.ts';
import type { KafkaTopicEvents } from './kafka-topic.ts';
import { allowWriting } from './kafka-topic.ts';
import { createTopic } from './kafka-topic-resource.ts';
import type { KafkaTopicResource } from './kafka-topic-resource.ts';
import { KAFKA_POLLERS, STREAM_RETRY_ATTEMPTS } from './limits.ts';
import { allowMappingNetwork, clientGroupsOf } from './mapping-network.ts';
import {
  readingControls,
  retryProperties,
  STREAM_READER_RULES,
  streamReaderSettings,
} from './mapping-settings.ts';
import type { StreamReaderProps, StreamReaderSettings } from './mapping-settings.ts';
import { kebabCase } from './names.ts';
import { recordEdge, recordEvents, recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface KafkaConsumerProps extends Omit<StreamReaderProps, 'maxAge'> {
  /** What it gets: `topic.events()`, or `topic.event(...)`, by which the mapping leaves the others out. */
  readonly subscribesTo: KafkaTopicEvents;
  /**
   * The group whose offsets say what was read. It cannot be changed later: another group begins from the start.
   * @default - the consumer's name
   */
  readonly consumerGroupId?: string;
  /**
   * How long a record that failed waits, for each time it is tried again. Each delay makes a retry topic.
   * @default [Duration.minutes(1), Duration.minutes(10)]
   */
  readonly retryDelays?: readonly Duration[];
  /**
   * Pollers at least, and paid for: 1 to 2,000. Lambda ends retries only in this provisioned mode.
   * @default 1
   */
  readonly minimumPollers?: number;
  /**
   * Pollers at most. More than there are partitions do nothing.
   * @default - the number of partitions
   */
  readonly maximumPollers?: number;
  /**
   * An alarm rises when this many records wait for a quarter of an hour.
   * @default 10000
   */
  readonly maxLag?: number;
}

/**
 * @example
 * const sink = new KafkaConsumer(this, 'AnalyticsSink', {
 *   subscribesTo: analytics.events(),
 *   entry: 'lambda/handlers/analytics-sink.ts',
 * });
 * sink.deadLetterQueue; sink.deadLetterTopic; sink.retryTopics; sink.eventSourceMappings;
 */
export class KafkaConsumer extends Construct implements IGrantable {
  readonly consumerName: string;
  readonly consumerGroupId: string;
  /** What Lambda gave up: a description of the offsets, whose records are in the topic as long as it keeps them. */
  readonly deadLetterQueue: Queue;
  /** In the order of their delays. */
  readonly retryTopics: readonly KafkaTopicResource[];
  /** Records, as they were, with the reason in their headers. */
  readonly deadLetterTopic: KafkaTopicResource;
  readonly handler: EventFunction;
  readonly function: LambdaFunction;
  /** Of the topic itself, then of each retry topic. */
  readonly eventSourceMappings: readonly CfnEventSourceMapping[];
  readonly grantPrincipal: IPrincipal;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError with everything that is wrong with the props at once */
  constructor(scope: Construct, id: string, props: KafkaConsumerProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    const topic = props.subscribesTo.origin;
    const { cluster } = topic;
    this.consumerName = props.consumerName ?? kebabCase(id);
    registerConsumerName(this, this.consumerName);
    this.consumerGroupId = props.consumerGroupId ?? this.consumerName;
    const settings = streamReaderSettings(props);
    const delays = props.retryDelays ?? DEFAULT_DELAYS;

    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      encryptionKey: props.deadLetterEncryptionKey,
      owner: this.consumerName,
    });
    const names = delays.map((_, index) => `${topic.topicName}.${this.consumerName}.retry-${index + 1}`);
    this.retryTopics = names.map((name, index) => this.#topic(`RetryTopic${index + 1}`, name, props));
    const deadLetterName = `${topic.topicName}.${this.consumerName}.dead-letters`;
    this.deadLetterTopic = this.#topic('DeadLetterTopic', deadLetterName, props);

    this.handler = new EventFunction(
      this,
      'Handler',
      {
        ...readingControls(props),
        vpc: props.vpc ?? cluster.vpc,
        vpcSubnets: props.vpcSubnets ?? props.database?.vpcSubnets ?? cluster.vpcSubnets,
        securityGroups: props.securityGroups ?? clientGroupsOf(props, cluster.clientSecurityGroup),
      },
      { variable: 'WAYBILL_CONSUMER', name: this.consumerName, kind: 'function', owner: this },
    );
    this.function = this.handler.function;
    this.grantPrincipal = this.handler.grantPrincipal;
    this.#tellRuntime(delays);
    this.#allow(props);
    this.eventSourceMappings = [
      this.#map('Mapping', topic.topicName, this.consumerGroupId, props, settings),
      ...names.map((name, index) =>
        this.#map(`RetryMapping${index + 1}`, name, this.#retryGroup(index), props, {
          ...settings,
          ...RETRY_SETTINGS,
        }),
      ),
    ];
    // A mapping of a topic that is not there yet fails for good.
    for (const [index, mapping] of this.eventSourceMappings.entries()) {
      mapping.node.addDependency(index === 0 ? topic.resource : this.retryTopics[index - 1]!);
    }

    const alarms = new HopAlarms(this, props, this);
    alarms.add('DeadLetterAlarm', deadLetters(this.deadLetterQueue, `A batch of ${this.consumerName}`));
    for (const [suffix, alarm] of Object.entries(
      deadLettersInTopic(this.deadLetterTopic, cluster, deadLetterName),
    )) {
      alarms.add(`DeadLetterTopic${suffix}Alarm`, alarm);
    }
    alarms.add('LagAlarm', offsetLag(this.function, props.maxLag ?? DEFAULT_MAX_LAG));
    alarms.unhealthy(this.consumerName, 'kafka', this.handler.symptoms);
    this.alarms = [...alarms.all, ...this.handler.alarms];
    this.#record(props, settings, delays);
  }

  #topic(
    id: string,
    topicName: string,
    { subscribesTo: { origin } }: KafkaConsumerProps,
  ): KafkaTopicResource {
    const { cluster, partitionCount, replicationFactor } = origin;
    const resource = createTopic(this, id, {
      cluster,
      topicName,
      partitionCount: Math.min(partitionCount, id === 'DeadLetterTopic' ? 1 : partitionCount),
      replicationFactor,
      // A dead letter waits for a person, as long as one in a queue does.
      configs: id === 'DeadLetterTopic' ? { 'retention.ms': String(Duration.days(14).toMilliseconds()) } : {},
    });
    recordNode(resource, { kind: 'kafkaTopic', name: topicName, resource, owner: this.consumerName });
    return resource;
  }

  #retryGroup(index: number): string {
    return `${this.consumerGroupId}-retry-${index + 1}`;
  }

  #tellRuntime(delays: readonly Duration[]): void {
    const retries = this.retryTopics.map(({ attrTopicArn: target }, index) => ({
      target,
      delaySeconds: delays[index]!.toSeconds(),
    }));
    const variables = {
      WAYBILL_DEAD_LETTER_QUEUE_URL: this.deadLetterQueue.queueUrl,
      WAYBILL_KAFKA_RETRY_TOPICS: this.function.stack.toJsonString(retries),
      WAYBILL_KAFKA_DEAD_LETTER_TOPIC: this.deadLetterTopic.attrTopicArn,
    };
    for (const [name, value] of Object.entries(variables)) this.function.addEnvironment(name, value);
  }

  #allow({ subscribesTo: { origin }, deadLetterEncryptionKey }: KafkaConsumerProps): void {
    const { clusterArn } = origin.cluster;
    const own = [...this.retryTopics, this.deadLetterTopic].map(({ attrTopicArn }) => attrTopicArn);
    const read = [origin.topicArn, ...this.retryTopics.map(({ attrTopicArn }) => attrTopicArn)];
    const groups = [this.consumerGroupId, ...this.retryTopics.map((_, index) => this.#retryGroup(index))];
    grantTo(this.handler, [...MAPPING_CLUSTER, ...READ_CLUSTER], [clusterArn]);
    grantTo(this.handler, READ_TOPIC, read);
    grantTo(
      this.handler,
      READ_GROUP,
      groups.map((group) => groupArn(clusterArn, group)),
    );
    allowWriting(this.handler, origin.cluster, own);
    grantTo(this.handler, ['sqs:SendMessage'], [this.deadLetterQueue.queueArn]);
    deadLetterEncryptionKey?.grant(this.handler, 'kms:Decrypt', 'kms:GenerateDataKey');
    allowMappingNetwork(this.handler);
  }

  #map(
    id: string,
    topicName: string,
    consumerGroupId: string,
    props: KafkaConsumerProps,
    settings: StreamReaderSettings,
  ): CfnEventSourceMapping {
    const { origin, events, everyEvent } = props.subscribesTo;
    const mapping = new CfnEventSourceMapping(this, id, {
      functionName: this.function.functionName,
      eventSourceArn: origin.cluster.clusterArn,
      topics: [topicName],
      startingPosition: 'TRIM_HORIZON',
      amazonManagedKafkaEventSourceConfig: { consumerGroupId },
      ...retryProperties(settings, this.deadLetterQueue.queueArn),
      provisionedPollerConfig: {
        minimumPollers: props.minimumPollers ?? 1,
        maximumPollers: props.maximumPollers ?? origin.partitionCount,
        // Its mappings share what they pay for.
        pollerGroupName: this.consumerName,
      },
      ...(everyEvent
        ? {}
        : {
            filterCriteria: {
              filters: [
                { pattern: JSON.stringify({ value: { eventType: events.map(({ name }) => name) } }) },
              ],
            },
          }),
    });
    recordNode(mapping, { kind: 'mapping', resource: mapping, owner: this.consumerName });
    recordDeadLetters(this, 'mapping', mapping, this.deadLetterQueue, settings.maximumRetryAttempts + 1);
    return mapping;
  }

  #record(props: KafkaConsumerProps, settings: StreamReaderSettings, delays: readonly Duration[]): void {
    const { events, origin } = props.subscribesTo;
    recordEvents(this, events);
    for (const [index, via] of this.eventSourceMappings.entries()) {
      const retryTopic = this.retryTopics[index - 1];
      recordEdge(this, {
        kind: 'reads',
        from: retryTopic ?? origin,
        to: this.handler,
        via,
        consumer: this.consumerName,
        events: events.map(({ name }) => name),
        batchSize: settings.batchSize,
        maxBatchingWindowSeconds: settings.maxBatchingWindow.toSeconds(),
        timeoutSeconds: settings.timeout.toSeconds(),
        parallelizationFactor: 1,
        ...(retryTopic === undefined ? {} : { retry: true as const }),
        maximumRetryAttempts: (retryTopic === undefined ? settings : RETRY_SETTINGS).maximumRetryAttempts,
        maximumRecordAgeSeconds: settings.maximumRecordAge.toSeconds(),
        consumerGroupId: index === 0 ? this.consumerGroupId : this.#retryGroup(index - 1),
      });
      if (retryTopic !== undefined) {
        const delaySeconds = delays[index - 1]!.toSeconds();
        recordEdge(this, { kind: 'retries', from: this.handler, to: retryTopic, delaySeconds });
      }
    }
    recordDeadLetters(this, 'function', this.handler, this.deadLetterTopic, delays.length + 1);
  }
}

/**
 * A record of a retry topic that is not due yet is given back, which may count as an attempt: there the age ends the
 * retries, not their number.
 */
const RETRY_SETTINGS = { maximumRetryAttempts: STREAM_RETRY_ATTEMPTS.max } as const;
const DEFAULT_DELAYS = [Duration.minutes(1), Duration.minutes(10)] as const;
const DEFAULT_MAX_LAG = 10_000;

/** What is not due is given back until it is: with longer delays a record grows too old on the way. */
const MAX_RETRY_DELAY_SECONDS = 3600;

const RULES: readonly Rule<KafkaConsumerProps>[] = [
  ...STREAM_READER_RULES,
  numberInRange(
    'WAYBILL_POLLERS_OUT_OF_RANGE',
    'minimumPollers',
    KAFKA_POLLERS,
    'one poller reads 5 MB a second',
  ),
  numberInRange(
    'WAYBILL_POLLERS_OUT_OF_RANGE',
    'maximumPollers',
    KAFKA_POLLERS,
    'one poller reads 5 MB a second',
  ),
  ({ minimumPollers = 1, maximumPollers, subscribesTo }) => {
    const most = maximumPollers ?? subscribesTo.origin.partitionCount;
    if (minimumPollers <= most) return undefined;
    return {
      code: 'WAYBILL_POLLERS_OUT_OF_RANGE',
      prop: 'minimumPollers',
      received: `${minimumPollers}, above maximumPollers of ${most}`,
      allowed: `up to ${most}`,
      fix: 'lower it: a partition has one poller, and the others are paid for nothing',
    };
  },
  ({ retryDelays }) => {
    const tooLong = retryDelays?.find((delay) => delay.toSeconds() > MAX_RETRY_DELAY_SECONDS);
    if (tooLong === undefined) return undefined;
    return {
      code: 'WAYBILL_RETRIES_OUT_OF_RANGE',
      prop: 'retryDelays',
      received: tooLong.toHumanString(),
      allowed: `up to ${MAX_RETRY_DELAY_SECONDS} seconds`,
      fix: 'let it go to the dead-letter topic, and redrive it when the cause is mended',
    };
  },
];
