/** What can become of a received message, and the rule that decides between a retry and the dead-letter queue. */
export type Outcome =
  /** The handler returned. */
  | 'handled'
  /** A replayed event that the consumer chose not to handle. */
  | 'skipped'
  /** A copy with the reason is in the dead-letter queue. */
  | 'dead-lettered'
  /** A copy waits in the parking queue, because its tenant is switched off here. */
  | 'parked'
  /** To be delivered again after a backoff. */
  | 'failed'
  /** To be delivered again when what it needs is there again. It did not fail. */
  | 'postponed'
  /** The same, as a copy with a delay: this message is done with. */
  | 'put-back'
  /** FIFO: behind a message of its group that was not acknowledged. */
  | 'held'
  /** No time was left, or a shutdown began. */
  | 'not-started'
  /** The handler was still running when the time was over. Its result is unknown. */
  | 'abandoned';

/** True when the message is done with and leaves the queue. */
export function isAcknowledged(outcome: Outcome): boolean {
  return /^(handled|skipped|dead-lettered|parked|put-back)$/.test(outcome);
}

export interface FailedMessage {
  /** No retry can help: unreadable, of another tenant, or the handler said so. */
  readonly permanent: boolean;
  /** Receives; with controls only the failures among them, undefined where they could not be counted. */
  readonly receiveCount: number | undefined;
  /** The consumer's maxReceiveCount, when known. */
  readonly maxReceiveCount: number | undefined;
}

/**
 * | failure | receive count | |
 * |---|---|---|
 * | unreadable, or the handler threw PermanentError | any | dead-letter at once (D10) |
 * | the handler threw | below maxReceiveCount | retry |
 * | the handler threw | maxReceiveCount or more | dead-letter |
 * | the handler threw | maxReceiveCount not known | retry; SQS moves the message after its last receive |
 * | the handler threw | failures could not be counted | retry |
 *
 * At the last receive the runtime is ahead of SQS, which moves a message only when it would be received once
 * more, and without a reason.
 */
export function belongsInDeadLetterQueue(failed: FailedMessage): boolean {
  if (failed.permanent) return true;
  const { receiveCount, maxReceiveCount } = failed;
  return maxReceiveCount !== undefined && receiveCount !== undefined && receiveCount >= maxReceiveCount;
}
