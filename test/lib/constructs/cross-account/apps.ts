/** Apps whose publishers, topics, buses and consumers are in several accounts and Regions, one case each. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import {
  AlertTopic,
  BusReplica,
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  QueueConsumer,
} from '../../../../lib/constructs/index.ts';
import { ENTRY, OrderCancelled, OrderPlaced, Orders, StockReserved, testApp } from '../support.ts';

export const SHOP = '111111111111';
export const WAREHOUSE = '222222222222';
export const HOME = 'us-east-1';
export const ABROAD = 'eu-west-1';
/** A Region that an account must enable first. */
export const OPT_IN = 'ap-east-1';

/** A stack with an alert topic. */
export function stackIn(app: App, id: string, account: string, region: string): Stack {
  const stack = new Stack(app, id, { env: { account, region } });
  new AlertTopic(stack, 'Alerts');
  return stack;
}

/** A stack for nothing but the alarms of what a companion stack puts there. */
function alertsIn(app: App, account: string, region: string): void {
  stackIn(app, `AlertsOf${account}In${region.replaceAll('-', '')}`, account, region);
}

function ordersTopic(stack: Stack, encryptionKey?: MessagingKey): EventTopic {
  return new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
    topicName: 'orders',
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  });
}

/** A topic of one account, a consumer of another, each under its own key; a publisher next to the topic. */
export function topicToOtherAccount(): App {
  const app = testApp();
  const shop = stackIn(app, 'Shop', SHOP, HOME);
  const orders = ordersTopic(shop, new MessagingKey(shop, 'Key'));
  new EventFunction(shop, 'Api', { entry: ENTRY, service: Orders, publishesTo: [orders] });
  const warehouse = stackIn(app, 'Warehouse', WAREHOUSE, HOME);
  new QueueConsumer(warehouse, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced)],
    entry: ENTRY,
    encryptionKey: new MessagingKey(warehouse, 'Key'),
  });
  return app;
}

/** A topic in one Region, a consumer in another one of the same account, under a key. */
export function topicToOtherRegion(region = ABROAD): App {
  const app = testApp();
  const shop = stackIn(app, 'Shop', SHOP, HOME);
  const orders = ordersTopic(shop);
  new EventFunction(shop, 'Api', { entry: ENTRY, service: Orders, publishesTo: [orders] });
  const branch = stackIn(app, 'Branch', SHOP, region);
  new QueueConsumer(branch, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced)],
    entry: ENTRY,
    encryptionKey: new MessagingKey(branch, 'Key'),
  });
  return app;
}

/** A topic in one account and Region, a consumer in another account and another Region. */
export function topicToOtherAccountAndRegion(): App {
  const app = testApp();
  const shop = stackIn(app, 'Shop', SHOP, HOME);
  const orders = ordersTopic(shop);
  new EventFunction(shop, 'Api', { entry: ENTRY, service: Orders, publishesTo: [orders] });
  const warehouse = stackIn(app, 'Warehouse', WAREHOUSE, ABROAD);
  alertsIn(app, WAREHOUSE, HOME);
  new QueueConsumer(warehouse, 'Fulfilment', { subscribesTo: [orders.event(OrderPlaced)], entry: ENTRY });
  return app;
}

/** A bus of one account, a consumer of another in the same Region, under a key. */
export function busToOtherAccount(): App {
  const app = testApp();
  const shop = stackIn(app, 'Shop', SHOP, HOME);
  const bus = new MessageBus(shop, 'Bus', { encryptionKey: new MessagingKey(shop, 'Key') });
  new EventFunction(shop, 'Api', {
    entry: ENTRY,
    publishesTo: [bus.publishing([OrderPlaced, StockReserved])],
  });
  const warehouse = stackIn(app, 'Warehouse', WAREHOUSE, HOME);
  new QueueConsumer(warehouse, 'Fulfilment', {
    subscribesTo: [bus.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
    encryptionKey: new MessagingKey(warehouse, 'Key'),
  });
  return app;
}

/** A publisher of one account; a topic under a key, and a bus, of another. Both have a consumer at home. */
export function publisherInOtherAccount(): App {
  const app = testApp();
  const warehouse = stackIn(app, 'Warehouse', WAREHOUSE, HOME);
  const orders = ordersTopic(warehouse, new MessagingKey(warehouse, 'Key'));
  const bus = new MessageBus(warehouse, 'Bus');
  new QueueConsumer(warehouse, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
  });
  const shop = stackIn(app, 'Shop', SHOP, HOME);
  new EventFunction(shop, 'Api', {
    entry: ENTRY,
    service: Orders,
    publishesTo: [orders, bus.publishing([StockReserved])],
  });
  return app;
}

/** A publisher in one Region; a topic under a key, and a bus, in another of the same account. */
export function publisherInOtherRegion(): App {
  const app = testApp();
  const branch = stackIn(app, 'Branch', SHOP, ABROAD);
  const orders = ordersTopic(branch, new MessagingKey(branch, 'Key'));
  const bus = new MessageBus(branch, 'Bus');
  new QueueConsumer(branch, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
  });
  const shop = stackIn(app, 'Shop', SHOP, HOME);
  new EventFunction(shop, 'Api', {
    entry: ENTRY,
    service: Orders,
    publishesTo: [orders, bus.publishing([StockReserved])],
  });
  return app;
}

/** A bus and its replica in a second Region, each with the consumer `billing`. */
export function busWithReplica(more: { readonly active?: boolean; readonly account?: string } = {}): App {
  const app = testApp();
  const primary = stackIn(app, 'Primary', SHOP, HOME);
  const bus = new MessageBus(primary, 'Bus', { archiveRetention: Duration.days(7) });
  new EventFunction(primary, 'Api', { entry: ENTRY, publishesTo: [bus.publishing([OrderPlaced])] });
  const consumer = { entry: ENTRY, consumerName: 'billing' };
  new QueueConsumer(primary, 'Billing', { ...consumer, subscribesTo: [bus.event(OrderPlaced)] });

  const account = more.account ?? SHOP;
  const standby = stackIn(app, 'Standby', account, ABROAD);
  const replica = new BusReplica(standby, 'Bus', {
    of: bus,
    archiveRetention: Duration.days(7),
    encryptionKey: new MessagingKey(standby, 'Key'),
    ...(more.active === undefined ? {} : { active: more.active }),
  });
  new QueueConsumer(standby, 'Billing', { ...consumer, subscribesTo: [replica.event(OrderPlaced)] });
  return app;
}
