/** Deletes messages that are done with, in batch calls, and remembers those it could not delete. */
import { fullJitter } from '../backoff.ts';
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import { sleep } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import { positional } from '../transports/batch-answer.ts';
import { callFailure } from '../transports/call-error.ts';
import type { EntryFailure } from '../transports/call-error.ts';
import { SQS_LIMITS } from '../transports/limits.ts';
import type { SqsRecord } from '../types.ts';
import { groupCalls } from '../consumer/group-calls.ts';

export interface MessageDeletion {
  /** Resolves false when the message could not be deleted. It is then remembered. */
  delete(record: SqsRecord): Promise<boolean>;
  /** True when this message was done with but could not be deleted. */
  isRemembered(record: SqsRecord): boolean;
}

const ATTEMPTS = 3;
/** Milliseconds. */
const BACKOFF = { base: 100, cap: 1_000 };
/** Messages remembered at most. The oldest is forgotten first: it would be handled twice, which an inbox absorbs. */
const MAX_REMEMBERED = 10_000;

export function messageDeletion(
  queueUrl: string,
  options: { readonly client: SqsSender | undefined; readonly clock: Clock; readonly random: Random },
): MessageDeletion {
  const remembered = new Set<string>();
  const calls = groupCalls<SqsRecord, EntryFailure | undefined>(SQS_LIMITS.entries, async (records) => {
    try {
      const { api, client } = await sqs(options.client);
      const answer = await client.send(
        new api.DeleteMessageBatchCommand({
          QueueUrl: queueUrl,
          // Ids by position: a standard queue may deliver a message twice, and equal ids refuse the whole call.
          Entries: records.map(({ receiptHandle }, position) => ({
            Id: String(position),
            ReceiptHandle: receiptHandle,
          })),
        }),
      );
      return positional(records.length, answer);
    } catch (error) {
      const failure = callFailure(error);
      return records.map(() => failure);
    }
  });

  return {
    isRemembered: ({ messageId }) => remembered.has(messageId),
    async delete(record) {
      for (let attempt = 1; ; attempt += 1) {
        const failure = await calls.add(record);
        if (failure === undefined) {
          remembered.delete(record.messageId);
          return true;
        }
        if (!failure.retryNow || attempt === ATTEMPTS) break;
        await sleep(options.clock, fullJitter(BACKOFF, attempt, options.random));
      }
      remembered.add(record.messageId);
      if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.values().next().value!);
      return false;
    },
  };
}
