/**
 * W10: a message lives until it is in the dead-letter queue, and there until somebody has looked at it.
 *
 * | it takes messages from | its retention | W10 | W10A |
 * |---|---|---|---|
 * | a standard queue | not above the source's | found: the clock goes on from the first send | |
 * | a standard queue | the longest there is, as the source's | | found: there is nothing above it but a shorter source |
 * | a standard queue | the longest there is, above the source's | | |
 * | a FIFO queue | any | the move starts the clock again | see below |
 * | a subscription, rule, schedule, function, stream, pipe, bus | any | the clock starts on arrival, however long the retries took | see below |
 * | any | SQS's default of 4 days, or less | | found, where W10 says nothing |
 * | outside the assembly | not known | | |
 *
 * W10B finds the source that keeps messages for less than maxReceiveCount x visibility timeout: they never get there.
 *
 * AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html, "message retention periods"
 */
import type { Messaging, Queue } from '../assembly/index.ts';
import { deadLetterArns } from './failing-hops.ts';
import type { Finding, Guard } from './guard.ts';
import { SQS_DEFAULT_RETENTION_SECONDS, SQS_MAXIMUM_RETENTION_SECONDS } from './limits.ts';

const SOURCE = 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html';
const FIX = `set it to ${SQS_MAXIMUM_RETENTION_SECONDS}, 14 days, the longest there is; in CDK, retentionPeriod of the queue`;

export const deadLetterRetention: Guard = {
  id: 'W10',
  title: 'A dead-letter queue keeps messages no longer than its source does',
  explanation:
    'On a standard queue a message keeps the time of its first send when it moves. One that has waited long in the source is deleted soon after it arrives in the dead-letter queue, often before anybody has looked.',
  source: SOURCE,
  level: 'error',
  check: (messaging) =>
    tooShort(messaging).map(({ source, target }) =>
      finding(target, `more than the ${source.retentionSeconds} seconds of ${source.resource.constructPath}`),
    ),
};

export const deadLetterRetentionByDefault: Guard = {
  id: 'W10A',
  title: 'A dead-letter queue keeps messages for four days or less, or its source for as long as can be',
  explanation:
    'Four days is what SQS takes where nothing is said. A long weekend is enough for the only copy of a message to be deleted before anybody has looked. A dead-letter queue costs nothing while it is empty.',
  source: SOURCE,
  level: 'warning',
  check(messaging) {
    const deadLetters = deadLetterArns(messaging);
    const found = new Set(tooShort(messaging).map(({ target }) => target));
    return [
      ...messaging.queues
        .filter(
          ({ arn, retentionSeconds }) =>
            deadLetters.has(arn) && retentionSeconds <= SQS_DEFAULT_RETENTION_SECONDS,
        )
        .filter((queue) => !found.has(queue))
        .map((queue) => finding(queue, `more than ${SQS_DEFAULT_RETENTION_SECONDS} seconds, SQS's default`)),
      ...sourcesAtMaximum(messaging),
    ];
  },
};

export const expiringRetries: Guard = {
  id: 'W10B',
  title: 'Messages of a queue expire before they are in its dead-letter queue',
  explanation:
    'A message that fails is tried maxReceiveCount times, each after the visibility timeout. Where the queue keeps it for less than that, SQS deletes it between two tries, and the dead-letter queue stays empty.',
  source: SOURCE,
  level: 'error',
  check: ({ queues }) => queues.flatMap(expiringQueue),
};

function expiringQueue(queue: Queue): readonly Finding[] {
  const { redrive, retentionSeconds, visibilityTimeoutSeconds } = queue;
  if (redrive === undefined) return [];
  const needed = redrive.maxReceiveCount * visibilityTimeoutSeconds;
  if (!(retentionSeconds < needed)) return [];
  const allowed = `at least ${needed} seconds: ${redrive.maxReceiveCount} receives of ${visibilityTimeoutSeconds}`;
  return [finding(queue, allowed)];
}

function tooShort(messaging: Messaging): readonly { readonly source: Queue; readonly target: Queue }[] {
  return messaging.queues.flatMap((source) => {
    const target = messaging.queue(source.redrive?.deadLetterTargetArn);
    const isTooShort =
      target !== undefined &&
      !source.fifo &&
      target.retentionSeconds <= source.retentionSeconds &&
      target.retentionSeconds < SQS_MAXIMUM_RETENTION_SECONDS;
    return isTooShort ? [{ source, target }] : [];
  });
}

function sourcesAtMaximum(messaging: Messaging): readonly Finding[] {
  return messaging.queues
    .filter(({ fifo, retentionSeconds, redrive }) => {
      const target = messaging.queue(redrive?.deadLetterTargetArn);
      return target !== undefined && !fifo && retentionSeconds >= SQS_MAXIMUM_RETENTION_SECONDS;
    })
    .map((source) => ({
      ...finding(source, "less than the dead-letter queue's, which can be no more"),
      fix: 'set it to what the consumer may be behind, such as 345600, 4 days: what is left of 14 days is for whoever looks at the dead letters',
    }));
}

function finding(queue: Queue, allowed: string): Finding {
  return {
    resource: queue.resource,
    property: 'MessageRetentionPeriod',
    received: `${queue.retentionSeconds} seconds`,
    allowed,
    fix: FIX,
  };
}
