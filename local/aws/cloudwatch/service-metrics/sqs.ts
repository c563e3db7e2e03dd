/**
 * AWS/SQS. "Available CloudWatch metrics for Amazon SQS", sqs-available-cloudwatch-metrics.html
 */
import type { AwsContext } from '../../context.ts';
import type { SqsService } from '../../sqs/index.ts';
import type { MetricStore, Series } from '../metric-store.ts';
import { addStatisticSet, addValue } from '../statistics.ts';
import type { ServiceMetrics } from './index.ts';

/** A queue has metrics for so long after it was last used or last had messages. The page above. Milliseconds. */
const ACTIVE = 6 * 60 * 60 * 1000;

const COUNTERS = [
  ['sent', 'NumberOfMessagesSent'],
  ['received', 'NumberOfMessagesReceived'],
  ['deleted', 'NumberOfMessagesDeleted'],
  ['emptyReceives', 'NumberOfEmptyReceives'],
] as const;

interface Watched {
  readonly series: (name: string) => Series;
  readonly fifo: boolean;
  activeAt: number;
}

export function sqsMetrics(context: AwsContext, store: MetricStore): ServiceMetrics {
  const watched = new Map<string, Watched>();

  const put = (queue: Watched, name: string, value: number, at: number, unit = 'Count'): void =>
    addValue(store.bucket(queue.series(name), unit, at), value);

  const putIfNone = (queue: Watched, name: string, at: number): void => {
    const bucket = store.bucket(queue.series(name), 'Count', at);
    if (bucket.count === 0) addValue(bucket, 0);
  };

  const queues = (at: number): readonly (readonly [arn: string, queue: Watched])[] => {
    const sqs: SqsService | undefined = context.services.find('sqs');
    const arns = sqs?.queueArns() ?? [];
    if (arns.length < watched.size) {
      const known = new Set(arns);
      for (const arn of watched.keys()) if (!known.has(arn)) watched.delete(arn);
    }
    return arns.map((arn) => {
      let queue = watched.get(arn);
      if (!queue) watched.set(arn, (queue = watch(store, arn, at)));
      return [arn, queue];
    });
  };

  const collectQueue = (arn: string, queue: Watched, at: number): void => {
    const traffic = context.services.get('sqs').takeTraffic(arn);
    for (const [counter, name] of COUNTERS) {
      if (traffic[counter] === 0) continue;
      queue.activeAt = at;
      put(queue, name, traffic[counter], at);
    }
    if (traffic.deduplicated > 0) put(queue, 'NumberOfDeduplicatedSentMessages', traffic.deduplicated, at);
    if (traffic.sent === 0) return;
    addStatisticSet(store.bucket(queue.series('SentMessageSize'), 'Bytes', at), {
      count: traffic.sent,
      sum: traffic.sentBytes,
      minimum: traffic.smallestMessage,
      maximum: traffic.largestMessage,
    });
  };

  const sampleQueue = (arn: string, queue: Watched, at: number): void => {
    const { all, quiet, ...groups } = context.services.get('sqs').gauges(arn);
    if (all.visible + all.inFlight + all.delayed > 0) queue.activeAt = at;
    if (at - queue.activeAt >= ACTIVE) return;
    // An active queue has a value for each minute, also when nothing happened.
    for (const [, name] of COUNTERS) putIfNone(queue, name, at);
    put(queue, 'ApproximateNumberOfMessagesVisible', all.visible, at);
    put(queue, 'ApproximateNumberOfMessagesNotVisible', all.inFlight, at);
    put(queue, 'ApproximateNumberOfMessagesDelayed', all.delayed, at);
    put(queue, 'ApproximateAgeOfOldestMessage', seconds(all.oldestAge), at, 'Seconds');
    if (queue.fifo) {
      put(queue, 'ApproximateNumberOfGroupsWithInflightMessages', groups.groupsInFlight, at);
      putIfNone(queue, 'NumberOfDeduplicatedSentMessages', at);
    } else if (groups.grouped) {
      put(queue, 'ApproximateNumberOfNoisyGroups', groups.noisyGroups, at);
      put(queue, 'ApproximateNumberOfMessagesVisibleInQuietGroups', quiet.visible, at);
      put(queue, 'ApproximateNumberOfMessagesNotVisibleInQuietGroups', quiet.inFlight, at);
      put(queue, 'ApproximateNumberOfMessagesDelayedInQuietGroups', quiet.delayed, at);
      put(queue, 'ApproximateAgeOfOldestMessageInQuietGroups', seconds(quiet.oldestAge), at, 'Seconds');
    }
  };

  return {
    collect(at) {
      for (const [arn, queue] of queues(at)) collectQueue(arn, queue, at);
    },
    sample(at) {
      for (const [arn, queue] of queues(at)) sampleQueue(arn, queue, at);
    },
  };
}

function watch(store: MetricStore, arn: string, at: number): Watched {
  const name = arn.slice(arn.lastIndexOf(':') + 1);
  const dimensions = { QueueName: name };
  const series = new Map<string, Series>();
  return {
    fifo: name.endsWith('.fifo'),
    activeAt: at,
    series(metric) {
      let found = series.get(metric);
      if (!found) {
        found = store.series({ namespace: 'AWS/SQS', name: metric, dimensions });
        series.set(metric, found);
      }
      return found;
    },
  };
}

function seconds(milliseconds: number | undefined): number {
  return Math.floor((milliseconds ?? 0) / 1000);
}
