/**
 * Sends records to one topic in batches (D1, D2). Unlike the batch calls of AWS, a batch of Kafka is taken or refused
 * as a whole and keeps its order, so that a key needs no call of its own for each record.
 */
import type { EntryFailure } from '../transports/call-error.ts';
import { kafkaFailure } from './kafka-error.ts';
import type { OutgoingRecord, RecordProducer } from './producers.ts';

export interface RecordToSend extends OutgoingRecord {
  readonly eventId: string;
}

export interface RecordFailure extends EntryFailure {
  readonly eventId: string;
}

/** Room for what a record needs beside its content: lengths, offsets, timestamps (Kafka, "Record format"). */
const RECORD_OVERHEAD_BYTES = 64;

/**
 * | a batch | then |
 * |---|---|
 * | is taken | the next one of the partition follows |
 * | is refused for its content | its records go one by one: only the culprit fails, and holds back its key |
 * | fails otherwise, after the client's retries | it fails, and the rest of the partition is not sent |
 *
 * @param maximumBytes of a batch and of a record
 */
export async function sendRecords(
  producer: RecordProducer,
  topic: string,
  records: readonly RecordToSend[],
  maximumBytes: number,
): Promise<RecordFailure[]> {
  let partitions: number;
  try {
    partitions = await producer.partitions(topic);
  } catch (error) {
    const failure = kafkaFailure(error);
    return records.map(({ eventId }) => ({ ...failure, eventId }));
  }
  const byPartition = new Map<number, RecordToSend[]>();
  for (const record of records) {
    const partition = producer.partitionOf(record.key, partitions);
    const known = byPartition.get(partition);
    if (known === undefined) byPartition.set(partition, [record]);
    else known.push(record);
  }
  const failures = await Promise.all(
    [...byPartition].map(([partition, ofPartition]) =>
      sendToPartition((batch) => producer.send(topic, partition, batch), ofPartition, maximumBytes),
    ),
  );
  return failures.flat();
}

async function sendToPartition(
  send: (batch: readonly RecordToSend[]) => Promise<void>,
  records: readonly RecordToSend[],
  maximumBytes: number,
): Promise<RecordFailure[]> {
  const failed: RecordFailure[] = [];
  /** The failure that holds back a key. */
  const heldKeys = new Map<string, RecordFailure>();
  /** The failure that holds back the partition. */
  let broken: RecordFailure | undefined;

  const fail = (record: RecordToSend, failure: EntryFailure): RecordFailure => {
    const given = { ...failure, eventId: record.eventId };
    failed.push(given);
    heldKeys.set(record.key, heldKeys.get(record.key) ?? given);
    return given;
  };

  const sendBatch = async (batch: readonly RecordToSend[]): Promise<void> => {
    const sendable: RecordToSend[] = [];
    for (const record of batch) {
      const before = broken ?? heldKeys.get(record.key);
      if (before !== undefined) failed.push(held(record, before));
      else if (bytesOf(record) > maximumBytes) fail(record, tooLarge(bytesOf(record), maximumBytes));
      else sendable.push(record);
    }
    if (sendable.length === 0) return;
    try {
      await send(sendable);
    } catch (error) {
      const failure = kafkaFailure(error);
      if (failure.messageAtFault && sendable.length > 1) {
        for (const record of sendable) await sendBatch([record]);
      } else {
        const failures = sendable.map((record) => fail(record, failure));
        if (!failure.messageAtFault) broken = failures[0];
      }
    }
  };

  for (const batch of batchesOf(records, maximumBytes)) await sendBatch(batch);
  return failed;
}

/** Packed by bytes, in their order. What is larger than any batch is one by itself. */
function batchesOf(records: readonly RecordToSend[], maximumBytes: number): RecordToSend[][] {
  const batches: RecordToSend[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = bytesOf(record);
    if (bytes + size > maximumBytes) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(record);
    bytes += size;
  }
  return batches;
}

function bytesOf({ key, value, headers }: OutgoingRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const [name, text] of Object.entries(headers)) bytes += name.length + Buffer.byteLength(text) + 4;
  return bytes;
}

const held = (record: RecordToSend, before: RecordFailure): RecordFailure => ({
  eventId: record.eventId,
  code: 'WAYBILL_ORDER_HELD',
  message: `not sent, to keep the order of its key: event ${before.eventId} before it failed with ${before.code}`,
  messageAtFault: false,
  retryNow: false,
});

const tooLarge = (bytes: number, maximumBytes: number): EntryFailure => ({
  code: 'WAYBILL_EVENT_TOO_LARGE',
  message: `the event takes ${bytes} bytes on the wire, the limit is ${maximumBytes}: keep large content in S3 and publish its address, or raise the topic's max.message.bytes and maximumMessageBytes`,
  messageAtFault: true,
  retryNow: false,
});
