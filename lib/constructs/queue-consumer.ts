/** One consumer: its queue, the paths that lead to it, its function, and what happens to what fails. */
import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import type { CfnResource } from 'aws-cdk-lib';
import type { Rule as EventRule } from 'aws-cdk-lib/aws-events';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { CfnEventSourceMapping, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Subscription } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeGuard } from './acknowledge.ts';
import { ageOfOldest, backlog, deadLetters, heldTooLong, HopAlarms, inFlight } from './alarms/index.ts';
import type { DeclaredLoad } from './alarms/index.ts';
import { BusReplica } from './bus-replica.ts';
import { connectRules } from './bus-rules.ts';
import { connectSubscribers } from './bus-subscribers.ts';
import { registerConsumerName } from './consumer-names.ts';
import {
  createDeadLetterQueue,
  fifoProps,
  queueEncryption,
  recordDeadLetters,
  sourceQueueName,
} from './dead-letter-queue.ts';
import { DEFAULT_TIMEOUT, EventFunction } from './event-function.ts';
import type { FunctionProps } from './event-function.ts';
import type { EventQueue } from './event-queue.ts';
import type { EventSubscription } from './event-routes.ts';
import { grantTo } from './grants.ts';
import { INVOCATIONS_PER_POLLER, VISIBILITY_TIMEOUT_FACTOR } from './limits.ts';
import { kebabCase } from './names.ts';
import { uniqueEvents } from './queue-connection.ts';
import { QUEUE_CONSUMER_RULES } from './queue-consumer-rules.ts';
import { createParkingQueue } from './parking-queue.ts';
import { allowPuttingBack } from './put-back.ts';
import {
  DEFAULT_RETENTION,
  LONG_POLL,
  MAX_RECEIVES_WITH_CONTROLS,
  maxReceiveCountOf,
} from './queue-settings.ts';
import { connectTopics } from './topic-subscriptions.ts';
import { recordEdge, recordEvents, recordNode } from './topology-recorder.ts';
import { validateProps } from './validation.ts';

export interface QueueConsumerProps extends FunctionProps {
  /**
   * What it gets: `topic.event(...)`, `topic.events()`, `bus.event(...)`, of several topics and buses.
   * FIFO topics, and events taken with `fifo` from a bus of type `custom`, make FIFO queues; FIFO and standard
   * do not mix. Or `queue.events()` of one EventQueue, which is then the consumer's queue.
   */
  readonly subscribesTo: readonly EventSubscription[];
  /**
   * The consumer's name in its inbox, logs and dead letters. Keep it when the construct is renamed: the
   * inbox knows by it what was handled.
   * @default - the construct's id in kebab case
   */
  readonly consumerName?: string;
  /**
   * Messages per invocation: 1 to 10,000, with FIFO or without a batching window to 10.
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * How long to wait for a batch to fill: to 300 seconds, not with FIFO.
   * @default Duration.seconds(0)
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Invocations at a time: 2 to 1,000.
   * @default 10
   */
  readonly maxConcurrency?: number;
  /**
   * Pollers of the queue that are always ready (ProvisionedPollerConfig), 2 to 2,000, for messages that must not
   * wait for Lambda to scale up. Each is paid for by the hour. Takes maximumPollers, and no maxConcurrency.
   * @default - Lambda's own pollers
   */
  readonly minimumPollers?: number;
  /**
   * The most pollers, each with up to ten invocations at a time.
   * @default - Lambda's own pollers
   */
  readonly maximumPollers?: number;
  /**
   * Receives before a message is dead-lettered. AWS advises 5 or more, because a throttled invocation is one too.
   * On a FIFO queue a message that waits behind a failed one of its group uses up receives with it. With `controls`
   * failures are counted and not receives, up to this number too.
   * @default 5, FIFO 10
   */
  readonly maxReceiveCount?: number;
  /**
   * How long a received message is hidden. At least six times the timeout plus the batching window (W13); with
   * extendsVisibility at least the timeout.
   * @default - six times the timeout plus the batching window
   */
  readonly visibilityTimeout?: Duration;
  /**
   * `consume()` keeps the messages of a batch hidden for a minute at a time and extends that while it works on them,
   * so that those of a worker that was killed are back within a minute. Allows a visibilityTimeout below six times the
   * timeout; W13 is then acknowledged on the queue, with the reason. What it does not help against: a batch that
   * Lambda throttles is a receive of each message every time the visibility timeout passes.
   * @default false
   */
  readonly extendsVisibility?: boolean;
  /**
   * What waits, for a breaker, a switch or whatever its handler throws UnavailableError for, is put back on the queue as
   * a copy with a delay, so that waiting uses up no receives: for `consume()` with `putBackCopies()`. Of a standard
   * EventQueue alone. Lambda's detection of recursive loops is off for the function.
   * @default false
   */
  readonly putsBack?: boolean;
  /**
   * How long an unhandled message is kept: 60 seconds to 14 days.
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;
  /**
   * Encrypts the queue and its dead-letter queues, for example a MessagingKey.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly encryptionKey?: IKey;
  /**
   * How long a data key is used again before KMS is asked for another: a minute to a day. Longer costs less;
   * a key that is disabled is out of use only after it. Without an encryptionKey it means nothing.
   * @default Duration.hours(1)
   */
  readonly dataKeyReuse?: Duration;
  /**
   * Whether it takes what is in its queue. Off, its mapping is there, but disabled, and the queue fills: for a consumer that
   * is live on another transport and is to move here. Nobody is told that it does not run; but before SQS deletes what it
   * holds, an alarm rises.
   * @default true
   */
  readonly enabled?: boolean;
  /**
   * An alarm rises when a message has waited this long: less than the retention period.
   * @default - fifteen minutes, or three visibility timeouts where that is longer
   */
  readonly maxAge?: Duration;
}

