/**
 * Counts of the jobs system in CloudWatch, by a log line in its embedded metric format: no call, no client.
 * "Specification: Embedded metric format", AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
 */
import type { Logger } from '../runtime/logger.ts';

export const JOBS_METRIC_NAMESPACE = 'Waybill/Jobs';

export type JobsMetric =
  /** By `outcome`. */
  | 'JobsEnded'
  /** By `what`: a request or a result that came again. */
  | 'Duplicates'
  /** By `what`: another request with the id of a job. */
  | 'Conflicts'
  /** By `status`, the job's: a model's answer that came when its job had ended without it. */
  | 'LateResults'
  /** By `why`: a tenant's jobs that had to wait for a place, or for another worker's lease. */
  | 'Waits';

/** One, with this dimension: a name of few values, never a tenant. */
export function countJobs(
  logger: Logger,
  metric: JobsMetric,
  dimension: Readonly<Record<string, string>>,
): void {
  logger.info('metric', {
    ...dimension,
    [metric]: 1,
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: JOBS_METRIC_NAMESPACE,
          Dimensions: [Object.keys(dimension)],
          Metrics: [{ Name: metric, Unit: 'Count' }],
        },
      ],
    },
  });
}
