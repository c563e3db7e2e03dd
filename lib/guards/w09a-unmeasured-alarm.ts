/**
 * W9A: an alarm looks at what is measured.
 *
 * | metrics of an alarm | |
 * |---|---|
 * | of AWS/SQS without the dimension QueueName, of AWS/Kinesis without StreamName | found: AWS has none such |
 * | of AWS/SQS with another dimension besides | found: the same |
 * | several of one namespace, over different periods | found: a count of ten minutes is compared with one of a minute |
 * | of any other namespace, or of the same period | nothing |
 *
 * SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html, "The only dimension that Amazon SQS sends to CloudWatch is
 * QueueName"; streams/latest/dev/monitoring-with-cloudwatch.html
 */
import type { Alarm, AlarmMetric, Messaging } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';

export const unmeasuredAlarm: Guard = {
  id: 'W9A',
  title: 'An alarm looks at what is not measured',
  explanation:
    'CloudWatch takes an alarm on a metric that nobody sends. It never has data, and with missing data that count as good it is green for ever. Metrics over different periods make one number that means nothing.',
  source: 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
  level: 'error',
  check: ({ alarms }: Messaging) =>
    alarms.flatMap((alarm) => [...unknownDimensions(alarm), ...mixedPeriods(alarm)]),
};

/** What a metric of the service always has; and whether it has nothing besides. */
const DIMENSIONS: Readonly<Record<string, { readonly name: string; readonly alone: boolean }>> = {
  'AWS/SQS': { name: 'QueueName', alone: true },
  // Of a shard: ShardId besides.
  'AWS/Kinesis': { name: 'StreamName', alone: false },
};

function unknownDimensions({ resource, metrics }: Alarm): Finding[] {
  return metrics.flatMap(({ namespace, metricName, dimensions }) => {
    const known = DIMENSIONS[namespace];
    const names = Object.keys(dimensions);
    if (known === undefined || (names.includes(known.name) && (!known.alone || names.length === 1)))
      return [];
    return [
      {
        resource,
        property: 'Dimensions',
        received: `${metricName} of ${namespace} with ${names.length === 0 ? 'no dimension' : names.join(', ')}`,
        allowed: known.alone ? `${known.name} alone` : known.name,
        fix: `give the dimension ${known.name}: use the metric of the queue or stream itself`,
      },
    ];
  });
}

function mixedPeriods({ resource, metrics }: Alarm): Finding[] {
  return [...Map.groupBy(metrics, ({ namespace }: AlarmMetric) => namespace)].flatMap(([namespace, of]) => {
    const periods = [...new Set(of.flatMap(({ periodSeconds }) => periodSeconds ?? []))];
    if (periods.length < 2) return [];
    return [
      {
        resource,
        property: 'Metrics',
        received: `metrics of ${namespace} over ${periods.join(' and ')} seconds`,
        allowed: 'one period for all of them',
        fix: 'give all metrics of the expression the same Period',
      },
    ];
  });
}
