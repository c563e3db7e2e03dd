/**
 * Public surface of the runtime: what runs in functions and services. It knows the contracts and the AWS
 * clients, and nothing of CDK.
 */
export * from './amqp/index.ts';
export type { Backoff } from './backoff.ts';
export { eventBridgeBus } from './bus/event-bridge-bus.ts';
export type { EventBridgeBusProps, EventBridgeSubscribeOptions } from './bus/event-bridge-bus.ts';
export { memoryBus } from './bus/memory-bus.ts';
export type { MemoryBus, MemoryBusProps, MemoryDeadLetter } from './bus/memory-bus.ts';
export * from './claim-check/index.ts';
export type { Clock, Random } from './clock.ts';
export { consume } from './consume.ts';
export type { ConsumeOptions, SqsHandler } from './consume.ts';
export type { ConsumerOptions } from './consumer/consumer-options.ts';
export type { HeartbeatOptions } from './consumer/keep-hidden.ts';
export { putBackCopies } from './consumer/put-back.ts';
export type { PutBack, PutBackProps } from './consumer/put-back.ts';
export * from './cutover/index.ts';
export * from './degradation/index.ts';
export { isPermanentError, PermanentError, PublishError, RuntimeError } from './errors.ts';
export type { RuntimeErrorCode } from './errors.ts';
export * from './event-store/index.ts';
export { createLogger } from './logger.ts';
export type { LogFields, Logger, LoggerOptions, LogLevel } from './logger.ts';
export * from './inbox/index.ts';
export { consumeKafka } from './kafka/consume-kafka.ts';
export type { ConsumeKafkaOptions, KafkaBatchResponse, KafkaHandler } from './kafka/consume-kafka.ts';
export type { KafkaCluster } from './kafka/cluster.ts';
export type { KafkaConsumerOptions, RetryTopic } from './kafka/kafka-consumer-options.ts';
export { pollKafka } from './kafka/poll-kafka.ts';
export type { PollKafkaOptions } from './kafka/poll-kafka.ts';
export { closeKafkaProducers } from './kafka/producers.ts';
export type { KafkaBatch, KafkaEventRecord } from './kafka/received-record.ts';
export * from './outbox/index.ts';
export * from './postgres/index.ts';
export * from './redis/index.ts';
export * from './sealing/index.ts';
export { poll } from './poll.ts';
export type { Poller, PollOptions, QueuePoller, StopOptions, StopReport } from './poll.ts';
export { encode } from './encode.ts';
export { createPublisher } from './publisher.ts';
export type { PublisherProps } from './publisher.ts';
export { publisherFromEnvironment, routingTransport } from './routes.ts';
export type { PublishRoute, TransportKind } from './routes.ts';
export { aggregateStream } from './stream/aggregate-stream.ts';
export type {
  AggregateContext,
  AggregateStreamOptions,
  Aggregation,
  EmitContext,
  StreamWindow,
  WindowedBatch,
  WindowHandler,
  WindowResponse,
} from './stream/aggregate-stream.ts';
export { consumeStream } from './stream/consume-stream.ts';
export type { ConsumeStreamOptions, KinesisHandler } from './stream/consume-stream.ts';
export type { KinesisBatch, KinesisRecord, StreamBatchResponse } from './stream/kinesis-event.ts';
export type { StreamOptions } from './stream/stream-options.ts';
export * from './subscription/index.ts';
export { childTraceparent } from './trace.ts';
export type { KinesisSender, PutRecordsAnswer, PutRecordsRequest } from './aws/kinesis.ts';
export type {
  CustomEventBusClient,
  PutEventsAnswer,
  PutEventsEntry,
  PutEventsRequest,
} from './aws/custom-event-bus.ts';
export { customEventBusTransport } from './transports/custom-event-bus.ts';
export type { CustomEventBusTransportProps } from './transports/custom-event-bus.ts';
export { eventBridgeTransport } from './transports/event-bridge.ts';
export type { EventBridgeTransportProps } from './transports/event-bridge.ts';
export { kafkaTopics, kafkaTransport } from './transports/kafka.ts';
export type { KafkaTransportProps } from './transports/kafka.ts';
export { kinesisTransport } from './transports/kinesis.ts';
export type { KinesisTransportProps } from './transports/kinesis.ts';
export { memoryTransport } from './transports/memory.ts';
export type { MemoryTransport } from './transports/memory.ts';
export { postgresTransport } from './transports/postgres.ts';
export type { PostgresTransportProps } from './transports/postgres.ts';
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
