/** The commerce system's topics, bus, queues, saga, outbox and HTTP API. Its consumers are in stacks of their own. */
import { CfnOutput, Duration } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import {
  busEvents,
  CartUpdated,
  CheckoutStarted,
  commerceEvents,
  customerEvents,
  inventoryCommands,
  notificationCommands,
  notificationEvents,
  Notifications,
  orderEvents,
  OrderPlaced,
  Orders,
  paymentCommands,
  paymentEvents,
  Payments,
  priorityEvents,
  ProductViewed,
  screeningCommands,
  shippingCommands,
} from '../../catalog/index.ts';
import type { OrderSagaStep } from '../../catalog/index.ts';
import {
  acknowledge,
  BusForwarding,
  BusReplica,
  ControlsTable,
  EventFunction,
  EventQueue,
  EventTopic,
  MAX_RECEIVES_WITH_CONTROLS,
  MessageBus,
  OutboxRelay,
  SealingKey,
  TaskMachine,
  TopicEndpoint,
} from '../constructs/index.ts';
import type { EventDestination } from '../constructs/index.ts';
import { commerceConfig, standbyRegionOf } from '../config/index.ts';
import type { CommerceConfig } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { orderSagaDefinition } from './commerce-saga-definition.ts';
import { migrate } from './database-migration.ts';
import { EnvironmentStack } from './environment-stack.ts';
import { replicatedSecret } from './global-database.ts';
import { SystemHttpApi } from './http-api.ts';
import { SchemaRegistry } from './schema-registry.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface CommerceStackProps extends SystemStackProps {
  /** Streams and Kafka topics that events of the outbox go to, too. */
  readonly streams: readonly EventDestination[];
  /**
   * Of the replica of the controls: the ARN of the alias of a key in the standby Region.
   * @default - the environment has no standby, or this is it
   */
  readonly standbyKeyArn?: string;
}

/** The queues of the saga's workers, by worker. */
export type StepQueues = Readonly<
  Record<'payment' | 'screening' | 'inventory' | 'shipping' | 'notification', EventQueue>
>;

/** Six times this is how long a command is hidden while its worker is at it. */
export const WORKER_TIMEOUT = Duration.seconds(30);

export class CommerceStack extends EnvironmentStack {
  readonly bus: MessageBus;
  readonly orders: EventTopic<(typeof orderEvents)[number]>;
  readonly payments: EventTopic<(typeof paymentEvents)[number]>;
  readonly notifications: EventTopic<(typeof notificationEvents)[number]>;
  /** What cannot wait: its publishers send to it themselves. */
  readonly priority: EventQueue;
  readonly steps: StepQueues;
  readonly saga: TaskMachine;
  /** Personal data in events. */
  readonly sealingKey: SealingKey;
  readonly relay: OutboxRelay;
  /** Kill switches and circuit breakers of the consumers. */
  readonly controls: ControlsTable;
  readonly http: SystemHttpApi;
  readonly tokenSecret: ISecret;
  readonly #shared: CommerceStackProps;
  readonly #values: CommerceConfig;

