/** One entry, from its fields to what is told to Redis about it. What the consumers of both kinds have in common. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { fullJitter } from '../backoff.ts';
import type { Backoff } from '../backoff.ts';
import type { Random } from '../clock.ts';
import { postponementOf } from '../consumer/admission.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer, DeadLetter } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import { describeError } from '../logger.ts';
import type { RedisConnection } from './connection.ts';
import { asMessage, ONLY_FOR } from './entry.ts';
import type { StreamEntry } from './entry.ts';
import type { PartitionKeys } from './keys.ts';
import { DEAD_LETTER, DELAY } from './scripts.ts';

/** Who handles: a reader of a group, with the token of its lease where the group keeps an order. */
export interface Holder {
  readonly connection: RedisConnection;
  readonly keys: PartitionKeys;
  readonly group: string;
  readonly reader: string;
  /** Empty without a lease. */
  readonly token: string;
}

export interface EntryRun {
  readonly signal: AbortSignal;
  isOver(): boolean;
}

export type EntryFate =
  /** To be acknowledged. */
  | { readonly kind: 'done' }
  /** Acknowledged already: a copy with the reason is kept. */
  | { readonly kind: 'dead' }
  /** It comes again after so many milliseconds, as this delivery. */
  | { readonly kind: 'waits'; readonly milliseconds: number; readonly receiveCount: number }
  /** Whatever comes of it comes of another reader. */
  | { readonly kind: 'abandoned' };

/**
 * | outcome | what Redis is told |
 * |---|---|
 * | returned, skipped, parked, for another group alone, or of a type that the consumer does not declare | XACK |
 * | delivered more often than it may be, without an outcome | the copy, and XACK: its handler is not called |
 * | can't be read, PermanentError, or failed at its last delivery | the copy, and XACK, at once |
 * | the copy could not be written | it waits, as if it had failed before its last delivery |
 * | threw | it waits with full jitter, and is a delivery later |
 * | what it needs is not there (postponed) | it waits, and is no delivery later |
 */
export async function handleEntry<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  holder: Holder,
  entry: StreamEntry,
  receiveCount: number,
  run: EntryRun,
  retry: { readonly backoff: Backoff; readonly random: Random },
): Promise<EntryFate> {
  const onlyFor = entry.fields[ONLY_FOR];
  if (onlyFor !== undefined && onlyFor !== holder.group) return { kind: 'done' };
  // A group gets the whole stream: there is no filter before it, as a subscription of SNS has one.
  const { eventType } = entry.fields;
  if (eventType !== undefined && !consumer.contracts.some(({ name }) => name === eventType)) {
    return { kind: 'done' };
  }
  const message = asMessage(holder.keys, entry, receiveCount);
  let isDead = false;
  const { maxReceiveCount, controls } = consumer;
  if (controls === undefined && maxReceiveCount !== undefined && receiveCount > maxReceiveCount) {
    if (await deadLettered(consumer, holder, entry, receiveCount - 1, EXHAUSTED)) {
      consumer.logger.error('message dead-lettered', { messageId: message.messageId, ...EXHAUSTED });
      return { kind: 'dead' };
    }
    return { kind: 'waits', milliseconds: 1000 * retry.backoff.base, receiveCount };
  }
  const outcome = await handleMessage(consumer, message, {
    signal: run.signal,
    isOver: () => run.isOver(),
    deadLetter: async (_message, letter) => {
      isDead = await deadLettered(consumer, holder, entry, receiveCount, letter);
      return isDead;
    },
  });
  if (run.isOver()) return isAcknowledged(outcome) && !isDead ? { kind: 'done' } : { kind: 'abandoned' };
  if (isDead) return { kind: 'dead' };
  if (isAcknowledged(outcome)) return { kind: 'done' };
  if (outcome === 'postponed') {
    return { kind: 'waits', milliseconds: 1000 * postponementOf(message), receiveCount };
  }
  const seconds = fullJitter(retry.backoff, receiveCount, retry.random);
  return { kind: 'waits', milliseconds: Math.ceil(1000 * seconds), receiveCount: receiveCount + 1 };
}

const MAX_DETAIL_LENGTH = 256;

/** It was never told that its handling failed: a process that dies can tell nothing. */
const EXHAUSTED: DeadLetter = {
  reason: 'RECEIVES_EXHAUSTED',
  detail: 'its handling ended the process, or outlasted it, as often as it may be delivered',
};

async function deadLettered(
  consumer: Pick<Consumer, 'name' | 'logger'>,
  holder: Holder,
  entry: StreamEntry,
  receiveCount: number,
  letter: DeadLetter,
): Promise<boolean> {
  const { keys, group } = holder;
  const copy = {
    ...entry.fields,
    deadLetterReason: letter.reason,
    deadLetterDetail: letter.detail.slice(0, MAX_DETAIL_LENGTH),
    deadLetterConsumer: consumer.name,
    deadLetterReceiveCount: String(receiveCount),
    deadLetterSource: `${keys.name}@${entry.id}`,
  };
  try {
    const kept = await holder.connection.run(DEAD_LETTER, scriptKeys(holder), [
      group,
      holder.reader,
      entry.id,
      holder.token,
      ...Object.entries(copy).flat(),
    ]);
    return kept === 1;
  } catch (error) {
    consumer.logger.error('dead letter not written; the event comes again', {
      messageId: `${keys.name}@${entry.id}`,
      detail: describeError(error),
    });
    return false;
  }
}

/** @returns false where the entry is another reader's by now */
export async function delayEntry(
  holder: Holder,
  id: string,
  milliseconds: number,
  receiveCount: number,
): Promise<boolean> {
  const answer = await holder.connection.run(DELAY, scriptKeys(holder), [
    holder.group,
    holder.reader,
    id,
    holder.token,
    String(Math.max(0, Math.ceil(milliseconds))),
    String(receiveCount),
  ]);
  return answer === 1;
}

const scriptKeys = ({ keys, group }: Holder): string[] => [
  keys.stream,
  keys.delayed(group),
  keys.dead(group),
  keys.lease(group),
];
