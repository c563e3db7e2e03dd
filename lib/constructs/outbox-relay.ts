/** Drains a PostgreSQL outbox to topics and buses: every minute, and within milliseconds of a nudge (D11). */
import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { AnyEventContract } from '../contracts/index.ts';
import { asyncDestinationFailed, deadLetters, functionSilent, HopAlarms } from './alarms/index.ts';
import { libraryEntry } from './bundle-options.ts';
import type { DatabaseConnection } from './database-connection.ts';
import {
  createDeadLetterQueue,
  queueEncryption,
  recordDeadLetters,
  sourceQueueName,
} from './dead-letter-queue.ts';
import { EventFunction } from './event-function.ts';
import type { FunctionProps, OutboxWriting } from './event-function.ts';
import type { EventDestination } from './event-routes.ts';
import { grantTo } from './grants.ts';
import { LAMBDA_TIMEOUT_SECONDS, VISIBILITY_TIMEOUT_FACTOR } from './limits.ts';
import { kebabCase } from './names.ts';
import { intervalInRange, scheduleFunction } from './schedule-function.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import { validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface OutboxRelayProps extends Omit<
  FunctionProps,
  'entry' | 'emits' | 'outbox' | 'database' | 'publishesTo'
> {
  /** The database with the table `event_outbox`. */
  readonly database: DatabaseConnection;
  /** Where the events go: topics, and buses with `bus.publishing([...])`. An event goes to each that names it. */
  readonly publishesTo: readonly EventDestination[];
  /**
   * How often it looks when nobody nudges: whole minutes, up to a day.
   * @default Duration.minutes(1)
   */
  readonly interval?: Duration;
  /**
   * Whether it runs: where a Region stands by, the relay of the other one drains the outbox. Off, its schedule and its
   * mapping are there, but disabled, and nobody is told that it does not run. `waybill region failover` switches them
   * without a deployment.
   * @default true
   */
  readonly enabled?: boolean;
  /**
   * Encrypts the nudge queue and the dead-letter queues.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly encryptionKey?: IKey;
  /**
   * Another handler than the library's.
   * @default - the library's
   */
  readonly entry?: string;
}

/**
 * @example
 * const relay = new OutboxRelay(this, 'Relay', { database: data.database, publishesTo: [orders, bus.publishing([OrderPlaced])] });
 * new EventFunction(this, 'Api', { entry: 'lambda/handlers/api.ts', service: Orders, outbox: relay });
 */
export class OutboxRelay extends Construct implements OutboxWriting {
  readonly relayName: string;
  readonly database: DatabaseConnection;
  readonly relay: EventFunction;
  readonly function: LambdaFunction;
  readonly nudgeQueue: Queue;
  /** Nudges that failed too often. They carry no event: events stay in the outbox until they are published. */
  readonly nudgeDeadLetterQueue: Queue;
  /** Scheduled invocations that failed. They carry no event either. */
  readonly deadLetterQueue: Queue;
  readonly eventSourceMapping: EventSourceMapping;
  readonly schedule: CfnSchedule;
  readonly alarms: HopAlarms['all'];
  readonly grants: OutboxRelayGrants;

  /** @throws ValidationError when nothing is published, or a value is out of range */
  constructor(scope: Construct, id: string, props: OutboxRelayProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.database = props.database;
    const timeout = props.timeout ?? DEFAULT_TIMEOUT;
    const name = kebabCase(id);
    this.relayName = name;
    this.relay = new EventFunction(
      this,
      'Handler',
      {
        ...props,
        timeout,
        entry: props.entry ?? libraryEntry('outbox-relay'),
        description: props.description ?? 'Publishes the events of an outbox',
      },
      { variable: 'WAYBILL_SERVICE', name, kind: 'relay', owner: this },
    );
    this.function = this.relay.function;
    const alarms = new HopAlarms(this, props, this);

    const nudgeQueueName = sourceQueueName(this, false);
    this.nudgeDeadLetterQueue = createDeadLetterQueue(this, 'NudgeDeadLetterQueue', {
      encryptionKey: props.encryptionKey,
      owner: name,
      sourceQueueName: nudgeQueueName,
    });
    this.nudgeQueue = new Queue(this, 'NudgeQueue', {
      queueName: nudgeQueueName,
      ...queueEncryption(props.encryptionKey),
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(VISIBILITY_TIMEOUT_FACTOR * timeout.toSeconds()),
      retentionPeriod: NUDGE_RETENTION,
      deadLetterQueue: { queue: this.nudgeDeadLetterQueue, maxReceiveCount: NUDGE_MAX_RECEIVE_COUNT },
    });
    this.eventSourceMapping = this.#consumeNudges(props, timeout);
    alarms.add(
      'NudgeDeadLetterAlarm',
      deadLetters(this.nudgeDeadLetterQueue, 'A nudge of the outbox relay', NO_EVENT_LOST),
    );

    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      encryptionKey: props.encryptionKey,
      owner: name,
    });
    const interval = props.interval ?? Duration.minutes(1);
    this.schedule = scheduleFunction(this, {
      target: this.relay,
      interval,
      enabled: props.enabled ?? true,
      owner: name,
      deadLetterQueue: this.deadLetterQueue,
      encryptionKey: props.encryptionKey,
      runbook: 'outbox-relay',
      alarms,
    });
    alarms.add(
      'DeadLetterAlarm',
      deadLetters(this.deadLetterQueue, 'A scheduled run of the outbox relay', NO_EVENT_LOST),
    );
    alarms.add('DestinationAlarm', asyncDestinationFailed(this.function));
    if (props.enabled ?? true) alarms.add('SilentAlarm', functionSilent(this.function, interval));
    alarms.unhealthy(name, 'outbox-relay', this.relay.symptoms);

    this.alarms = [...alarms.all, ...this.relay.alarms];
    this.grants = new OutboxRelayGrants(this, props.encryptionKey);
    recordDatabase(this, props.database, this.relay);
  }

  #consumeNudges(props: OutboxRelayProps, timeout: Duration): EventSourceMapping {
    grantTo(
      this.relay,
      ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
      [this.nudgeQueue.queueArn],
    );
    props.encryptionKey?.grant(this.relay, 'kms:Decrypt');
    recordNode(this.nudgeQueue, {
      kind: 'queue',
      resource: this.nudgeQueue,
      owner: this.relayName,
    });
    recordDeadLetters(this, 'queue', this.nudgeQueue, this.nudgeDeadLetterQueue, NUDGE_MAX_RECEIVE_COUNT);
    recordEdge(this, {
      kind: 'consumes',
      from: this.nudgeQueue,
      to: this.relay,
      consumer: this.relayName,
      events: [],
      batchSize: NUDGE_BATCH_SIZE,
      maxBatchingWindowSeconds: 0,
      maxConcurrency: NUDGE_MAX_CONCURRENCY,
      visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_FACTOR * timeout.toSeconds(),
      timeoutSeconds: timeout.toSeconds(),
      ...(props.enabled === false ? { standby: true as const } : {}),
    });
    return new EventSourceMapping(this, 'NudgeMapping', {
      target: this.function,
      eventSourceArn: this.nudgeQueue.queueArn,
      ...(props.enabled === undefined ? {} : { enabled: props.enabled }),
      batchSize: NUDGE_BATCH_SIZE,
      maxConcurrency: NUDGE_MAX_CONCURRENCY,
      reportBatchItemFailures: true,
    });
  }
}

