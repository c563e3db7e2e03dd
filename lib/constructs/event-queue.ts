/**
 * A queue that publishers send to directly, without a topic or bus before it: for what must not wait behind anything
 * else, and for commands to one worker. It has one consumer, a QueueConsumer that subscribes to it.
 */
import { Duration } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import {
  createDeadLetterQueue,
  fifoProps,
  queueEncryption,
  recordDeadLetters,
  sourceQueueName,
} from './dead-letter-queue.ts';
import { ValidationError } from './errors.ts';
import type { EventDestination, PublishRoute, QueueEvents } from './event-routes.ts';
import { grantTo, recordPublisher } from './grants.ts';
import {
  SQS_DATA_KEY_REUSE_SECONDS,
  SQS_MAX_RECEIVE_COUNT,
  SQS_RETENTION_SECONDS,
  SQS_VISIBILITY_TIMEOUT_SECONDS,
} from './limits.ts';
import { DEFAULT_RETENTION, LONG_POLL, maxReceiveCountOf } from './queue-settings.ts';
import { recordEvents, recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface EventQueueProps {
  /** Every event that is sent to the queue, of whatever service. */
  readonly publishes: readonly AnyEventContract[];
  /**
   * Keep the order of each ordering key.
   * @default false
   */
  readonly fifo?: boolean;
  /**
   * How long a received message is hidden: at least six times the timeout of the consumer, plus its batching
   * window (W13); with its extendsVisibility at least the timeout.
   * @default Duration.minutes(3)
   */
  readonly visibilityTimeout?: Duration;
  /**
   * Receives before a message is dead-lettered.
   * @default 5, FIFO 10
   */
  readonly maxReceiveCount?: number;
  /**
   * How long an unhandled message is kept: 60 seconds to 14 days.
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;
  /**
   * Encrypts the queue and its dead-letter queue. Each publisher is granted its use.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly encryptionKey?: IKey;
  /**
   * How long a data key is used again before KMS is asked for another: a minute to a day.
   * @default Duration.hours(1)
   */
  readonly dataKeyReuse?: Duration;
  /**
   * The queue's name in the account, for those who know it by nothing else. With `fifo` it ends in `.fifo`.
   * @default - made up from the construct's path
   */
  readonly queueName?: string;
  /**
   * The name of its dead-letter queue.
   * @default - made up by CloudFormation
   */
  readonly deadLetterQueueName?: string;
}

/**
 * @example
 * const alarms = new EventQueue(this, 'PriorityEvents', { publishes: [PaymentFailed, FraudAlertRaised] });
 * new EventFunction(this, 'Payments', { publishesTo: [alarms], entry: 'lambda/handlers/payments.ts' });
 * new QueueConsumer(this, 'OnCall', { subscribesTo: [alarms.events()], entry: 'lambda/handlers/on-call.ts' });
 */
export class EventQueue extends Construct implements EventDestination {
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  readonly publishes: readonly AnyEventContract[];
  readonly fifo: boolean;
  readonly visibilityTimeout: Duration;
  readonly maxReceiveCount: number;
  readonly retentionPeriod: Duration;
  readonly encryptionKey: IKey | undefined;
  readonly grants: EventQueueGrants;
  #consumer: IConstruct | undefined;

  /** @throws ValidationError when nothing is published, or a value is out of range */
  constructor(scope: Construct, id: string, props: EventQueueProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.publishes = props.publishes;
    this.fifo = props.fifo ?? false;
    this.visibilityTimeout = props.visibilityTimeout ?? DEFAULT_VISIBILITY_TIMEOUT;
    this.retentionPeriod = props.retentionPeriod ?? DEFAULT_RETENTION;
    this.maxReceiveCount = props.maxReceiveCount ?? maxReceiveCountOf(this.fifo);
    this.encryptionKey = props.encryptionKey;
    const queueName = props.queueName ?? sourceQueueName(this, this.fifo);
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      fifo: this.fifo,
      encryptionKey: props.encryptionKey,
      dataKeyReuse: props.dataKeyReuse,
      sourceQueueName: queueName,
      queueName: props.deadLetterQueueName,
    });
    this.queue = new Queue(this, 'Queue', {
      queueName,
      ...queueEncryption(props.encryptionKey, props.dataKeyReuse),
      ...fifoProps(this.fifo),
      enforceSSL: true,
      visibilityTimeout: this.visibilityTimeout,
      retentionPeriod: this.retentionPeriod,
      receiveMessageWaitTime: LONG_POLL,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: this.maxReceiveCount },
    });
    recordNode(this.queue, { kind: 'queue', resource: this.queue, fifo: this.fifo });
    recordDeadLetters(this, 'queue', this.queue, this.deadLetterQueue, this.maxReceiveCount);
    recordEvents(this, props.publishes);
    this.grants = new EventQueueGrants(this);
  }

  get routes(): readonly PublishRoute[] {
    return this.publishing(this.publishes).routes;
  }

  /** A part of the queue's events, for the `publishesTo` of who publishes no other. */
  publishing(events: readonly AnyEventContract[]): EventDestination {
    const routes = [...Map.groupBy(events, ({ source }) => source)].map(([source, ofSource]) => ({
      source,
      target: this.queue.queueArn,
      events: ofSource.map(({ name }) => name),
    }));
    return { routes, grants: { publish: (grantee) => this.grants.publish(grantee, routes) } };
  }

  /** Called by the consumer. Two of them would share the messages out among themselves. */
  takenBy(consumer: IConstruct): void {
    if (this.#consumer === undefined) {
      this.#consumer = consumer;
      return;
    }
    throw new ValidationError(consumer, [
      {
        code: 'WAYBILL_QUEUE_HAS_CONSUMER',
        prop: 'subscribesTo',
        received: `${this.node.path}, which ${this.#consumer.node.path} consumes`,
        allowed: 'one consumer of a queue',
        fix: 'publish to a topic where several consumers want the same events: each message of a queue goes to one of them',
      },
    ]);
  }

  /** Everything that is sent to the queue, for the `subscribesTo` of its one consumer. */
  events(): QueueEvents {
    return { kind: 'queue', origin: this, fifo: this.fifo, events: this.publishes, tenants: undefined };
  }
}

