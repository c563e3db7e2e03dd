/**
 * Alarms of queues and dead-letter queues. "Available CloudWatch metrics for Amazon SQS",
 * SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html.
 */
import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { SQS_MAX_IN_FLIGHT } from '../limits.ts';
import type { AlarmSeverity } from './alarm-props.ts';
import type { Runbook } from './runbooks.ts';
import { PERIOD } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/**
 * A message in a dead-letter queue, at once. Visible messages, not NumberOfMessagesSent: the latter does not
 * count what SQS moves.
 */
export function deadLetters(
  queue: IQueue,
  what: string,
  { severity = 'critical', runbook = 'dead-letters' }: { severity?: AlarmSeverity; runbook?: Runbook } = {},
): AlarmSpecification {
  return {
    watched: queue,
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: 0,
    minutes: 1,
    severity,
    runbook,
    description: `${what} failed for good and waits in its dead-letter queue. Read its reason, mend the cause, redrive.`,
  };
}

/** For `deadLetters` of a subscription, rule or bus: the message never reached its consumer. */
export const UNDELIVERED = { runbook: 'event-undelivered' } as const;

/** The oldest message waits longer than the consumer's objective: it is too slow, stuck or stopped. */
export function ageOfOldest(queue: IQueue, maxAge: Duration): AlarmSpecification {
  return {
    watched: queue,
    metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: maxAge.toSeconds(),
    comparison: '>=',
    // One late minute is a hiccup of the metric's own approximation; three are a trend.
    minutes: 3,
    severity: 'critical',
    runbook: 'consumer-unhealthy',
    symptom: true,
    description: `A message has waited ${maxAge.toHumanString()} or longer. See the consumer's errors, throttles and concurrency.`,
  };
}

/** Of the time that SQS keeps a message. */
const HELD_SHARE = 0.75;

/**
 * A queue that is held for a move keeps what its consumer, live on another transport, has handled already. What SQS
 * deletes is lost to the move only where that transport is as far behind.
 */
export function heldTooLong(queue: IQueue, retention: Duration): AlarmSpecification {
  const hours = Math.floor((HELD_SHARE * retention.toSeconds()) / 3600);
  return {
    watched: queue,
    metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: hours * 3600,
    comparison: '>=',
    minutes: 3,
    severity: 'warning',
    runbook: 'consumer-unhealthy',
    description: `The queue has been held for ${hours} hours, and SQS deletes after ${retention.toHumanString()}. Move the consumer here, or take the transport out of its next ones; before a late move look at the parity report.`,
  };
}

/** Messages of a tenant that is switched off wait: somebody has to switch it on again. */
export function parked(queue: IQueue): AlarmSpecification {
  return {
    watched: queue,
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: 0,
    // A tenant that is off for a moment is no news to whoever has switched it off.
    minutes: 60,
    severity: 'warning',
    runbook: 'parked-messages',
    description:
      'Messages of a tenant that is switched off are parked. Switch it on when the cause is mended.',
  };
}

/** Before SQS deletes them. */
export function parkedTooLong(queue: IQueue, maxAge: Duration): AlarmSpecification {
  return {
    watched: queue,
    metric: queue.metricApproximateAgeOfOldestMessage({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold: maxAge.toSeconds(),
    comparison: '>=',
    minutes: 3,
    severity: 'critical',
    runbook: 'parked-messages',
    description: `A message has been parked for ${maxAge.toHumanString()}, and SQS deletes it after 14 days. Switch its tenant on, or keep the messages elsewhere.`,
  };
}

/**
 * Messages wait, and not one has been worked off for a quarter of an hour: the consumer stands still. The age sees it
 * too, but not where a message has been received three times, and not whether it is one message or all of them.
 */
export function standsStill(queue: IQueue): AlarmSpecification {
  const waiting = queue.metricApproximateNumberOfMessagesVisible({
    period: PERIOD,
    statistic: Stats.MINIMUM,
  });
  const done = queue.metricNumberOfMessagesDeleted({ period: PERIOD, statistic: Stats.SUM });
  return {
    watched: queue,
    metric: waiting,
    expression: new MathExpression({
      expression: 'IF(waiting > 0 AND FILL(done, 0) < 1, 1, 0)',
      usingMetrics: { waiting, done },
      period: PERIOD,
      label: 'messages wait and none ends',
    }),
    threshold: 0,
    minutes: 15,
    severity: 'critical',
    runbook: 'consumer-unhealthy',
    description:
      'Messages wait, and none has been worked off for a quarter of an hour. See the errors, throttles and timeouts of the function, and its switches.',
  };
}

/** What is known of a consumer's pace before it has run. */
export interface DeclaredLoad {
  /** Messages a second at the busiest time: the sum over the events it gets. */
  readonly peakPerSecond: number;
  readonly fifo: boolean;
  readonly batchSize: number;
  readonly maxConcurrency: number;
  readonly timeoutSeconds: number;
  readonly visibilityTimeoutSeconds: number;
  readonly maxReceiveCount: number;
  readonly maxAgeSeconds: number;
}

/**
 * More messages wait than the consumer works off within its objective, for a quarter of an hour (AWS's own
 * advice). It sees what the age does not: a message that was received three times leaves the age's sight.
 */
export function backlog(queue: IQueue, load: DeclaredLoad): AlarmSpecification {
  const threshold = drainableBacklog(load);
  return {
    watched: queue,
    metric: queue.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.AVERAGE }),
    threshold,
    minutes: 15,
    severity: 'warning',
    runbook: 'consumer-backlog',
    description: `More than ${threshold} messages wait, more than are handled in time. Raise maxConcurrency, or see why the handler is slow.`,
  };
}

/**
 * Messages that drain within `maxAge`, at the higher of two paces. The declared peak is what the consumer must
 * keep. The other it keeps whatever its handler does: every slot returns a batch at the latest when the function
 * times out. On FIFO a slot needs a message group of its own, and how many there are is not declared.
 */
export function drainableBacklog(load: DeclaredLoad): number {
  const slowest = load.fifo ? 0 : (load.maxConcurrency * load.batchSize) / load.timeoutSeconds;
  return Math.ceil(Math.max(load.peakPerSecond, slowest) * load.maxAgeSeconds);
}

const IN_FLIGHT_SHARE = 0.9;

/**
 * Near the limit of messages in flight, above which SQS gives out none. Undefined where the declared traffic cannot
 * come near: an alarm that cannot rise is money for nothing. A message that fails is in flight, hidden by
 * its backoff, for up to a visibility timeout per receive.
 */
export function inFlight(queue: IQueue, load: DeclaredLoad): AlarmSpecification | undefined {
  const threshold = IN_FLIGHT_SHARE * SQS_MAX_IN_FLIGHT;
  const whenAllFail = load.peakPerSecond * load.visibilityTimeoutSeconds * load.maxReceiveCount;
  const whenAllWork = load.maxConcurrency * load.batchSize;
  if (Math.max(whenAllFail, whenAllWork) < threshold) return undefined;
  return {
    watched: queue,
    metric: queue.metricApproximateNumberOfMessagesNotVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
    threshold,
    comparison: '>=',
    minutes: 5,
    severity: 'critical',
    runbook: 'consumer-unhealthy',
    symptom: true,
    description: `${threshold} messages are in flight, of ${SQS_MAX_IN_FLIGHT} that SQS allows; at the limit the queue stands still. See why the handler fails.`,
  };
}