/**
 * @example
 * const fulfilment = new QueueConsumer(this, 'Fulfilment', {
 *   subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
 *   entry: 'lambda/handlers/fulfilment.ts',
 * });
 * fulfilment.queue; fulfilment.deadLetterQueue; fulfilment.function; fulfilment.subscriptions;
 */
export class QueueConsumer extends Construct implements IGrantable {
  readonly consumerName: string;
  readonly queue: Queue;
  readonly deadLetterQueue: Queue;
  /** One per topic. */
  readonly subscriptions: readonly Subscription[];
  /** One per classic bus and source. */
  readonly rules: readonly EventRule[];
  /** One per bus of type `custom`. */
  readonly subscribers: readonly CfnResource[];
  /** One per subscription, rule and subscriber: what SNS or EventBridge could not deliver to the queue. */
  readonly deliveryDeadLetterQueues: readonly Queue[];
  readonly handler: EventFunction;
  readonly function: LambdaFunction;
  readonly eventSourceMapping: EventSourceMapping;
  readonly grantPrincipal: IPrincipal;
  readonly alarms: HopAlarms['all'];
  /** Where messages of tenants that are switched off wait. Undefined without controls. */
  readonly parkingQueue: Queue | undefined;

  /** @throws ValidationError with everything that is wrong with the props at once */
  constructor(scope: Construct, id: string, props: QueueConsumerProps) {
    super(scope, id);
    validateProps(this, QUEUE_CONSUMER_RULES, props);
    this.consumerName = props.consumerName ?? kebabCase(id);
    registerConsumerName(this, this.consumerName, standbyRegion(this, props));
    const fifo = props.subscribesTo.some((source) => source.fifo);
    const settings = settingsOf(props, fifo);

    const given = queueOf(props);
    const encryptionKey = given?.encryptionKey ?? props.encryptionKey;
    if (given === undefined) {
      const made = this.#createQueues(props, settings, fifo);
      this.queue = made.queue;
      this.deadLetterQueue = made.deadLetterQueue;
    } else {
      given.takenBy(this);
      this.queue = given.queue;
      this.deadLetterQueue = given.deadLetterQueue;
    }
    this.#recordQueues(fifo);

    this.handler = new EventFunction(this, 'Handler', props, {
      variable: 'WAYBILL_CONSUMER',
      name: this.consumerName,
      kind: 'function',
      owner: this,
    });
    this.function = this.handler.function;
    this.grantPrincipal = this.handler.grantPrincipal;
    this.#tellRuntime(settings);
    if (props.extendsVisibility === true) extendVisibility(this, props, settings);
    if (props.controls !== undefined) this.#tellOfFailures(props, settings);
    if (props.putsBack === true && given !== undefined) allowPuttingBack(this.handler, given);
    this.#allowConsuming(encryptionKey);
    this.eventSourceMapping = new EventSourceMapping(this, 'Mapping', {
      target: this.function,
      eventSourceArn: this.queue.queueArn,
      batchSize: settings.batchSize,
      ...(fifo ? {} : { maxBatchingWindow: settings.maxBatchingWindow }),
      ...(props.maximumPollers === undefined ? { maxConcurrency: settings.maxConcurrency } : {}),
      reportBatchItemFailures: true,
      ...(props.enabled === undefined ? {} : { enabled: props.enabled }),
    });
    this.#provisionPollers(props);

    const alarms = new HopAlarms(this, props, this);
    const load = declaredLoad(props, settings, fifo);
    alarms.add('DeadLetterAlarm', deadLetters(this.deadLetterQueue, `A message of ${this.consumerName}`));
    if (props.enabled === false) {
      alarms.add('HeldAlarm', heldTooLong(this.queue, settings.retentionPeriod));
    } else {
      alarms.add('AgeAlarm', ageOfOldest(this.queue, settings.maxAge));
      alarms.add('BacklogAlarm', backlog(this.queue, load));
      alarms.add('InFlightAlarm', inFlight(this.queue, load));
    }
    this.parkingQueue =
      props.controls &&
      createParkingQueue(this, {
        consumer: this.consumerName,
        handler: this.handler,
        fifo,
        encryptionKey,
        dataKeyReuse: props.dataKeyReuse,
        alarms,
      });
    const connection = {
      scope: this,
      queue: this.queue,
      consumer: this.consumerName,
      encryptionKey,
      dataKeyReuse: props.dataKeyReuse,
      maxAge: settings.maxAge,
      alarms,
    };
    const topics = connectTopics(connection, props.subscribesTo);
    const buses = connectRules(connection, props.subscribesTo);
    const customBuses = connectSubscribers(connection, props.subscribesTo);
    this.subscriptions = topics.subscriptions;
    this.rules = buses.rules;
    this.subscribers = customBuses.subscribers;
    this.deliveryDeadLetterQueues = [
      ...topics.deadLetterQueues,
      ...buses.deadLetterQueues,
      ...customBuses.deadLetterQueues,
    ];
    alarms.unhealthy(this.consumerName, 'consumer-unhealthy', this.handler.symptoms);
    this.alarms = [...alarms.all, ...this.handler.alarms];
    this.#record(props, settings);
  }

