/** One consumer of a Kinesis stream: its function, its place in the stream, and what happens to what fails. */
import type { Duration } from 'aws-cdk-lib';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetters, HopAlarms, iteratorAge } from './alarms/index.ts';
import { registerConsumerName } from './consumer-names.ts';
import { createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { EventFunction } from './event-function.ts';
import type { StreamEvents } from './event-stream.ts';
import { grantTo } from './grants.ts';
import { KINESIS_PARALLELIZATION, TUMBLING_WINDOW_SECONDS } from './limits.ts';
import {
  readingControls,
  retryProperties,
  STREAM_READER_RULES,
  streamReaderSettings,
} from './mapping-settings.ts';
import type { StreamReaderProps, StreamReaderSettings } from './mapping-settings.ts';
import { kebabCase } from './names.ts';
import { recordEdge, recordEvents, recordNode } from './topology-recorder.ts';
import { numberInRange, secondsOf, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface StreamConsumerProps extends StreamReaderProps {
  /** What it gets: `stream.events()`, or `stream.event(...)`, by which the mapping leaves the others out. */
  readonly subscribesTo: StreamEvents;
  /**
   * Invocations at a time for each shard: 1 to 10. The order of a partition key is kept.
   * @default 1
   */
  readonly parallelizationFactor?: number;
  /**
   * The window of an aggregation, to 900 seconds: the handler gets the state it left at the invocation before, shard by
   * shard.
   * @default - no window
   */
  readonly tumblingWindow?: Duration;
}

/**
 * @example
 * const trends = new StreamConsumer(this, 'Trends', {
 *   subscribesTo: activity.events(),
 *   tumblingWindow: Duration.seconds(60),
 *   entry: 'lambda/handlers/trends.ts',
 * });
 * trends.deadLetterQueue; trends.function; trends.eventSourceMapping;
 */
export class StreamConsumer extends Construct implements IGrantable {
  readonly consumerName: string;
  /** What Lambda gave up, as a description of where in the stream it is; and what the runtime put aside, as it was. */
  readonly deadLetterQueue: Queue;
  readonly handler: EventFunction;
  readonly function: LambdaFunction;
  readonly eventSourceMapping: CfnEventSourceMapping;
  readonly grantPrincipal: IPrincipal;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError with everything that is wrong with the props at once */
  constructor(scope: Construct, id: string, props: StreamConsumerProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.consumerName = props.consumerName ?? kebabCase(id);
    registerConsumerName(this, this.consumerName);
    const settings = streamReaderSettings(props);
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      encryptionKey: props.deadLetterEncryptionKey,
      owner: this.consumerName,
    });
    this.handler = new EventFunction(this, 'Handler', readingControls(props), {
      variable: 'WAYBILL_CONSUMER',
      name: this.consumerName,
      kind: 'function',
      owner: this,
    });
    this.function = this.handler.function;
    this.grantPrincipal = this.handler.grantPrincipal;
    this.function.addEnvironment('WAYBILL_DEAD_LETTER_QUEUE_URL', this.deadLetterQueue.queueUrl);
    this.#allowReading(props);
    this.eventSourceMapping = this.#map(props, settings);

    const alarms = new HopAlarms(this, props, this);
    alarms.add('DeadLetterAlarm', deadLetters(this.deadLetterQueue, `A record of ${this.consumerName}`));
    alarms.add('IteratorAgeAlarm', iteratorAge(this.function, settings.maxAge));
    alarms.unhealthy(this.consumerName, 'stream', this.handler.symptoms);
    this.alarms = [...alarms.all, ...this.handler.alarms];
    this.#record(props, settings);
  }

  /** Reading the stream, and putting what fails on the dead-letter queue: Lambda does both in the function's role. */
  #allowReading({ subscribesTo, deadLetterEncryptionKey }: StreamConsumerProps): void {
    const { stream, encryptionKey } = subscribesTo.origin;
    grantTo(this.handler, STREAM_READING, [stream.streamArn]);
    encryptionKey?.grant(this.handler, 'kms:Decrypt');
    grantTo(this.handler, ['sqs:SendMessage'], [this.deadLetterQueue.queueArn]);
    deadLetterEncryptionKey?.grant(this.handler, 'kms:Decrypt', 'kms:GenerateDataKey');
  }

  #map(props: StreamConsumerProps, settings: StreamReaderSettings): CfnEventSourceMapping {
    const { origin, events, everyEvent } = props.subscribesTo;
    const mapping = new CfnEventSourceMapping(this, 'Mapping', {
      functionName: this.function.functionName,
      eventSourceArn: origin.stream.streamArn,
      startingPosition: 'TRIM_HORIZON',
      ...retryProperties(settings, this.deadLetterQueue.queueArn),
      parallelizationFactor: props.parallelizationFactor ?? 1,
      ...(props.tumblingWindow === undefined
        ? {}
        : { tumblingWindowInSeconds: props.tumblingWindow.toSeconds() }),
      ...(everyEvent
        ? {}
        : {
            filterCriteria: {
              filters: [{ pattern: JSON.stringify({ data: { eventType: events.map(({ name }) => name) } }) }],
            },
          }),
    });
    // Lambda looks at the stream when the mapping is made: with the role's policy, which is a resource of its own.
    mapping.node.addDependency(this.handler.role);
    return mapping;
  }

  #record(props: StreamConsumerProps, settings: StreamReaderSettings): void {
    const { events, origin } = props.subscribesTo;
    recordEvents(this, events);
    recordNode(this.eventSourceMapping, {
      kind: 'mapping',
      resource: this.eventSourceMapping,
      owner: this.consumerName,
    });
    recordEdge(this, {
      kind: 'reads',
      from: origin,
      to: this.handler,
      via: this.eventSourceMapping,
      consumer: this.consumerName,
      events: events.map(({ name }) => name),
      batchSize: settings.batchSize,
      maxBatchingWindowSeconds: settings.maxBatchingWindow.toSeconds(),
      timeoutSeconds: settings.timeout.toSeconds(),
      parallelizationFactor: props.parallelizationFactor ?? 1,
      maximumRetryAttempts: settings.maximumRetryAttempts,
      maximumRecordAgeSeconds: settings.maximumRecordAge.toSeconds(),
      ...(props.tumblingWindow === undefined
        ? {}
        : { tumblingWindowSeconds: props.tumblingWindow.toSeconds() }),
    });
    const attempts = settings.maximumRetryAttempts + 1;
    recordDeadLetters(this, 'mapping', this.eventSourceMapping, this.deadLetterQueue, attempts);
  }
}

