/** One consumer of a queue of a RabbitMQ broker: its function, the poller that Lambda runs, and its dead letters. */
import { Duration } from 'aws-cdk-lib';
import type { IGrantable, IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetters, HopAlarms } from './alarms/index.ts';
import { registerConsumerName } from './consumer-names.ts';
import { createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import { DEFAULT_TIMEOUT, EventFunction, FUNCTION_RULES } from './event-function.ts';
import type { FunctionProps } from './event-function.ts';
import { grantTo } from './grants.ts';
import { allowMappingNetwork, clientGroupsOf } from './mapping-network.ts';
import { BATCHING_WINDOW_SECONDS, BROKER_DELIVERY_LIMIT, STREAM_BATCH_SIZE } from './limits.ts';
import { nameIsKebabCase, readingControls } from './mapping-settings.ts';
import type { MessageBroker } from './message-broker.ts';
import { kebabCase } from './names.ts';
import { recordEdge, recordNode } from './topology-recorder.ts';
import { numberInRange, validateProps } from './validation.ts';
import type { Rule } from './validation.ts';

export interface BrokerConsumerProps extends FunctionProps {
  readonly broker: MessageBroker;
  /** The queue in the broker. It has to be there when the mapping is made: whoever publishes to it declares it. */
  readonly queueName: string;
  /**
   * Deliveries after which the runtime puts a message that fails on `deadLetterQueue`: 1 to 1,000. Not above the limit
   * of the queue in the broker (`declareTopology`), or the broker is first, and knows no reason.
   * @default 5
   */
  readonly deliveryLimit?: number;
  /**
   * The consumer's name in its inbox, logs and dead letters.
   * @default - the construct's id in kebab case
   */
  readonly consumerName?: string;
  /** Messages per invocation at most: 1 to 10,000. @default 10 */
  readonly batchSize?: number;
  /** How long to wait for a batch to fill: to 300 seconds. @default Duration.seconds(1) */
  readonly maxBatchingWindow?: Duration;
  /** Encrypts the dead-letter queue of SQS. @default - SQS's own key (SSE-SQS) */
  readonly deadLetterEncryptionKey?: IKey;
}

/**
 * A mapping of a broker has neither partial batch responses nor a destination on failure: an invocation that fails
 * brings its whole batch back. So the runtime puts what it cannot handle on `deadLetterQueue` itself and fails no
 * batch for one message; what crashes the function is counted by the broker, which dead-letters it.
 *
 * @example
 * new BrokerConsumer(this, 'LegacyInbound', {
 *   broker: legacy,
 *   queueName: 'stock-counts',
 *   outbox: relay,
 *   entry: 'lambda/handlers/legacy-inbound.ts',
 * });
 */
export class BrokerConsumer extends Construct implements IGrantable {
  readonly consumerName: string;
  /** Of SQS: what the runtime put aside, with the reason. */
  readonly deadLetterQueue: Queue;
  readonly handler: EventFunction;
  readonly function: LambdaFunction;
  readonly eventSourceMapping: CfnEventSourceMapping;
  readonly grantPrincipal: IPrincipal;
  readonly alarms: HopAlarms['all'];

  /** @throws ValidationError with everything that is wrong with the props at once */
  constructor(scope: Construct, id: string, props: BrokerConsumerProps) {
    super(scope, id);
    validateProps(this, RULES, props);
    this.consumerName = props.consumerName ?? kebabCase(id);
    registerConsumerName(this, this.consumerName);
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      encryptionKey: props.deadLetterEncryptionKey,
      owner: this.consumerName,
    });
    this.handler = new EventFunction(
      this,
      'Handler',
      {
        ...readingControls(props),
        vpc: props.vpc ?? props.broker.vpc,
        vpcSubnets: props.vpcSubnets ?? props.database?.vpcSubnets ?? props.broker.vpcSubnets,
        securityGroups: props.securityGroups ?? clientGroupsOf(props, props.broker.clientSecurityGroup),
      },
      { variable: 'WAYBILL_CONSUMER', name: this.consumerName, kind: 'function', owner: this },
    );
    this.function = this.handler.function;
    this.grantPrincipal = this.handler.grantPrincipal;
    this.#tellRuntime(props);
    this.#allow(props);
    this.eventSourceMapping = this.#map(props);

    const alarms = new HopAlarms(this, props, this);
    alarms.add('DeadLetterAlarm', deadLetters(this.deadLetterQueue, `A message of ${this.consumerName}`));
    alarms.unhealthy(this.consumerName, 'broker', this.handler.symptoms);
    this.alarms = [...alarms.all, ...this.handler.alarms];
    this.#record(props);
  }

  #tellRuntime({ broker, deliveryLimit }: BrokerConsumerProps): void {
    broker.connect(this.handler);
    const variables = {
      WAYBILL_DEAD_LETTER_QUEUE_URL: this.deadLetterQueue.queueUrl,
      WAYBILL_BROKER_DELIVERY_LIMIT: String(deliveryLimit ?? DEFAULT_DELIVERY_LIMIT),
    };
    for (const [name, value] of Object.entries(variables)) this.function.addEnvironment(name, value);
  }

  /** What the poller does in the function's role: lambda/latest/dg/services-mq-configure.html. */
  #allow({ broker, deadLetterEncryptionKey }: BrokerConsumerProps): void {
    grantTo(this.handler, ['mq:DescribeBroker'], [broker.broker.attrArn]);
    grantTo(this.handler, ['sqs:SendMessage'], [this.deadLetterQueue.queueArn]);
    deadLetterEncryptionKey?.grant(this.handler, 'kms:Decrypt', 'kms:GenerateDataKey');
    allowMappingNetwork(this.handler);
  }

  #map({ broker, queueName, batchSize, maxBatchingWindow }: BrokerConsumerProps): CfnEventSourceMapping {
    return new CfnEventSourceMapping(this, 'Mapping', {
      functionName: this.function.functionName,
      eventSourceArn: broker.broker.attrArn,
      queues: [queueName],
      batchSize: batchSize ?? DEFAULT_BATCH_SIZE,
      maximumBatchingWindowInSeconds: (maxBatchingWindow ?? DEFAULT_WINDOW).toSeconds(),
      sourceAccessConfigurations: [
        { type: 'BASIC_AUTH', uri: broker.secret.secretArn },
        { type: 'VIRTUAL_HOST', uri: broker.virtualHost },
      ],
    });
  }

  #record(props: BrokerConsumerProps): void {
    const { queueName, batchSize, maxBatchingWindow, timeout } = props;
    const queue = new Construct(this, 'BrokerQueue');
    recordNode(queue, { kind: 'brokerQueue', name: queueName, owner: this.consumerName });
    recordNode(this.eventSourceMapping, {
      kind: 'mapping',
      resource: this.eventSourceMapping,
      owner: this.consumerName,
    });
    recordEdge(this, {
      kind: 'reads',
      from: queue,
      to: this.handler,
      via: this.eventSourceMapping,
      consumer: this.consumerName,
      events: [],
      batchSize: batchSize ?? DEFAULT_BATCH_SIZE,
      maxBatchingWindowSeconds: (maxBatchingWindow ?? DEFAULT_WINDOW).toSeconds(),
      timeoutSeconds: (timeout ?? DEFAULT_TIMEOUT).toSeconds(),
      parallelizationFactor: 1,
      maximumRetryAttempts: null,
      maximumRecordAgeSeconds: null,
    });
    recordDeadLetters(this, 'function', this.handler, this.deadLetterQueue, null);
  }
}

