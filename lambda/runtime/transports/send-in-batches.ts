/**
 * Sends messages in batches to any service with a batch call (D1, D2). All transports share it; they differ
 * in the limits, the size of an entry and the call.
 */
import { fullJitter } from '../backoff.ts';
import { systemClock } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import type { EncodedMessage, PublishFailure } from '../types.ts';
import { callFailure } from './call-error.ts';
import type { EntryFailure } from './call-error.ts';
import type { BatchLimits } from './limits.ts';

export interface BatchSending {
  readonly limits: BatchLimits;
  /** Bytes of the message as an entry. */
  readonly sizeOf: (message: EncodedMessage) => number;
  /**
   * Sends one batch. The answer is by position: undefined where the entry was accepted. A thrown error
   * means the whole call failed.
   */
  readonly call: (batch: readonly EncodedMessage[]) => Promise<readonly (EntryFailure | undefined)[]>;
  /**
   * The lane within which order is kept. Of a lane one message at a time is under way, because a batch call
   * can fail in part: a later entry could be accepted while an earlier one is not. After a failure the rest
   * of the lane is not sent.
   * @default - no order is kept
   */
  readonly laneOf?: (message: EncodedMessage) => string;
  readonly tuning?: SendTuning;
}

/** For tests, and for the rare caller whose broker is far away. */
export interface SendTuning {
  /**
   * Batches under way at a time.
   * @default 8
   */
  readonly concurrency?: number;
  /**
   * How often a failed entry is sent in all.
   * @default 3
   */
  readonly attempts?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

const DEFAULT_CONCURRENCY = 8;
const DEFAULT_ATTEMPTS = 3;
/** Milliseconds. Short, because a caller with patience (the outbox) retries later with its own backoff. */
const ENTRY_BACKOFF = { base: 100, cap: 1_000 };

interface Item {
  readonly message: EncodedMessage;
  readonly bytes: number;
  readonly lane: Item[] | undefined;
  attempt: number;
  alone: boolean;
}

/** Resolves with what was given up, when nothing is under way any more. Never rejects. */
export function sendInBatches(
  messages: readonly EncodedMessage[],
  sending: BatchSending,
): Promise<PublishFailure[]> {
  const { limits } = sending;
  const { concurrency = DEFAULT_CONCURRENCY, attempts = DEFAULT_ATTEMPTS } = sending.tuning ?? {};
  const { clock = systemClock, random = Math.random } = sending.tuning ?? {};
  const failed: PublishFailure[] = [];
  const ready: Item[] = [];
  let underway = 0;
  let waiting = 0;

  queueUp(messages, sending, ready);

  return new Promise((resolve) => {
    const pump = (): void => {
      while (underway < concurrency && ready.length > 0) {
        underway += 1;
        void run(takeBatch(ready, limits)).then(() => {
          underway -= 1;
          pump();
        });
      }
      if (underway === 0 && waiting === 0 && ready.length === 0) resolve(failed);
    };

    const run = async (batch: readonly Item[]): Promise<void> => {
      if (isOversized(batch[0]!, limits)) {
        giveUp(batch[0]!, tooLarge(batch[0]!.bytes, limits.entryBytes ?? limits.bytes));
        return;
      }
      let results: readonly (EntryFailure | undefined)[];
      try {
        results = await sending.call(batch.map((item) => item.message));
      } catch (error) {
        const failure = callFailure(error);
        // One bad entry can refuse a whole call. Sent one by one, only the culprit fails.
        if (failure.messageAtFault && batch.length > 1) {
          for (const item of batch) ready.push(Object.assign(item, { alone: true }));
          return;
        }
        results = batch.map(() => failure);
      }
      batch.forEach((item, position) => settle(item, results[position]));
    };

    const settle = (item: Item, failure: EntryFailure | undefined): void => {
      if (failure === undefined) {
        const next = item.lane?.shift();
        if (next !== undefined) ready.push(next);
      } else if (failure.retryNow && item.attempt < attempts) {
        waiting += 1;
        const delay = fullJitter(ENTRY_BACKOFF, item.attempt, random);
        clock.setTimeout(() => {
          waiting -= 1;
          ready.push(Object.assign(item, { attempt: item.attempt + 1, alone: true }));
          pump();
        }, delay);
      } else {
        giveUp(item, failure);
      }
    };

    const giveUp = (item: Item, failure: EntryFailure): void => {
      const { eventId } = item.message;
      failed.push({
        eventId,
        code: failure.code,
        message: failure.message,
        retryable: !failure.messageAtFault,
      });
      for (const held of item.lane?.splice(0) ?? []) {
        failed.push({
          eventId: held.message.eventId,
          code: 'WAYBILL_ORDER_HELD',
          message: `not sent, to keep the order of its key: event ${eventId} before it failed with ${failure.code}`,
          retryable: true,
        });
      }
    };

    pump();
  });
}

/** Without lanes everything is ready; with lanes the head of each lane is. */
function queueUp(messages: readonly EncodedMessage[], sending: BatchSending, ready: Item[]): void {
  const lanes = new Map<string, Item[]>();
  for (const message of messages) {
    const key = sending.laneOf?.(message);
    const known = key === undefined ? undefined : lanes.get(key);
    const lane = key === undefined ? undefined : (known ?? []);
    const item: Item = { message, bytes: sending.sizeOf(message), lane, attempt: 1, alone: false };
    if (known !== undefined) {
      known.push(item);
    } else {
      if (key !== undefined) lanes.set(key, lane!);
      ready.push(item);
    }
  }
}

/** As many from the front as fit, at least one. A retry, and what is too large for any call, goes alone. */
function takeBatch(ready: Item[], limits: BatchLimits): Item[] {
  let bytes = 0;
  let count = 0;
  while (count < ready.length && count < limits.entries) {
    const item = ready[count]!;
    const alone = item.alone || isOversized(item, limits);
    if (count > 0 && (alone || bytes + item.bytes > limits.bytes)) break;
    bytes += item.bytes;
    count += 1;
    if (alone) break;
  }
  return ready.splice(0, count);
}

const isOversized = ({ bytes }: Item, limits: BatchLimits): boolean =>
  bytes > (limits.entryBytes ?? limits.bytes);

function tooLarge(bytes: number, limit: number): EntryFailure {
  return {
    code: 'WAYBILL_EVENT_TOO_LARGE',
    message: `the event takes ${bytes} bytes on the wire, the limit is ${limit}: keep large content in S3 and publish its address, or raise the target's limit`,
    messageAtFault: true,
    retryNow: false,
  };
}