function recordDatabase(scope: Construct, database: DatabaseConnection, relay: Construct): void {
  const construct = database.construct ?? database.secret;
  if (database.construct === undefined) {
    recordNode(construct, { kind: 'database', resource: construct });
  }
  recordEdge(scope, { kind: 'drains', from: construct, to: relay });
}

export class OutboxRelayGrants {
  readonly #relay: OutboxRelay;
  readonly #encryptionKey: IKey | undefined;

  constructor(relay: OutboxRelay, encryptionKey: IKey | undefined) {
    this.#relay = relay;
    this.#encryptionKey = encryptionKey;
  }

  /**
   * Lets a function wake the relay after a commit: `sqs:SendMessage` on the nudge queue, the use of its
   * key, and WAYBILL_OUTBOX_NUDGE_QUEUE_URL. The prop `outbox` of a function does this, and the database too.
   * @param emits - what it writes to the outbox, for the topology
   */
  nudge(fn: EventFunction | LambdaFunction, emits: readonly AnyEventContract[] = []): void {
    const { nudgeQueue } = this.#relay;
    const lambda = fn instanceof EventFunction ? fn.function : fn;
    lambda.addEnvironment('WAYBILL_OUTBOX_NUDGE_QUEUE_URL', nudgeQueue.queueUrl);
    grantTo(fn, ['sqs:SendMessage'], [nudgeQueue.queueArn]);
    this.#encryptionKey?.grant(fn, 'kms:Decrypt', 'kms:GenerateDataKey');
    recordEdge(this.#relay, {
      kind: 'nudges',
      from: fn,
      to: nudgeQueue,
      ...(emits.length === 0 ? {} : { events: emits.map(({ name }) => name) }),
    });
  }
}

/** Events stay in the outbox whatever happens to a nudge or a run. */
const NO_EVENT_LOST = { severity: 'warning', runbook: 'outbox-relay' } as const;
/** Just under the interval, so that runs of the schedule do not pile up. */
const DEFAULT_TIMEOUT = Duration.seconds(55);
/** A nudge is a hint that grows stale; the schedule finds what it would have found. */
const NUDGE_RETENTION = Duration.hours(1);
const NUDGE_MAX_RECEIVE_COUNT = 5;
/** The most without a batching window, which would delay the first event. */
const NUDGE_BATCH_SIZE = 10;
/** The least that Lambda allows. One run drains everything, a second helps it. */
const NUDGE_MAX_CONCURRENCY = 2;

const RULES: readonly Rule<OutboxRelayProps>[] = [
  ({ publishesTo }) =>
    publishesTo.some(({ routes }) => routes.length > 0)
      ? undefined
      : {
          code: 'WAYBILL_NOTHING_PUBLISHED',
          prop: 'publishesTo',
          received: 'no topic or bus',
          allowed: 'at least one',
          fix: 'list the topics and buses that the events of the outbox go to',
        },
  intervalInRange,
  ({ timeout }) =>
    timeout === undefined || timeout.isUnresolved() || timeout.toSeconds() <= LAMBDA_TIMEOUT_SECONDS.max
      ? undefined
      : {
          code: 'WAYBILL_TIMEOUT_OUT_OF_RANGE',
          prop: 'timeout',
          received: timeout.toHumanString(),
          allowed: `up to ${LAMBDA_TIMEOUT_SECONDS.max} seconds`,
          fix: 'the relay stops before its timeout and goes on at the next run',
        },
];