/** lambda/latest/dg/services-kinesis-create.html, without the enhanced fan-out that no mapping here uses. */
const STREAM_READING = [
  'kinesis:DescribeStream',
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
] as const;

const RULES: readonly Rule<StreamConsumerProps>[] = [
  ...STREAM_READER_RULES,
  numberInRange(
    'WAYBILL_PARALLELIZATION_OUT_OF_RANGE',
    'parallelizationFactor',
    KINESIS_PARALLELIZATION,
    'give 1 to 10; more shards are more invocations at a time, too',
  ),
  numberInRange(
    'WAYBILL_TUMBLING_WINDOW_OUT_OF_RANGE',
    'tumblingWindow',
    TUMBLING_WINDOW_SECONDS,
    'use up to 15 minutes, and keep longer aggregates in a database',
  ),
  ({ maximumRecordAge, subscribesTo }) => {
    const age = secondsOf(maximumRecordAge);
    const retention = secondsOf(subscribesTo.origin.retentionPeriod);
    if (age === undefined || retention === undefined || age < retention) return undefined;
    return {
      code: 'WAYBILL_RECORD_AGE_OUT_OF_RANGE',
      prop: 'maximumRecordAge',
      received: `${age} seconds`,
      allowed: `less than ${retention} seconds, the retentionPeriod of ${subscribesTo.origin.node.path}`,
      fix: 'lower it, or raise the retention of the stream: a record that has expired goes to no dead-letter queue',
    };
  },
];
