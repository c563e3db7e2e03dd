/** AMQP 0-9-1 with RabbitMQ: publishing, consuming in Lambda and in services, and the declaration of queues. */
export { brokerAt, brokerFromEnvironment } from './broker.ts';
export type { AmqpBroker, AmqpCredentials, BrokerOptions } from './broker.ts';
export { consumeAmqp } from './consume-amqp.ts';
export type { AmazonMqHandler, ConsumeAmqpOptions } from './consume-amqp.ts';
export type { AmqpConsumerOptions } from './consumer-settings.ts';
export { deterministicEventId } from './deterministic-event-id.ts';
export { AmqpError } from './errors.ts';
export type { AmqpErrorCode } from './errors.ts';
export type { AmazonMqEvent, AmazonMqMessage, IncomingMessage } from './incoming-message.ts';
export { pollAmqp } from './poll-amqp.ts';
export type { PollAmqpOptions } from './poll-amqp.ts';
export { createAmqpPublisher } from './publisher.ts';
export type { AmqpPublisher, AmqpPublisherProps, OutgoingMessage } from './publisher.ts';
export type { MappedContracts, Readable } from './read-message.ts';
export { DEAD_LETTER_EXCHANGE, declareTopology } from './topology.ts';
export type { AmqpBinding, AmqpExchange, AmqpQueue, AmqpTopology } from './topology.ts';
export { amqpTransport } from '../transports/amqp.ts';
export type { AmqpTransportProps } from '../transports/amqp.ts';
