/**
 * The figures as metrics of CloudWatch, by one log line in its embedded metric format: no call, no client.
 * "Specification: Embedded metric format", AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
 */
import type { Logger } from '../../logger.ts';
import type { EventMetrics } from './types.ts';

export const EVENT_STORE_NAMESPACE = 'Waybill/EventStore';

/** The names in CloudWatch, and where the figure is. `waybill advise --stage` reads them by the same table. */
export const CLOUDWATCH_METRICS: Readonly<Record<string, (metrics: EventMetrics) => number | null>> = {
  EventsPerSecond: ({ events }) => events.perSecond,
  EventsLastDay: ({ events }) => events.lastDay,
  EventsBusiestSecond: ({ events }) => events.busiestSecond,
  EventsCountedHours: ({ events }) => events.countedHours,
  EventAverageBytes: ({ events }) => events.averageBytes,
  PublishLatencyP50: ({ events }) => events.publishLatency?.p50 ?? null,
  PublishLatencyP99: ({ events }) => events.publishLatency?.p99 ?? null,
  ProcessingLatencyP50: ({ processingLatency }) => processingLatency?.p50 ?? null,
  ProcessingLatencyP99: ({ processingLatency }) => processingLatency?.p99 ?? null,
  HandledPerSecond: ({ consumers }) =>
    consumers.reduce((sum, { handledPerSecond }) => sum + handledPerSecond, 0),
  Consumers: ({ consumers }) => consumers.length,
  ErrorRate: ({ errorRate }) => errorRate,
  OpenDeadLetters: ({ deadLetters }) => deadLetters,
  OldestUnprocessedOfAll: ({ oldestUnprocessedSeconds }) => oldestUnprocessedSeconds,
  DatabaseConnections: ({ database }) => database.connections,
  DatabaseMaxConnections: ({ database }) => database.maxConnections,
  DatabaseBusyConnections: ({ database }) => database.busyConnections,
};

/** @param dimensions names of few values, such as the environment; never a tenant */
export function logEventMetrics(
  logger: Logger,
  metrics: EventMetrics,
  dimensions: Readonly<Record<string, string>>,
): void {
  const values = Object.entries(CLOUDWATCH_METRICS).flatMap(([name, read]) => {
    const value = read(metrics);
    // What was not measured is no zero.
    return value === null ? [] : [[name, value] as const];
  });
  logger.info('metric', {
    ...dimensions,
    ...Object.fromEntries(values),
    _aws: {
      Timestamp: Date.parse(metrics.measuredAt),
      CloudWatchMetrics: [
        {
          Namespace: EVENT_STORE_NAMESPACE,
          Dimensions: [Object.keys(dimensions)],
          Metrics: values.map(([Name]) => ({ Name, Unit: unitOf(Name) })),
        },
      ],
    },
  });
}

function unitOf(name: string): string {
  if (name.includes('Latency')) return 'Milliseconds';
  if (name.endsWith('PerSecond')) return 'Count/Second';
  if (name.endsWith('Bytes')) return 'Bytes';
  if (name.startsWith('OldestUnprocessed')) return 'Seconds';
  return name === 'ErrorRate' || name === 'EventsCountedHours' ? 'None' : 'Count';
}
