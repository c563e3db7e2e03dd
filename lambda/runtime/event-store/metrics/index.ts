/** Figures of the event store and its consumers. */
export { eventMetrics } from './event-metrics.ts';
export type {
  ConsumerMetrics,
  DatabaseMetrics,
  EventMetrics,
  EventMetricsOptions,
  EventVolume,
  Latency,
  MeasuredConsumer,
  MeasuredTransport,
  NotMeasured,
  StoreMetrics,
  TypeVolume,
} from './types.ts';