const DEFAULT_BATCH_SIZE = 10;
const DEFAULT_DELIVERY_LIMIT = 5;
const DEFAULT_WINDOW = Duration.seconds(1);

const RULES: readonly Rule<BrokerConsumerProps>[] = [
  nameIsKebabCase,
  ({ queueName }) =>
    queueName !== '' && !queueName.startsWith('amq.') && Buffer.byteLength(queueName) <= 255
      ? undefined
      : {
          code: 'WAYBILL_BROKER_QUEUE_NAME_INVALID',
          prop: 'queueName',
          received: `'${queueName}'`,
          allowed: "1 to 255 bytes that do not begin with 'amq.', which is the broker's own",
          fix: 'for example stock-counts',
        },
  numberInRange('WAYBILL_BATCH_SIZE_OUT_OF_RANGE', 'batchSize', STREAM_BATCH_SIZE, 'give a whole number'),
  numberInRange(
    'WAYBILL_BATCHING_WINDOW_OUT_OF_RANGE',
    'maxBatchingWindow',
    BATCHING_WINDOW_SECONDS,
    'give whole seconds',
  ),
  numberInRange(
    'WAYBILL_RETRIES_OUT_OF_RANGE',
    'deliveryLimit',
    BROKER_DELIVERY_LIMIT,
    'a queue without a limit delivers what crashes its consumer for ever',
  ),
  ...FUNCTION_RULES,
];
