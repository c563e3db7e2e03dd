/** Pollers: they read queues and streams and hand batches to functions and pipes. */
export { readBatchResponse, type BatchResult } from './batch-response.ts';
export { PAYLOAD_BYTES } from './batch.ts';
export type { BatchOutcome, CountPolled, InvocationFailure, PollCount, Poller } from './batch.ts';
export { createCheckpointStore, type CheckpointStore } from './checkpoints.ts';
export { kafkaEvent, kafkaItem } from './kafka-event.ts';
export { startKafkaPoller } from './kafka-poller.ts';
export type { ConcurrencyLimits } from './scaling.ts';
export { createShardReader, type ReadFrom, type StreamRecord } from './shard-reader.ts';
export type { SqsRecord } from './sqs-event.ts';
export { startSqsPoller } from './sqs-poller.ts';
export { startStreamPoller, type StreamPoller } from './stream-poller.ts';
export type { DiscardedBatch, StreamBatch } from './stream-source.ts';
