/** An application with every construct of the library in its richest form, for the lower end of the peer ranges. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  AlertTopic,
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  OutboxRelay,
  QueueConsumer,
} from 'waybill';
import { OrderPlaced, Orders } from '../events.ts';

const app = new App();
const stack = new Stack(app, 'EveryConstruct');
const encryptionKey = new MessagingKey(stack, 'Key');
new AlertTopic(stack, 'Alerts', { emails: ['oncall@example.com'] });
const topic = new EventTopic(stack, 'Topic', {
  service: Orders,
  publishes: [OrderPlaced],
  fifo: true,
  encryptionKey,
});
const bus = new MessageBus(stack, 'Bus', {
  archiveRetention: Duration.days(30),
  encryptionKey,
  logLevel: 'error',
});
const outbox = new OutboxRelay(stack, 'Relay', {
  database: { secret: new Secret(stack, 'Database') },
  publishesTo: [topic, bus.publishing([OrderPlaced])],
  encryptionKey,
});
const entry = 'handlers/fulfilment.ts';
new QueueConsumer(stack, 'OfTopic', { subscribesTo: [topic.event(OrderPlaced)], entry, encryptionKey });
new QueueConsumer(stack, 'OfBus', { subscribesTo: [bus.event(OrderPlaced)], entry, encryptionKey });
new EventFunction(stack, 'Function', { entry, outbox, service: Orders });
