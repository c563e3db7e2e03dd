/**
 * W10: a dead-letter queue keeps messages longer than its source.
 *
 * | source | retention of the dead-letter queue | |
 * |---|---|---|
 * | standard | above the source's | the clock goes on from the first send: what has waited long dies on arrival |
 * | FIFO | any | the move starts the clock again |
 * | outside the assembly | any | not known |
 *
 * AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html, "message retention periods"
 */
import type { Guard } from './guard.ts';

/** The longest that SQS keeps a message. */
const MAXIMUM_RETENTION_SECONDS = 1_209_600;

export const deadLetterRetention: Guard = {
  id: 'W10',
  title: 'A dead-letter queue keeps messages no longer than its source does',
  explanation:
    'On a standard queue a message keeps the time of its first send when it moves. One that has waited long in the source is deleted soon after it arrives in the dead-letter queue, often before anybody has looked.',
  source: 'SQSDeveloperGuide/sqs-dead-letter-queues.html',
  level: 'error',
  check: (messaging) =>
    messaging.queues.flatMap((source) => {
      const target = messaging.queue(source.redrive?.deadLetterTargetArn);
      if (target === undefined || source.fifo || target.retentionSeconds > source.retentionSeconds) return [];
      if (target.retentionSeconds === MAXIMUM_RETENTION_SECONDS) return [];
      return [
        {
          resource: target.resource,
          property: 'MessageRetentionPeriod',
          received: `${target.retentionSeconds} seconds`,
          allowed: `more than the ${source.retentionSeconds} seconds of ${source.resource.constructPath}`,
          fix: `set it to ${MAXIMUM_RETENTION_SECONDS}, 14 days, the longest there is`,
        },
      ];
    }),
};