  constructor(scope: Construct, id: string, props: CommerceStackProps) {
    super(scope, id, {
      config: props.config,
      description: 'Orders, payments, stock, shipping: the commerce system',
    });
    this.#shared = props;
    this.#values = commerceConfig(props.config.name);
    const { migrated } = migrate(this, {
      entry: 'lambda/handlers/commerce/migrate-database.ts',
      database: props.database,
      after: [],
    });
    this.bus = this.#createBus();
    const fifo = { fifo: true, encryptionKey: props.key } as const;
    this.orders = new EventTopic(this, 'OrderEvents', { service: Orders, publishes: orderEvents, ...fifo });
    this.payments = new EventTopic(this, 'PaymentEvents', {
      service: Payments,
      publishes: paymentEvents,
      ...fifo,
    });
    this.notifications = this.#createNotifications();
    this.priority = new EventQueue(this, 'PriorityEvents', {
      publishes: priorityEvents,
      encryptionKey: props.key,
    });
    const { standby } = this.config;
    this.sealingKey = new SealingKey(this, 'SealingKey', {
      removalPolicy: this.removalPolicy,
      ...(standby === undefined ? {} : { replicaOf: standby.first.sealingKeyArn }),
    });
    this.controls = this.#createControls();
    this.steps = this.#createStepQueues();
    this.saga = this.#createSaga();
    this.relay = new OutboxRelay(this, 'Relay', {
      entry: 'lambda/handlers/commerce/relay.ts',
      database: props.database,
      publishesTo: [
        this.orders,
        this.payments,
        this.notifications,
        this.bus.publishing(busEvents),
        this.priority,
        ...props.streams,
      ],
      encryptionKey: props.key,
      logRetention: this.logRetention,
      ...(standby === undefined ? {} : { enabled: standby.active }),
    });
    this.relay.node.addDependency(migrated);
    this.tokenSecret = this.#createTokenSecret();
    this.http = this.#createHttpApi();
    new SchemaRegistry(this, 'Schemas', {
      registryName: `${this.stackName}-events`,
      description: 'Events of the commerce system',
      events: commerceEvents,
    });
    new CfnOutput(this, 'ApiUrl', { value: this.http.api.apiEndpoint, description: 'The HTTP API' });
    new CfnOutput(this, 'TokenSecretArn', {
      value: this.tokenSecret.secretArn,
      description: 'The secret whose text signs the tokens of the HTTP API',
    });
    new CfnOutput(this, 'ControlsTableName', {
      value: this.controls.table.tableName,
      description: 'The table of kill switches and circuit breakers, of this name in every Region',
    });
    new CfnOutput(this, 'SealingKeyArn', {
      value: this.sealingKey.key.keyArn,
      description: 'The key for personal data, which a standby Region has a replica of',
    });
    new CfnOutput(this, 'OrderSagaArn', {
      value: this.saga.stateMachineArn,
      description: 'The state machine whose executions are named as the orders are',
    });
  }

  #createBus(): MessageBus {
    const { standby, archiveRetentionDays } = this.config;
    const props = {
      eventBusName: `${this.stackName}-ecommerce-events`,
      description: 'ecommerce-events: what several parts of the commerce system want to know',
      encryptionKey: this.#shared.key,
      archiveRetention: Duration.days(archiveRetentionDays),
      logLevel: 'error',
      logRetention: this.logRetention,
    } as const;
    if (standby !== undefined) return new BusReplica(this, 'Bus', { ...props, active: standby.active });
    const bus = new MessageBus(this, 'Bus', props);
    const toRegion = standbyRegionOf(this.config);
    if (toRegion !== undefined) {
      new BusForwarding(this, 'ToStandby', { from: bus, toRegion, encryptionKey: this.#shared.key });
    }
    return bus;
  }

  /** One table, which both Regions read and write: an operator's switch, once thrown, holds in both. */
  #createControls(): ControlsTable {
    const { standby } = this.config;
    const { standbyKeyArn, key } = this.#shared;
    if (standby !== undefined) {
      const { controlsKeyArn, controlsTableName } = standby.first;
      return new ControlsTable(this, 'Controls', {
        encryptionKey: Key.fromKeyArn(this, 'ControlsKey', controlsKeyArn),
        replicaNamed: controlsTableName,
      });
    }
    const standbyRegion = standbyRegionOf(this.config);
    return new ControlsTable(this, 'Controls', {
      encryptionKey: key,
      removalPolicy: this.removalPolicy,
      ...(standbyRegion === undefined ? {} : { standbyRegion }),
      ...(standbyKeyArn === undefined ? {} : { standbyKeyArn }),
    });
  }

