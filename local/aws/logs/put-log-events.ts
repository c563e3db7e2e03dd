/** PutLogEvents: which batches are refused, which of their events are rejected, and what is kept. */
import { AwsError } from '../errors.ts';
import { invalidParameter, requiredText, type Input } from './errors.ts';
import {
  EVENT_OVERHEAD_BYTES,
  MAXIMUM_BATCH_BYTES,
  MAXIMUM_BATCH_EVENTS,
  MAXIMUM_BATCH_SPAN,
  MAXIMUM_EVENT_AGE,
  MAXIMUM_EVENT_FUTURE,
} from './limits.ts';
import type { InputLogEvent } from './store.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Indexes into the batch; the first accepted event is at `expiredEnd` or `tooOldEnd`, whichever is more. */
export interface RejectedEvents {
  readonly tooNewLogEventStartIndex?: number;
  readonly tooOldLogEventEndIndex?: number;
  readonly expiredLogEventEndIndex?: number;
}

/** The batch of a request. API_PutLogEvents */
export function batchOf(input: Input): readonly InputLogEvent[] {
  const given = input['logEvents'];
  if (!Array.isArray(given) || given.length === 0) {
    throw invalidParameter(
      "1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  }
  if (given.length > MAXIMUM_BATCH_EVENTS) {
    throw invalidParameter(
      `1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length less than or equal to ${MAXIMUM_BATCH_EVENTS}`,
    );
  }
  const events = (given as readonly Input[]).map((event, index): InputLogEvent => {
    const { timestamp } = event;
    if (typeof timestamp !== 'number' || !Number.isInteger(timestamp) || timestamp < 0) {
      throw invalidParameter(
        `1 validation error detected: Value at 'logEvents.${index + 1}.member.timestamp' failed to satisfy constraint: Member must not be null`,
      );
    }
    return { timestamp, message: requiredText(event, 'message') };
  });
  checkSize(events);
  checkOrder(events);
  return events;
}

/** Splits a batch into what is taken and what is rejected. */
export function accepted(
  events: readonly InputLogEvent[],
  now: number,
  retentionDays: number | undefined,
): { readonly taken: readonly InputLogEvent[]; readonly rejected: RejectedEvents | undefined } {
  const endOf = (oldest: number): number => {
    const index = events.findIndex(({ timestamp }) => timestamp >= oldest);
    return index < 0 ? events.length : index;
  };
  const tooNew = events.findIndex(({ timestamp }) => timestamp > now + MAXIMUM_EVENT_FUTURE);
  const tooOld = endOf(now - MAXIMUM_EVENT_AGE);
  const expired = retentionDays === undefined ? 0 : endOf(now - retentionDays * DAY);
  const taken = events.slice(Math.max(tooOld, expired), tooNew < 0 ? undefined : tooNew);
  if (taken.length === events.length) return { taken, rejected: undefined };
  const rejected = {
    ...(tooNew >= 0 && { tooNewLogEventStartIndex: tooNew }),
    ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
    ...(expired > 0 && { expiredLogEventEndIndex: expired }),
  };
  return { taken, rejected };
}

function checkSize(events: readonly InputLogEvent[]): void {
  const bytes = events.reduce(
    (sum, { message }) => sum + Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES,
    0,
  );
  if (bytes > MAXIMUM_BATCH_BYTES) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MAXIMUM_BATCH_BYTES}`);
  }
}

function checkOrder(events: readonly InputLogEvent[]): void {
  for (const [index, { timestamp }] of events.entries()) {
    const previous = events[index - 1];
    if (previous && previous.timestamp > timestamp) {
      throw new AwsError(
        'InvalidParameterException',
        'Log events in a single PutLogEvents request must be in chronological order.',
      );
    }
  }
  const span = (events.at(-1)?.timestamp ?? 0) - (events[0]?.timestamp ?? 0);
  if (span > MAXIMUM_BATCH_SPAN) {
    throw invalidParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
  }
}
