/** The consumers of the commerce system, spread over stacks by their names. */
import { Duration } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import {
  availabilityEvents,
  customerProfileEvents,
  FraudAlertRaised,
  OrderConfirmed,
  notificationEvents,
  OrderPlaced,
  PaymentFailed,
  replenishmentEvents,
  SystemErrorRaised,
  warehouseEvents,
} from '../../catalog/index.ts';
import type { AnyEventContract } from '../contracts/index.ts';
import {
  BrokerConsumer,
  ConsumerStacks,
  KafkaConsumer,
  QueueConsumer,
  StreamConsumer,
} from '../constructs/index.ts';
import type { DatabaseConnection, EventQueue, QueueConsumerProps } from '../constructs/index.ts';
import { commerceConfig } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import { STOCK_COUNTS_QUEUE } from './commerce-legacy-stack.ts';
import type { CommerceLegacyStack } from './commerce-legacy-stack.ts';
import type { CommerceStack } from './commerce-stack.ts';
import { WORKER_TIMEOUT } from './commerce-stack.ts';
import type { CommerceStreamsStack } from './commerce-streams-stack.ts';
import { ConsumersStack } from './consumers-stack.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface CommerceConsumersProps extends SystemStackProps {
  readonly commerce: CommerceStack;
  readonly streams: CommerceStreamsStack;
  readonly legacy: CommerceLegacyStack;
  /** The database for the one consumer that calls customers' web servers, where the internet is within reach. */
  readonly databaseWithInternet: DatabaseConnection;
}

export interface CommerceConsumers {
  readonly consumers: readonly QueueConsumer[];
  readonly stacks: ConsumerStacks;
}

/** For good: with another number the queues of consumers would change their stacks. Enough for a hundred consumers. */
const CONSUMER_PARTITIONS = 8;

/** Over how long activity is summed up. */
const AGGREGATION_WINDOW = Duration.seconds(10);

/** A file for each consumer, of its name. */
function entryOf(name: string): string {
  return `lambda/handlers/commerce/${name}.ts`;
}

export function createCommerceConsumers(
  app: App,
  id: string,
  props: CommerceConsumersProps,
): CommerceConsumers {
  const { commerce, streams, legacy, key, database } = props;
  const { bus, orders, payments, notifications, priority, steps, saga, relay } = commerce;
  const values = commerceConfig(props.config.name);
  const stacks = new ConsumerStacks(app, id, {
    partitions: CONSUMER_PARTITIONS,
    createStack: (parent, stackId) => new ConsumersStack(parent, stackId, { ...props, system: 'commerce' }),
    dependsOn: [commerce, streams, legacy],
  });
  const shared = { logRetention: commerce.logRetention };
  const concurrency = { maxConcurrency: values.consumerConcurrency };

  const consumer = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    new QueueConsumer(stacks.stackOf(name), pascalCase(name), {
      consumerName: name,
      entry: entryOf(name),
      ...shared,
      ...more,
    });
  const { controls } = commerce;
  const reader = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    consumer(name, { database, encryptionKey: key, controls, ...concurrency, ...more });
  const writer = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    reader(name, { ...more, outbox: relay });
  /** Takes a saga's commands from its queue, and answers the saga. */
  const worker = (name: string, queue: EventQueue, more: Partial<QueueConsumerProps> = {}) => {
    const made = consumer(name, {
      subscribesTo: [queue.events()],
      outbox: relay,
      controls,
      timeout: WORKER_TIMEOUT,
      ...concurrency,
      ...more,
    });
    saga.grants.answer(made);
    return made;
  };
  const { grants: sealing } = commerce.sealingKey;
  const notifier = worker('notification-worker', steps.notification);
  sealing.seal(notifier, notificationEvents);
  /** Opens what is sealed of its events. */
  const opener = (
    name: string,
    events: readonly AnyEventContract[],
    more: Omit<QueueConsumerProps, 'entry'>,
  ) => {
    const made = reader(name, more);
    sealing.open(made, events);
    return made;
  };
  const fromBus = (events: readonly AnyEventContract[]) => events.map((contract) => bus.event(contract));
  /** A service of its own carries the notifications of each channel. */
  const byChannel = (channel: string, service: string) => ({
    dependencies: [service],
    subscribesTo: [notifications.events({ data: { channel: [channel] } })],
  });

  const outbound = reader('legacy-outbound', { subscribesTo: [orders.event(OrderConfirmed)] });
  legacy.broker.grants.publish(outbound.handler);
  new BrokerConsumer(stacks.stackOf('legacy-inbound'), 'LegacyInbound', {
    broker: legacy.broker,
    queueName: STOCK_COUNTS_QUEUE,
    entry: entryOf('legacy-inbound'),
    outbox: relay,
    deadLetterEncryptionKey: key,
    controls,
    ...shared,
  });
  new StreamConsumer(stacks.stackOf('activity-analytics'), 'ActivityAnalytics', {
    subscribesTo: streams.activity.events(),
    tumblingWindow: AGGREGATION_WINDOW,
    entry: entryOf('activity-analytics'),
    database,
    deadLetterEncryptionKey: key,
    controls,
    ...shared,
  });
  new KafkaConsumer(stacks.stackOf('analytics-sink'), 'AnalyticsSink', {
    subscribesTo: streams.analytics.events(),
    entry: entryOf('analytics-sink'),
    database,
    deadLetterEncryptionKey: key,
    controls,
    ...shared,
  });
  const starter = reader('saga-starter', { subscribesTo: [orders.event(OrderPlaced)] });
  saga.grants.start(starter.handler);
  return {
    stacks,
    consumers: [
      starter,
      outbound,
      reader('order-history', { subscribesTo: [orders.events(), payments.events()] }),
      reader('payment-ledger', { subscribesTo: [payments.events()] }),
      worker('payment-worker', steps.payment, {
        publishesTo: [priority.publishing([PaymentFailed, SystemErrorRaised])],
        dependencies: ['payment-gateway'],
      }),
      worker('fraud-screening', steps.screening, {
        publishesTo: [priority.publishing([FraudAlertRaised])],
      }),
      worker('inventory-worker', steps.inventory),
      worker('shipping-worker', steps.shipping),
      notifier,
      reader('storefront-availability', { subscribesTo: fromBus(availabilityEvents) }),
      writer('replenishment', { subscribesTo: fromBus(replenishmentEvents) }),
      reader('warehouse-ledger', { subscribesTo: fromBus(warehouseEvents) }),
      opener('customer-profile', customerProfileEvents, { subscribesTo: fromBus(customerProfileEvents) }),
      opener('email-notifications', notificationEvents, byChannel('email', 'email-service')),
      opener('sms-notifications', notificationEvents, byChannel('sms', 'sms-service')),
      opener('webhook-notifications', notificationEvents, {
        ...byChannel('webhook', 'customer-webhooks'),
        database: props.databaseWithInternet,
      }),
      // A batch of one: a message that is already here does not wait for its neighbour.
      consumer('priority-response', {
        subscribesTo: [priority.events()],
        database,
        batchSize: 1,
        minimumPollers: values.priorityPollers.minimum,
        maximumPollers: values.priorityPollers.maximum,
      }),
    ],
  };
}
