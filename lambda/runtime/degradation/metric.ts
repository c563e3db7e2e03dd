/**
 * Counts in CloudWatch by a log line, in its embedded metric format: no call, no client.
 * "Specification: Embedded metric format", AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
 */
import type { Logger } from '../logger.ts';

export const METRIC_NAMESPACE = 'Waybill/Controls';

export type ControlMetric =
  | 'BreakerClosed'
  | 'BreakerOpened'
  | 'ControlsUnreadable'
  | 'LoadShed'
  | 'MessagesParked';

/** One, with these dimensions: names of few values, never a tenant. */
export function countMetric(
  logger: Logger,
  metric: ControlMetric,
  dimensions: Readonly<Record<string, string>>,
): void {
  logger.info('metric', {
    ...dimensions,
    [metric]: 1,
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: METRIC_NAMESPACE,
          Dimensions: [Object.keys(dimensions)],
          Metrics: [{ Name: metric, Unit: 'Count' }],
        },
      ],
    },
  });
}
