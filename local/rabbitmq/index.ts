/** The embedded RabbitMQ. */
export { startEmbeddedRabbitmq } from './server.ts';
export type { EmbeddedRabbitmq, EmbeddedRabbitmqOptions, QueueView, RabbitmqUser } from './server.ts';
export type { BrokerMessage } from './message.ts';
