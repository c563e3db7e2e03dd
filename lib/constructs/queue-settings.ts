/** What the queues of events have in common, whoever makes them. */
import { Duration } from 'aws-cdk-lib';

/** SQS's own default. */
export const DEFAULT_RETENTION = Duration.days(4);

/** The longest long poll, SQSDeveloperGuide/sqs-short-and-long-polling.html. For pollers outside Lambda, which polls like this anyway. */
export const LONG_POLL = Duration.seconds(20);

const MAX_RECEIVE_COUNT = 5;
/** A held message of a FIFO group is received along with the failed one before it, so it needs more. */
const FIFO_MAX_RECEIVE_COUNT = 10;

/**
 * Receives of a queue whose consumer has controls: SQS's most. A receive is no failure there, because a message may
 * wait for a dependency through many of them; the runtime counts the failures, and dead-letters (docs/adr/0025).
 */
export const MAX_RECEIVES_WITH_CONTROLS = 1_000;

/** Receives before a message is dead-lettered, unless said otherwise. */
export function maxReceiveCountOf(fifo: boolean): number {
  return fifo ? FIFO_MAX_RECEIVE_COUNT : MAX_RECEIVE_COUNT;
}