  /** Standard: customers are told in any order, and e-mail, text messages and web servers take no FIFO topic. */
  #createNotifications(): EventTopic<(typeof notificationEvents)[number]> {
    const topic = new EventTopic(this, 'NotificationEvents', {
      service: Notifications,
      publishes: notificationEvents,
      encryptionKey: this.#shared.key,
    });
    for (const { protocol, endpoint, channels, tenants } of this.#values.notificationEndpoints) {
      const id = pascalCase(`${protocol}-${channels.join('-')}-${(tenants ?? ['all']).join('-')}`);
      new TopicEndpoint(this, `${id}Endpoint`, {
        subscribesTo: topic.events({
          data: { channel: channels },
          ...(tenants === undefined ? {} : { tenants }),
        }),
        protocol,
        endpoint,
        encryptionKey: this.#shared.key,
      });
    }
    return topic;
  }

  /** Money in the order of each customer; for the other steps the saga itself keeps the order of one order. */
  #createStepQueues(): StepQueues {
    const shared = {
      encryptionKey: this.#shared.key,
      visibilityTimeout: Duration.seconds(6 * WORKER_TIMEOUT.toSeconds()),
      maxReceiveCount: MAX_RECEIVES_WITH_CONTROLS,
    };
    return {
      payment: new EventQueue(this, 'PaymentSteps', { publishes: paymentCommands, fifo: true, ...shared }),
      screening: new EventQueue(this, 'ScreeningSteps', { publishes: screeningCommands, ...shared }),
      inventory: new EventQueue(this, 'InventorySteps', { publishes: inventoryCommands, ...shared }),
      shipping: new EventQueue(this, 'ShippingSteps', { publishes: shippingCommands, ...shared }),
      notification: new EventQueue(this, 'NotificationSteps', { publishes: notificationCommands, ...shared }),
    };
  }

  #createSaga(): TaskMachine {
    const { payment, screening, inventory, shipping, notification } = this.steps;
    const queues = {
      ReservePayment: payment,
      ScreenOrder: screening,
      ReserveInventory: inventory,
      ArrangeShipping: shipping,
      CapturePayment: payment,
      NotifyFulfilled: notification,
      CancelShipping: shipping,
      ReleaseInventory: inventory,
      RefundPayment: payment,
      NotifyCancelled: notification,
    } satisfies Readonly<Record<OrderSagaStep, EventQueue>>;
    const references = Object.entries(queues).map(([step, { queue, fifo }]) => [
      step,
      { queueUrl: queue.queueUrl, fifo },
    ]);
    return new TaskMachine(this, 'OrderSaga', {
      definition: orderSagaDefinition({
        partition: this.partition,
        queues: Object.fromEntries(references) as Parameters<typeof orderSagaDefinition>[0]['queues'],
        errorQueueUrl: this.priority.queue.queueUrl,
      }),
      publishesTo: [
        ...Object.values(this.steps),
        this.priority.publishing(priorityEvents.filter(({ name }) => name === 'SystemErrorRaised')),
      ],
      encryptionKey: this.#shared.key,
      logRetention: this.logRetention,
    });
  }

  #createHttpApi(): SystemHttpApi {
    const { logRetention } = this;
    const api = new EventFunction(this, 'CommerceApi', {
      entry: 'lambda/handlers/commerce/commerce-api.ts',
      outbox: this.relay,
      emits: [...customerEvents, OrderPlaced, ProductViewed, CartUpdated, CheckoutStarted],
      logRetention,
    });
    this.sealingKey.grants.seal(api, customerEvents);
    return new SystemHttpApi(this, 'Http', {
      tokenSecret: this.tokenSecret,
      throttlingRateLimit: this.#values.apiRateLimit,
      throttlingBurstLimit: this.#values.apiBurstLimit,
      logRetention,
      functions: [
        {
          target: api,
          routes: [
            'POST /customers',
            'PUT /customers/{customerId}/contact',
            'DELETE /customers/{customerId}',
            'POST /orders',
            'GET /orders/{orderId}',
            'POST /activity',
          ],
        },
      ],
    });
  }

  /** The key of the HTTP API's tokens, made by Secrets Manager and known to nobody. A token is good in both Regions. */
  #createTokenSecret(): ISecret {
    const { standby } = this.config;
    if (standby !== undefined) {
      return replicatedSecret(this, 'TokenSecret', standby.first.tokenSecretArn, this.config);
    }
    const region = standbyRegionOf(this.config);
    const secret = new Secret(this, 'TokenSecret', {
      description: 'Signs the tokens of the HTTP API',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      ...(region === undefined ? {} : { replicaRegions: [{ region }] }),
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'Whoever issues tokens must change to a new key at the same moment, so the rotation is commanded and not scheduled',
    );
    return secret;
  }
}
