/**
 * Remembers deduplication ids for five minutes after the first send, also when the message is long deleted.
 * "Exactly-once processing", FIFO-queues-exactly-once-processing.html
 */
import type { ContentKeeper, KeptDeduplication } from './kept.ts';
import { DEDUPLICATION_MILLISECONDS } from './limits.ts';

export interface FirstSend {
  readonly messageId: string;
  readonly sequenceNumber: string;
}

export interface Deduplication {
  /** The send that this one repeats, if it is a repetition. */
  find(key: string, now: number): FirstSend | undefined;
  remember(key: string, first: FirstSend, now: number): void;
}

/** `DeduplicationScope`: ids are compared within the whole queue, or within the message group. */
export function deduplicationKey(scope: string, groupId: string, deduplicationId: string): string {
  return scope === 'messageGroup' ? `${groupId}\n${deduplicationId}` : deduplicationId;
}

/** `keeper` keeps what is remembered for the next process, which is given it as `remembered`. */
export function createDeduplication(
  keeper?: Pick<ContentKeeper, 'deduplicated' | 'forgotten'>,
  remembered: readonly KeptDeduplication[] = [],
): Deduplication {
  // Insertion order is order of expiry, since every id is kept for the same time.
  const seen = new Map<string, { readonly first: FirstSend; readonly until: number }>();
  for (const { key, first, until } of remembered) seen.set(key, { first, until });
  const forgetOld = (now: number): void => {
    for (const [key, { until }] of seen) {
      if (until > now) break;
      seen.delete(key);
      keeper?.forgotten(key);
    }
  };
  return {
    find(key, now) {
      forgetOld(now);
      return seen.get(key)?.first;
    },
    remember(key, first, now) {
      const until = now + DEDUPLICATION_MILLISECONDS;
      seen.set(key, { first, until });
      keeper?.deduplicated({ key, first, until });
    },
  };
}