  #createQueues(props: QueueConsumerProps, settings: Settings, fifo: boolean) {
    const queueName = sourceQueueName(this, fifo);
    const deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      fifo,
      encryptionKey: props.encryptionKey,
      dataKeyReuse: props.dataKeyReuse,
      owner: this.consumerName,
      sourceQueueName: queueName,
    });
    const queue = new Queue(this, 'Queue', {
      queueName,
      ...queueEncryption(props.encryptionKey, props.dataKeyReuse),
      ...fifoProps(fifo),
      enforceSSL: true,
      visibilityTimeout: settings.visibilityTimeout,
      retentionPeriod: settings.retentionPeriod,
      receiveMessageWaitTime: LONG_POLL,
      deadLetterQueue: { queue: deadLetterQueue, maxReceiveCount: settings.maxReceiveCount },
    });
    recordDeadLetters(this, 'queue', queue, deadLetterQueue, settings.maxReceiveCount);
    return { queue, deadLetterQueue };
  }

  /** Also those of an EventQueue, which belong to nobody until somebody consumes them. */
  #recordQueues(fifo: boolean): void {
    const owned = { owner: this.consumerName, fifo };
    recordNode(this.queue, { kind: 'queue', resource: this.queue, ...owned });
    recordNode(this.deadLetterQueue, { kind: 'deadLetterQueue', resource: this.deadLetterQueue, ...owned });
  }

  // The L2's own prop is for Kafka alone.
  #provisionPollers({ minimumPollers, maximumPollers }: QueueConsumerProps): void {
    if (minimumPollers === undefined || maximumPollers === undefined) return;
    const mapping = this.eventSourceMapping.node.defaultChild as CfnEventSourceMapping;
    mapping.provisionedPollerConfig = { minimumPollers, maximumPollers };
  }

  #tellRuntime(settings: Settings): void {
    const variables = {
      WAYBILL_QUEUE_URL: this.queue.queueUrl,
      WAYBILL_DEAD_LETTER_QUEUE_URL: this.deadLetterQueue.queueUrl,
      WAYBILL_MAX_RECEIVE_COUNT: String(settings.maxReceiveCount),
      WAYBILL_VISIBILITY_TIMEOUT_SECONDS: String(settings.visibilityTimeout.toSeconds()),
    };
    for (const [name, value] of Object.entries(variables)) this.function.addEnvironment(name, value);
  }

  /** The queue lets a message be received more often than it may fail. */
  #tellOfFailures(props: QueueConsumerProps, { maxReceiveCount }: Settings): void {
    const fifo = props.subscribesTo.some((source) => source.fifo);
    const maxFailures = props.maxReceiveCount ?? maxReceiveCountOf(fifo);
    this.function.addEnvironment('WAYBILL_MAX_FAILURES', String(Math.min(maxFailures, maxReceiveCount)));
    if (props.putsBack !== true && maxReceiveCount < MAX_RECEIVES_WITH_CONTROLS)
      warnOfFewReceives(this, maxReceiveCount);
  }

  /** Reading its queue, and putting what can never be handled on its dead-letter queue (D10). */
  #allowConsuming(key: IKey | undefined): void {
    grantTo(
      this.handler,
      ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [this.queue.queueArn],
    );
    grantTo(this.handler, ['sqs:SendMessage'], [this.deadLetterQueue.queueArn]);
    key?.grant(this.handler, 'kms:Decrypt', 'kms:GenerateDataKey');
  }

  #record(props: QueueConsumerProps, settings: Settings): void {
    const events = props.subscribesTo.flatMap((source) => source.events);
    recordEvents(this, events);
    recordEdge(this, {
      kind: 'consumes',
      from: this.queue,
      to: this.handler,
      consumer: this.consumerName,
      events: [...new Set(events.map(({ name }) => name))],
      batchSize: settings.batchSize,
      maxBatchingWindowSeconds: settings.maxBatchingWindow.toSeconds(),
      maxConcurrency: settings.maxConcurrency,
      visibilityTimeoutSeconds: settings.visibilityTimeout.toSeconds(),
      timeoutSeconds: settings.timeout.toSeconds(),
      retentionSeconds: settings.retentionPeriod.toSeconds(),
      ...(props.enabled === false ? { standby: true as const } : {}),
    });
  }
}

