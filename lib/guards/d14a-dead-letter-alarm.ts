/**
 * D14A: somebody is told of the first message in a dead-letter queue.
 *
 * | dead-letter queue | |
 * |---|---|
 * | an alarm on its visible messages or their age, that one message sets off, and that is heard in the sense of W9 | |
 * | an alarm that only several messages set off | found |
 * | no such alarm in its account and Region | found |
 * | outside the assembly, or no queue | not known |
 *
 * A warning, for the alarms may be in another tool, or in an application of their own.
 *
 * design.md, D14; SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
 */
import type { Alarm, Queue } from '../assembly/index.ts';
import { deadLetterArns } from './failing-hops.ts';
import type { Guard } from './guard.ts';

export const deadLetterAlarm: Guard = {
  id: 'D14A',
  title: 'Nobody is told of a message in a dead-letter queue',
  explanation:
    'A dead-letter queue keeps a message for at most 14 days. Without an alarm the first to notice is whoever misses what the message was for.',
  source: 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
  level: 'warning',
  check: (messaging) =>
    [...deadLetterArns(messaging)].flatMap((arn) => {
      const queue = messaging.queue(arn);
      if (queue === undefined) return [];
      const alarms = messaging.alarms.filter((alarm) => watches(alarm, queue));
      if (alarms.some(isSetOffByOne)) return [];
      const [deaf] = alarms;
      return [
        {
          resource: deaf?.resource ?? queue.resource,
          property: deaf === undefined ? 'AWS::CloudWatch::Alarm' : 'Threshold',
          received:
            deaf === undefined
              ? 'no alarm on its visible messages'
              : `${deaf.comparisonOperator} ${deaf.threshold} of ${queue.resource.constructPath}`,
          allowed: 'an alarm that the first visible message sets off',
          fix: "alarm on ApproximateNumberOfMessagesVisible, statistic Maximum, above 0, with an action; in CDK, the queue's metricApproximateNumberOfMessagesVisible and createAlarm",
        },
      ];
    }),
};

/** The age is above 0 where a message is. */
const METRICS: ReadonlySet<string> = new Set([
  'ApproximateNumberOfMessagesVisible',
  'ApproximateAgeOfOldestMessage',
]);

function watches({ metrics, accountId, region }: Alarm, queue: Queue): boolean {
  return (
    accountId === queue.accountId &&
    region === queue.region &&
    metrics.some(
      ({ namespace, metricName, dimensions }) =>
        namespace === 'AWS/SQS' && METRICS.has(metricName) && dimensions['QueueName'] === queue.name,
    )
  );
}

/** Of an age, any: how long one waits for is the team's choice. Of what only AWS knows, nothing is said. */
function isSetOffByOne({ metrics, threshold, comparisonOperator }: Alarm): boolean {
  if (threshold === undefined || Number.isNaN(threshold)) return true;
  if (metrics.some(({ metricName }) => metricName === 'ApproximateAgeOfOldestMessage')) return true;
  if (comparisonOperator === 'GreaterThanThreshold') return threshold < 1;
  return comparisonOperator !== 'GreaterThanOrEqualToThreshold' || threshold <= 1;
}
