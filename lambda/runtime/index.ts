/**
 * Public surface of the runtime: what runs in functions and services. It knows the contracts and the AWS
 * clients, and nothing of CDK.
 */
export type { Backoff } from './backoff.ts';
export type { Clock, Random } from './clock.ts';
export { consume } from './consume.ts';
export type { ConsumeOptions, SqsHandler } from './consume.ts';
export type { ConsumerOptions } from './consumer/consumer-options.ts';
export { isPermanentError, PermanentError, PublishError, RuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
export { createLogger } from './logger.ts';
export type { LogFields, Logger, LoggerOptions, LogLevel } from './logger.ts';
export { createPublisher, encode } from './publisher.ts';
export type { PublisherProps } from './publisher.ts';
export { publisherFromEnvironment, routingTransport } from './routes.ts';
export type { PublishRoute } from './routes.ts';
export { childTraceparent } from './trace.ts';
export { eventBridgeTransport } from './transports/event-bridge.ts';
export type { EventBridgeTransportProps } from './transports/event-bridge.ts';
export { memoryTransport } from './transports/memory.ts';
export type { MemoryTransport } from './transports/memory.ts';
export type { SendTuning } from './transports/send-in-batches.ts';
export { snsTransport } from './transports/sns.ts';
export type { SnsTransportProps } from './transports/sns.ts';
export { sqsTransport } from './transports/sqs.ts';
export type { SqsTransportProps } from './transports/sqs.ts';
export type {
  EncodedMessage,
  EventBus,
  EventPublisher,
  Handler,
  HandlerContext,
  InvocationContext,
  MessageConsumer,
  PublishFailure,
  PublishResult,
  SqsBatch,
  SqsBatchResponse,
  SqsRecord,
  Subscription,
  Transport,
} from './types.ts';
