/**
 * Small apps with buses of type `custom`: for the tests of the constructs, for the embedded AWS, and for the
 * delivery proofs. Each gives the app; `app.synth()` gives the assembly.
 */
import { readFileSync } from 'node:fs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import type { AppProps, Environment } from 'aws-cdk-lib';
import {
  AlertTopic,
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  QueueConsumer,
} from '../../../../lib/constructs/index.ts';
import type { QueueConsumerProps } from '../../../../lib/constructs/index.ts';
import { ENTRY, OrderCancelled, OrderPlaced, Orders, StockReserved, testApp } from '../support.ts';

const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
/** Of an app with an `outdir` of its own: that of cdk.json, without bundles. */
export const TEST_CONTEXT: Readonly<Record<string, unknown>> = { ...context, 'aws:cdk:bundling-stacks': [] };

/** A Region that has the Custom Event Bus. */
export const ENV: Environment = { account: '000000000000', region: 'us-east-1' };

export interface AppOptions {
  /** @default - the app of the tests of the constructs: no bundles */
  readonly appProps?: AppProps;
  readonly env?: Environment;
}

/** The app, its stack, and what the tests look at. */
export interface BusApp {
  readonly app: App;
  readonly stack: Stack;
  readonly bus: MessageBus;
}

/** One publisher, one consumer in order, one without: the usual case. */
export function orderedApp(options: AppOptions = {}): BusApp {
  const { app, stack } = appOf(options);
  const bus = new MessageBus(stack, 'Bus', { busType: 'custom', archiveRetention: Duration.days(7) });
  new EventFunction(stack, 'Api', {
    entry: ENTRY,
    service: Orders,
    publishesTo: [bus.publishing([OrderPlaced, OrderCancelled])],
  });
  consumer(stack, 'Fulfilment', {
    subscribesTo: [bus.event(OrderPlaced, { fifo: true }), bus.event(OrderCancelled, { fifo: true })],
  });
  consumer(stack, 'Audit', { subscribesTo: [bus.event(OrderPlaced)] });
  return { app, stack, bus };
}

/** A customer key for bus and queues, two publishers, tenants, and a FIFO topic next to the bus. */
export function encryptedApp(options: AppOptions = {}): BusApp {
  const { app, stack } = appOf(options);
  const key = new MessagingKey(stack, 'Key');
  const bus = new MessageBus(stack, 'Bus', { busType: 'custom', encryptionKey: key });
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderCancelled],
    fifo: true,
    encryptionKey: key,
  });
  new EventFunction(stack, 'Api', {
    entry: ENTRY,
    service: Orders,
    publishesTo: [bus.publishing([OrderPlaced]), orders],
  });
  new EventFunction(stack, 'Stock', { entry: ENTRY, publishesTo: [bus.publishing([StockReserved])] });
  consumer(stack, 'Billing', {
    subscribesTo: [
      bus.event(OrderPlaced, { fifo: true, tenants: ['acme', 'globex'] }),
      bus.event(StockReserved, { fifo: true, tenants: ['acme', 'globex'] }),
      orders.event(OrderCancelled, { tenants: ['acme', 'globex'] }),
    ],
    encryptionKey: key,
  });
  return { app, stack, bus };
}

/** The bus in a stack of its own, two consumers in each of two others. */
export function severalStacksApp(
  options: AppOptions = {},
): BusApp & { readonly consumers: readonly Stack[] } {
  const { app, stack } = appOf(options);
  const bus = new MessageBus(stack, 'Bus', { busType: 'custom' });
  new EventFunction(stack, 'Api', { entry: ENTRY, publishesTo: [bus.publishing([OrderPlaced])] });
  const env = options.env ?? ENV;
  const consumers = ['Billing', 'Shipping'].map((name) => new Stack(app, name, { env }));
  for (const of of consumers) {
    consumer(of, `${of.node.id}First`, { subscribesTo: [bus.event(OrderPlaced)] });
    consumer(of, `${of.node.id}Second`, { subscribesTo: [bus.event(OrderPlaced)] });
  }
  return { app, stack, bus, consumers };
}

function appOf({ appProps, env = ENV }: AppOptions): { app: App; stack: Stack } {
  const app = appProps === undefined ? testApp() : new App(appProps);
  const stack = new Stack(app, 'Events', { env });
  new AlertTopic(stack, 'Alerts');
  return { app, stack };
}

function consumer(stack: Stack, id: string, props: Omit<QueueConsumerProps, 'entry'>): QueueConsumer {
  return new QueueConsumer(stack, id, { entry: ENTRY, ...props });
}