export class EventQueueGrants {
  readonly #queue: EventQueue;

  constructor(queue: EventQueue) {
    this.#queue = queue;
  }

  /**
   * `sqs:SendMessage` on the queue; with a key also `kms:Decrypt` and `kms:GenerateDataKey` on it.
   *
   * @param routes what the grantee publishes, for the topology
   */
  publish(grantee: IGrantable, routes: readonly PublishRoute[] = this.#queue.routes): void {
    const { queue, encryptionKey } = this.#queue;
    grantTo(grantee, ['sqs:SendMessage'], [queue.queueArn]);
    encryptionKey?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey');
    recordPublisher(queue, grantee, routes);
  }
}

/** Six times the default timeout of a function. */
const DEFAULT_VISIBILITY_TIMEOUT = Duration.minutes(3);

const RULES: readonly Rule<EventQueueProps>[] = [
  ({ publishes }) =>
    publishes.length > 0
      ? undefined
      : {
          code: 'WAYBILL_NOTHING_PUBLISHED',
          prop: 'publishes',
          received: 'no event',
          allowed: 'at least one event',
          fix: 'list the events that are sent to the queue',
        },
  numberInRange(
    'WAYBILL_VISIBILITY_TIMEOUT_OUT_OF_RANGE',
    'visibilityTimeout',
    SQS_VISIBILITY_TIMEOUT_SECONDS,
    'use up to 12 hours',
  ),
  numberInRange(
    'WAYBILL_RETENTION_OUT_OF_RANGE',
    'retentionPeriod',
    SQS_RETENTION_SECONDS,
    'use up to 14 days',
  ),
  numberInRange(
    'WAYBILL_MAX_RECEIVE_COUNT_OUT_OF_RANGE',
    'maxReceiveCount',
    SQS_MAX_RECEIVE_COUNT,
    'give a whole number; 5 or more, because a throttled invocation is a receive too',
  ),
  numberInRange(
    'WAYBILL_DATA_KEY_REUSE_OUT_OF_RANGE',
    'dataKeyReuse',
    SQS_DATA_KEY_REUSE_SECONDS,
    'use a minute to a day',
  ),
];
