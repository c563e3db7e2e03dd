/** The consumers of the commerce system, spread over stacks by their names. */
import type { App } from 'aws-cdk-lib';
import {
  availabilityEvents,
  customerProfileEvents,
  FraudAlertRaised,
  notificationEvents,
  OrderPlaced,
  PaymentFailed,
  replenishmentEvents,
  warehouseEvents,
} from '../../catalog/index.ts';
import type { AnyEventContract } from '../contracts/index.ts';
import { ConsumerStacks, QueueConsumer } from '../constructs/index.ts';
import type { DatabaseConnection, EventQueue, QueueConsumerProps } from '../constructs/index.ts';
import { commerceConfig } from '../config/index.ts';
import { pascalCase } from '../constructs/names.ts';
import type { CommerceStack } from './commerce-stack.ts';
import { WORKER_TIMEOUT } from './commerce-stack.ts';
import { ConsumersStack } from './consumers-stack.ts';
import type { SystemStackProps } from './system-stack.ts';

export interface CommerceConsumersProps extends SystemStackProps {
  readonly commerce: CommerceStack;
  /** The database for the one consumer that calls customers' web servers, where the internet is within reach. */
  readonly databaseWithInternet: DatabaseConnection;
}

export interface CommerceConsumers {
  readonly consumers: readonly QueueConsumer[];
  readonly stacks: ConsumerStacks;
}

/** For good: with another number the queues of consumers would change their stacks. Enough for a hundred consumers. */
const CONSUMER_PARTITIONS = 8;

export function createCommerceConsumers(
  app: App,
  id: string,
  props: CommerceConsumersProps,
): CommerceConsumers {
  const { commerce, key, database } = props;
  const { bus, orders, payments, notifications, priority, steps, saga, relay } = commerce;
  const values = commerceConfig(props.config.name);
  const stacks = new ConsumerStacks(app, id, {
    partitions: CONSUMER_PARTITIONS,
    createStack: (parent, stackId) => new ConsumersStack(parent, stackId, { ...props, system: 'commerce' }),
    dependsOn: [commerce],
  });
  const shared = { logRetention: commerce.logRetention };
  const concurrency = { maxConcurrency: values.consumerConcurrency };

  const consumer = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    new QueueConsumer(stacks.stackOf(name), pascalCase(name), {
      consumerName: name,
      entry: `lambda/handlers/commerce/${name}.ts`,
      ...shared,
      ...more,
    });
  const reader = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    consumer(name, { database, encryptionKey: key, ...concurrency, ...more });
  const writer = (name: string, more: Omit<QueueConsumerProps, 'entry'>) =>
    reader(name, { ...more, outbox: relay });
  /** Takes a saga's commands from its queue, and answers the saga. */
  const worker = (name: string, queue: EventQueue, more: Partial<QueueConsumerProps> = {}) => {
    const made = consumer(name, {
      subscribesTo: [queue.events()],
      outbox: relay,
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
  const byChannel = (channel: string) => ({
    subscribesTo: [notifications.events({ data: { channel: [channel] } })],
  });

  const starter = reader('saga-starter', { subscribesTo: [orders.event(OrderPlaced)] });
  saga.grants.start(starter.handler);
  return {
    stacks,
    consumers: [
      starter,
      reader('order-history', { subscribesTo: [orders.events(), payments.events()] }),
      reader('payment-ledger', { subscribesTo: [payments.events()] }),
      worker('payment-worker', steps.payment, { publishesTo: [priority.publishing([PaymentFailed])] }),
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
      opener('email-notifications', notificationEvents, byChannel('email')),
      opener('sms-notifications', notificationEvents, byChannel('sms')),
      opener('webhook-notifications', notificationEvents, {
        ...byChannel('webhook'),
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
