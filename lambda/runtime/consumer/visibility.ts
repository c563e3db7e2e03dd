/** When a message that was not acknowledged comes back (D6). Pure: see `change-visibility.ts` for the call. */
import { fullJitter } from '../backoff.ts';
import type { Backoff } from '../backoff.ts';
import type { Random } from '../clock.ts';
import { RuntimeError } from '../errors.ts';
import type { SqsRecord } from '../types.ts';
import { postponementOf } from './admission.ts';
import { receiveCountOf } from './handle-message.ts';
import type { SettledMessage } from './process-batch.ts';

/** Seconds. Source: SQS API, ChangeMessageVisibility: at most 12 hours from the receive. */
export const MAX_VISIBILITY_SECONDS = 43_200;

/** Seconds. Fifteen minutes: longer waits hide an outage instead of bridging it. */
export const DEFAULT_BACKOFF: Backoff = { base: 2, cap: 900 };

/** The rest of a group follows its head at this distance, so that it is never visible before it. */
const BEHIND_HEAD_SECONDS = 1;

export interface VisibilityChange {
  readonly record: SqsRecord;
  /** Seconds from now until the message can be received again. */
  readonly seconds: number;
}

/**
 * The changes for the messages of one batch, in their order.
 *
 * | outcome | standard | FIFO |
 * |---|---|---|
 * | failed | its own backoff, from its receive count | its own backoff: it is the head of what is left of its group |
 * | postponed | when what it needs is there again | the same, and its group waits with it |
 * | held | does not occur | one second after its head; it has no backoff of its own, because it was not tried |
 * | not-started | 0: another consumer can take it now | 0, the whole rest of the group |
 * | abandoned | unchanged: its handler may still run | unchanged, and so is what it holds |
 *
 * Why the held messages move at all: while any message of a group is invisible, SQS delivers nothing behind
 * it, and a group would stall for the queue's visibility timeout (often minutes) after each failure. Why it
 * is safe: SQS never delivers a message while an earlier one of its group is invisible, so order does not
 * depend on the one second; it only keeps the head from being delivered together with messages that would be
 * held again, each time a receive closer to the dead-letter queue.
 */
export function visibilityChanges(
  settled: readonly SettledMessage[],
  backoff: Backoff,
  random: Random,
): VisibilityChange[] {
  const changes: VisibilityChange[] = [];
  const headDelay = new Map<string | undefined, number>();
  for (const { record, outcome } of settled) {
    const groupId = record.attributes.MessageGroupId;
    if (outcome === 'failed' || outcome === 'postponed') {
      const seconds =
        outcome === 'postponed'
          ? postponementOf(record)
          : Math.ceil(fullJitter(backoff, receiveCountOf(record), random));
      headDelay.set(groupId, seconds);
      changes.push({ record, seconds });
    } else if (outcome === 'held') {
      const head = headDelay.get(groupId);
      if (head !== undefined) changes.push({ record, seconds: head + BEHIND_HEAD_SECONDS });
    } else if (outcome === 'not-started') {
      changes.push({ record, seconds: 0 });
    }
  }
  return changes;
}

/** @throws RuntimeError WAYBILL_OPTION_INVALID */
export function checkedBackoff(backoff: Backoff): Backoff {
  if (
    backoff.base <= 0 ||
    backoff.cap < backoff.base ||
    backoff.cap + BEHIND_HEAD_SECONDS > MAX_VISIBILITY_SECONDS
  ) {
    throw new RuntimeError(
      'WAYBILL_OPTION_INVALID',
      `backoff must have 0 < base <= cap < ${MAX_VISIBILITY_SECONDS} seconds, received base ${backoff.base}, cap ${backoff.cap}`,
    );
  }
  return backoff;
}
