/** Counts of the Redis part in CloudWatch, by a log line in its embedded metric format. Each is worth an alarm. */
import type { Logger } from '../logger.ts';

export const REDIS_METRIC_NAMESPACE = 'Waybill/Redis';

export type RedisMetric =
  /** A group was gone and was made again. */
  | 'RedisGroupLost'
  /** Entries were pending, and their content is in no stream any more. */
  | 'RedisEntriesLost'
  /** Entries are older than the retention, and a group has not read them. */
  | 'RedisTrimHeld';

export function countMetric(
  logger: Logger,
  metric: RedisMetric,
  dimensions: Readonly<Record<string, string>>,
  count = 1,
): void {
  logger.info('metric', {
    ...dimensions,
    [metric]: count,
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: REDIS_METRIC_NAMESPACE,
          Dimensions: [Object.keys(dimensions)],
          Metrics: [{ Name: metric, Unit: 'Count' }],
        },
      ],
    },
  });
}
