/**
 * What a queue counts for its metrics: counters that only grow, and gauges that are taken when asked for.
 * "Available CloudWatch metrics for Amazon SQS", sqs-available-cloudwatch-metrics.html
 */
import { RECEIVES_BEFORE_THE_BACK } from './limits.ts';
import type { StoredMessage } from './message.ts';
import type { QueueCounts } from './queue.ts';

/** Counts since they were last taken. */
export interface Traffic {
  sent: number;
  received: number;
  deleted: number;
  emptyReceives: number;
  deduplicated: number;
  /** Bytes of the messages sent: their sum, the least and the most. */
  sentBytes: number;
  smallestMessage: number;
  largestMessage: number;
}

export function createTraffic(): Traffic {
  return {
    sent: 0,
    received: 0,
    deleted: 0,
    emptyReceives: 0,
    deduplicated: 0,
    sentBytes: 0,
    smallestMessage: Infinity,
    largestMessage: 0,
  };
}

export function countSent(traffic: Traffic, bytes: number): void {
  traffic.sent++;
  traffic.sentBytes += bytes;
  if (bytes < traffic.smallestMessage) traffic.smallestMessage = bytes;
  if (bytes > traffic.largestMessage) traffic.largestMessage = bytes;
}

/** The state of a queue, or of the messages of its quiet groups. */
export interface QueueGauges extends QueueCounts {
  /**
   * Milliseconds that the oldest message has been in this queue. On a standard queue, a message received three
   * times and more is not looked at. Undefined when there is none.
   */
  readonly oldestAge: number | undefined;
}

/** Gauges of the messages that `counts` says are there, without those of the groups in `except`. */
export function gaugesOf(
  stored: Iterable<StoredMessage>,
  counts: QueueCounts,
  {
    now,
    fifo,
    except,
  }: { readonly now: number; readonly fifo: boolean; readonly except: ReadonlySet<string> },
): QueueGauges {
  const isPoison = (message: StoredMessage) => !fifo && message.receipt >= RECEIVES_BEFORE_THE_BACK;
  let oldestAge: number | undefined;
  if (except.size === 0) {
    for (const message of stored) {
      if (isPoison(message)) continue;
      oldestAge = now - message.arrivedAt;
      break;
    }
    return { ...counts, oldestAge };
  }
  const quiet = { waiting: 0, 'in-flight': 0, delayed: 0, gone: 0 };
  for (const message of stored) {
    if (message.groupId !== undefined && except.has(message.groupId)) continue;
    quiet[message.state]++;
    if (!isPoison(message)) oldestAge ??= now - message.arrivedAt;
  }
  return { visible: quiet.waiting, inFlight: quiet['in-flight'], delayed: quiet.delayed, oldestAge };
}
