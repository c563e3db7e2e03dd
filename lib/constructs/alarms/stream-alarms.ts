/**
 * Alarms of streams and those who read them. streams/latest/dev/monitoring-with-cloudwatch.html;
 * lambda/latest/dg/monitoring-metrics-types.html
 */
import type { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IStream } from 'aws-cdk-lib/aws-kinesis';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { PERIOD, sumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** Records are refused: publishers try again, and fall behind. */
export function streamWritesThrottled(stream: IStream): AlarmSpecification {
  return {
    watched: stream,
    metric: sumOf('AWS/Kinesis', 'WriteProvisionedThroughputExceeded', { StreamName: stream.streamName }),
    threshold: 0,
    minutes: 5,
    severity: 'critical',
    runbook: 'stream',
    description:
      'The stream has refused records for five minutes: publishers fall behind. Look for one partition key that gets most of the traffic, or raise the capacity.',
  };
}

/** More readers than a shard serves: two megabytes and five calls a second. */
export function streamReadsThrottled(stream: IStream): AlarmSpecification {
  return {
    watched: stream,
    metric: sumOf('AWS/Kinesis', 'ReadProvisionedThroughputExceeded', { StreamName: stream.streamName }),
    threshold: 0,
    minutes: 15,
    severity: 'warning',
    runbook: 'stream',
    description:
      "Readers of the stream get in each other's way. Read with fewer consumers, or give each its own throughput (enhanced fan-out).",
  };
}

/** The oldest record that was read last is so old: the reader is behind, stuck or stopped. */
export function iteratorAge(fn: IFunction, maxAge: Duration): AlarmSpecification {
  return {
    watched: fn,
    metric: fn.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: maxAge.toMilliseconds(),
    comparison: '>=',
    minutes: 3,
    severity: 'critical',
    runbook: 'stream',
    symptom: true,
    description: `The reader is ${maxAge.toHumanString()} behind the stream, or more. See its errors and duration, then its parallelizationFactor.`,
  };
}
