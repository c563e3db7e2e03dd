/** Figures of the event store and its consumers. */
export { countEvents } from './counting.ts';
export { countFailures } from './count-failures.ts';
export type { CountFailuresOptions } from './count-failures.ts';
export { eventMetrics } from './event-metrics.ts';
export { LIVE_ON_METRIC, liveOnValue } from './live-on.ts';
export { logEventMetrics } from './log-event-metrics.ts';
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