const DEFAULT_MAX_AGE_SECONDS = 15 * 60;

/** The EventQueue that it consumes, if it does. */
function queueOf({ subscribesTo }: QueueConsumerProps): EventQueue | undefined {
  return subscribesTo.find((source) => source.kind === 'queue')?.origin;
}

/** Where it stands by for another consumer: it gets events of a replica, and may have that one's name. */
function standbyRegion(scope: Construct, props: QueueConsumerProps): string | undefined {
  const standsBy = props.subscribesTo.some(
    (source) => source.kind === 'bus' && source.origin instanceof BusReplica,
  );
  if (!standsBy) return undefined;
  if (props.database === undefined && props.outbox === undefined) warnOfMissingInbox(scope);
  return Stack.of(scope).region;
}

function warnOfMissingInbox(scope: Construct): void {
  Annotations.of(scope).addWarningV2(
    'waybill:replicaWithoutInbox',
    'the consumer of a replica has no database, and so no inbox that it shares with the consumer whose place it takes: what both get, after a switch or a replay, is handled twice. Give database: one that both Regions write to, or fail over together with the bus',
  );
}

function warnOfFewReceives(scope: Construct, maxReceiveCount: number): void {
  Annotations.of(scope).addWarningV2(
    'waybill:fewReceivesWithControls',
    `the queue dead-letters a message at its receive number ${maxReceiveCount + 1}, also one that only waited for a dependency. Give its EventQueue maxReceiveCount: MAX_RECEIVES_WITH_CONTROLS, or the consumer putsBack`,
  );
}

