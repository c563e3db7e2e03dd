/** Faults and the items of a batch: which ones they hit, and the fault that adds some to those the function failed. */
import type { LambdaFaults } from './faults.ts';

interface BatchRecord {
  readonly messageId?: string;
  readonly kinesis?: { readonly sequenceNumber?: string };
  readonly dynamodb?: { readonly SequenceNumber?: string };
}

interface BatchEvent {
  readonly Records?: readonly BatchRecord[];
  /** Of Kafka, by topic and partition. */
  readonly records?: Readonly<Record<string, readonly { readonly offset: number }[]>>;
}

/** What the items of an event are called in `batchItemFailures`. */
function itemsOf(payload: string): readonly unknown[] {
  const { Records, records } = JSON.parse(payload) as BatchEvent;
  if (records) {
    return Object.entries(records).flatMap(([partition, list]) =>
      list.map(({ offset }) => ({ partition, offset })),
    );
  }
  return (Records ?? []).map(
    ({ messageId, kinesis, dynamodb }) => messageId ?? kinesis?.sequenceNumber ?? dynamodb?.SequenceNumber,
  );
}

/** Of the SQS messages in an event; empty for any other event. */
export function messageIdsOf(payload: string): readonly string[] {
  const event = JSON.parse(payload) as { readonly Records?: unknown } | null;
  if (!Array.isArray(event?.Records)) return [];
  return (event.Records as readonly (BatchRecord | null)[]).flatMap((record) => record?.messageId ?? []);
}

/** @returns the answer as JSON, with `batchItemFailures` for about this share of the event's records */
export function withFailedItems(
  payload: string,
  answer: string,
  share: number,
  faults: Pick<LambdaFaults, 'random'>,
): string {
  const chosen = itemsOf(payload)
    .filter(() => faults.random() < share)
    .map((itemIdentifier) => ({ itemIdentifier }));
  const parsed: unknown = JSON.parse(answer);
  const given = typeof parsed === 'object' && parsed !== null ? parsed : {};
  const reported =
    'batchItemFailures' in given && Array.isArray(given.batchItemFailures)
      ? (given.batchItemFailures as unknown[])
      : [];
  return JSON.stringify({ ...given, batchItemFailures: [...reported, ...chosen] });
}
