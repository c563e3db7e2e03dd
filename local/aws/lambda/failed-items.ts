/** The fault that fails some items of a batch: adds them to what the function answered. */
import type { LambdaFaults } from './faults.ts';

interface BatchRecord {
  readonly messageId?: string;
  readonly kinesis?: { readonly sequenceNumber?: string };
  readonly dynamodb?: { readonly SequenceNumber?: string };
}

/** @returns the answer as JSON, with `batchItemFailures` for about this share of the event's records */
export function withFailedItems(
  payload: string,
  answer: string,
  share: number,
  faults: Pick<LambdaFaults, 'random'>,
): string {
  const { Records } = JSON.parse(payload) as { readonly Records?: readonly BatchRecord[] };
  const chosen = (Records ?? [])
    .filter(() => faults.random() < share)
    .map(({ messageId, kinesis, dynamodb }) => ({
      itemIdentifier: messageId ?? kinesis?.sequenceNumber ?? dynamodb?.SequenceNumber,
    }));
  const parsed: unknown = JSON.parse(answer);
  const given = typeof parsed === 'object' && parsed !== null ? parsed : {};
  const reported =
    'batchItemFailures' in given && Array.isArray(given.batchItemFailures)
      ? (given.batchItemFailures as unknown[])
      : [];
  return JSON.stringify({ ...given, batchItemFailures: [...reported, ...chosen] });
}