interface Settings {
  readonly timeout: Duration;
  readonly batchSize: number;
  readonly maxBatchingWindow: Duration;
  readonly maxConcurrency: number;
  readonly maxReceiveCount: number;
  readonly visibilityTimeout: Duration;
  readonly retentionPeriod: Duration;
  readonly maxAge: Duration;
}

function settingsOf(props: QueueConsumerProps, fifo: boolean): Settings {
  const timeout = props.timeout ?? DEFAULT_TIMEOUT;
  const maxBatchingWindow = props.maxBatchingWindow ?? Duration.seconds(0);
  const queue = queueOf(props);
  const visibilityTimeout =
    queue?.visibilityTimeout ??
    props.visibilityTimeout ??
    visibilityTimeoutFor(timeout.toSeconds(), maxBatchingWindow.toSeconds());
  return {
    timeout,
    maxBatchingWindow,
    visibilityTimeout,
    batchSize: props.batchSize ?? 10,
    retentionPeriod: queue?.retentionPeriod ?? props.retentionPeriod ?? DEFAULT_RETENTION,
    maxConcurrency:
      props.maximumPollers === undefined
        ? (props.maxConcurrency ?? 10)
        : props.maximumPollers * INVOCATIONS_PER_POLLER,
    maxReceiveCount:
      queue?.maxReceiveCount ??
      (props.controls === undefined
        ? (props.maxReceiveCount ?? maxReceiveCountOf(fifo))
        : MAX_RECEIVES_WITH_CONTROLS),
    maxAge:
      props.maxAge ?? Duration.seconds(Math.max(DEFAULT_MAX_AGE_SECONDS, 3 * visibilityTimeout.toSeconds())),
  };
}

/** Seconds that a message in work is hidden at a time. Long enough for two failed calls before it shows up. */
const HEARTBEAT_SECONDS = 60;

function extendVisibility(consumer: QueueConsumer, props: QueueConsumerProps, settings: Settings): void {
  const visibility = settings.visibilityTimeout.toSeconds();
  const heartbeat = String(Math.min(HEARTBEAT_SECONDS, visibility));
  consumer.function.addEnvironment('WAYBILL_HEARTBEAT_SECONDS', heartbeat);
  const advised = visibilityTimeoutFor(settings.timeout.toSeconds(), settings.maxBatchingWindow.toSeconds());
  if (visibility >= advised.toSeconds()) return;
  acknowledgeGuard(consumer.queue.node.defaultChild as CfnResource, {
    id: 'W13',
    received: `${visibility} seconds`,
    reason: `Consumer ${props.consumerName ?? consumer.consumerName} extends the visibility of each message while it works on it (extendsVisibility), so that no second copy runs beside the first. What remains: a batch that Lambda throttles is not worked on, and uses up a receive of each message whenever ${visibility} seconds pass; ${settings.maxReceiveCount} such receives and the message is dead-lettered. Keep the concurrency of the function at or above maxConcurrency (W19)`,
  });
}

function declaredLoad(props: QueueConsumerProps, settings: Settings, fifo: boolean): DeclaredLoad {
  const peaks = uniqueEvents(props.subscribesTo).map(({ traffic }) => traffic.peakPerSecond);
  return {
    peakPerSecond: peaks.reduce((sum, peak) => sum + peak, 0),
    fifo,
    batchSize: settings.batchSize,
    maxConcurrency: settings.maxConcurrency,
    maxReceiveCount: settings.maxReceiveCount,
    timeoutSeconds: settings.timeout.toSeconds(),
    visibilityTimeoutSeconds: settings.visibilityTimeout.toSeconds(),
    maxAgeSeconds: settings.maxAge.toSeconds(),
  };
}

function visibilityTimeoutFor(timeoutSeconds: number, windowSeconds: number): Duration {
  return Duration.seconds(VISIBILITY_TIMEOUT_FACTOR * timeoutSeconds + windowSeconds);
}
