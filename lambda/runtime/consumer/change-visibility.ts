/** Applies visibility changes to a queue. */
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import { SQS_LIMITS } from '../transports/limits.ts';
import { positional } from '../transports/batch-answer.ts';
import { callFailure } from '../transports/call-error.ts';
import type { EntryFailure } from '../transports/call-error.ts';
import type { VisibilityChange } from './visibility.ts';

/**
 * Resolves with the failure of each change by position, undefined where it worked. Never rejects: a message
 * whose visibility was not changed comes back at its visibility timeout, which is late but not lost.
 */
export async function changeVisibility(
  queueUrl: string,
  changes: readonly VisibilityChange[],
  options: { readonly client?: SqsSender | undefined; readonly signal?: AbortSignal | undefined },
): Promise<(EntryFailure | undefined)[]> {
  const results: (EntryFailure | undefined)[] = [];
  for (let from = 0; from < changes.length; from += SQS_LIMITS.entries) {
    const batch = changes.slice(from, from + SQS_LIMITS.entries);
    results.push(...(await changeBatch(queueUrl, batch, options)));
  }
  return results;
}

async function changeBatch(
  queueUrl: string,
  changes: readonly VisibilityChange[],
  options: { readonly client?: SqsSender | undefined; readonly signal?: AbortSignal | undefined },
): Promise<(EntryFailure | undefined)[]> {
  try {
    const { api, client } = await sqs(options.client);
    const answer = await client.send(
      new api.ChangeMessageVisibilityBatchCommand({
        QueueUrl: queueUrl,
        Entries: changes.map(({ record, seconds }, position) => ({
          Id: String(position),
          ReceiptHandle: record.receiptHandle,
          VisibilityTimeout: seconds,
        })),
      }),
      options.signal === undefined ? {} : { abortSignal: options.signal },
    );
    return positional(changes.length, answer);
  } catch (error) {
    const failure = callFailure(error);
    return changes.map(() => failure);
  }
}
