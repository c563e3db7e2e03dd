/** The outbox: events written in the business transaction, published afterwards, in order per key (D11). */
export { enqueue } from './enqueue.ts';
export { OutboxError } from './errors.ts';
export type { OutboxErrorCode } from './errors.ts';
export { LANE_COUNT } from './lane-count.ts';
export { MAX_EVENT_BYTES } from './limits.ts';
export { outboxMetrics } from './metrics.ts';
export type { OutboxMetrics } from './metrics.ts';
export { notifyNudge } from './nudge.ts';
export type { Nudge } from './nudge.ts';
export { createOutbox } from './outbox.ts';
export type { Outbox, OutboxOptions } from './outbox.ts';
export { createOutboxProcessor } from './processor.ts';
export { releaseQuarantined } from './quarantine.ts';
export type { ReleaseFilter } from './quarantine.ts';
export { publishEagerly } from './publish-eagerly.ts';
export type { EagerPublishing } from './publish-eagerly.ts';
export { relayFunction } from './relay-function.ts';
export type { RelayFunctionProps, RelayHandler } from './relay-function.ts';
export { purgePublished } from './retention.ts';
export type {
  OutboxProcessor,
  OutboxProcessorOptions,
  OutboxPublisher,
  ProcessOptions,
  ProcessResult,
} from './types.ts';
