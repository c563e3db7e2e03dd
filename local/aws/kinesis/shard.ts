/** One shard: its range of hash keys, its records in order, and what it can take and give in a second. */
import {
  GET_RECORDS_BYTES,
  GET_RECORDS_REST_MILLISECONDS,
  SHARD_READ_BYTES_PER_SECOND,
  SHARD_READ_CALLS_PER_SECOND,
  SHARD_WRITE_BYTES_PER_SECOND,
  SHARD_WRITE_RECORDS_PER_SECOND,
} from './limits.ts';
import { sequenceNumber } from './sequence-number.ts';
import { createThroughput } from './throughput.ts';

/** What lasts of a shard. */
export interface ShardData {
  readonly index: number;
  /** Hash keys from and to, both included, in decimal. */
  readonly from: string;
  readonly to: string;
  /** Seconds since the epoch. */
  readonly birth: number;
  readonly parentIndex: number | undefined;
  readonly adjacentParentIndex: number | undefined;
  /** The ordinal of the last record, once the shard is closed. */
  closedAt: number | undefined;
  /** Milliseconds since the epoch. */
  closedTime: number | undefined;
  /** The ordinal of the last record that expired. */
  trimmedTo: number;
}

export interface StoredRecord {
  readonly ordinal: number;
  /** Base64. */
  readonly data: string;
  readonly partitionKey: string;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** Bytes of data and partition key. */
  readonly bytes: number;
  readonly encrypted: boolean;
}

export interface Shard {
  readonly id: string;
  readonly data: ShardData;
  readonly closed: boolean;
  /** The ordinal that the next record gets. */
  readonly nextOrdinal: number;
  /** The oldest record's ordinal that is still kept, or the next one's. */
  readonly trimHorizon: number;
  sequenceNumber(ordinal: number): string;
  /** False when the shard's throughput does not allow it now. */
  admits(bytes: number, now: number): boolean;
  append(record: Omit<StoredRecord, 'ordinal'>): StoredRecord;
  /** Puts back what was kept; ordinals rise. */
  restore(record: StoredRecord): void;
  /** Records from an ordinal on, as many as fit into one answer. */
  read(from: number, limit: number): readonly StoredRecord[];
  /** Every record that is kept. */
  all(): readonly StoredRecord[];
  /** False when GetRecords is too soon. Counts the call. */
  admitsRead(now: number): boolean;
  chargeRead(bytes: number, now: number): void;
  /** The first ordinal that arrived at this time or later. */
  ordinalAt(time: number): number;
  /** Drops what arrived before this time; gives the ordinals dropped. */
  trim(before: number): readonly number[];
  close(now: number): void;
}

export function shardId(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`;
}

export function createShard(data: ShardData, maximumRecordBytes: () => number): Shard {
  const id = shardId(data.index);
  const recordRate = createThroughput(SHARD_WRITE_RECORDS_PER_SECOND);
  const readRate = createThroughput(SHARD_READ_CALLS_PER_SECOND);
  const readBytes = createThroughput(SHARD_READ_BYTES_PER_SECOND);
  let byteRate = createThroughput(SHARD_WRITE_BYTES_PER_SECOND);
  let byteBurst = SHARD_WRITE_BYTES_PER_SECOND;
  let restUntil = Number.NEGATIVE_INFINITY;
  let records: StoredRecord[] = [];
  /** How many records at the front of the list are trimmed; the list is cut when they are many. */
  let trimmed = 0;
  let nextOrdinal = (data.closedAt ?? data.trimmedTo) + 1;

  const at = (position: number): StoredRecord | undefined => records[trimmed + position];
  const kept = (): number => records.length - trimmed;
  /** The first position for which the test holds; it does not hold before and holds after it. */
  const search = (holds: (record: StoredRecord) => boolean): number => {
    let low = 0;
    let high = kept();
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = at(middle);
      if (record && holds(record)) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  return {
    id,
    data,
    get closed() {
      return data.closedAt !== undefined;
    },
    get nextOrdinal() {
      return nextOrdinal;
    },
    get trimHorizon() {
      return at(0)?.ordinal ?? nextOrdinal;
    },
    sequenceNumber: (ordinal) => sequenceNumber({ birth: data.birth, shardIndex: data.index, ordinal }),
    admits(bytes, now) {
      // Records above a second's worth of bytes pass as a burst, if the shard was quiet before.
      const burst = Math.max(SHARD_WRITE_BYTES_PER_SECOND, maximumRecordBytes());
      if (burst !== byteBurst) {
        byteBurst = burst;
        byteRate = createThroughput(SHARD_WRITE_BYTES_PER_SECOND, burst);
      }
      return byteRate.take(bytes, now) && recordRate.take(1, now);
    },
    append(record) {
      const stored = { ...record, ordinal: nextOrdinal++ };
      records.push(stored);
      return stored;
    },
    restore(record) {
      records.push(record);
      nextOrdinal = Math.max(nextOrdinal, record.ordinal + 1);
    },
    read(from, limit) {
      const start = search(({ ordinal }) => ordinal >= from);
      const found: StoredRecord[] = [];
      let bytes = 0;
      for (let position = start; found.length < limit; position++) {
        const record = at(position);
        if (!record) break;
        bytes += record.bytes;
        if (bytes > GET_RECORDS_BYTES && found.length > 0) break;
        found.push(record);
      }
      return found;
    },
    all: () => records.slice(trimmed),
    admitsRead(now) {
      return now >= restUntil && readBytes.open(now) && readRate.take(1, now);
    },
    chargeRead(bytes, now) {
      readBytes.charge(bytes, now);
      if (bytes >= GET_RECORDS_BYTES) restUntil = now + GET_RECORDS_REST_MILLISECONDS;
    },
    ordinalAt(time) {
      return at(search(({ arrivedAt }) => arrivedAt >= time))?.ordinal ?? nextOrdinal;
    },
    trim(before) {
      const count = search(({ arrivedAt }) => arrivedAt >= before);
      if (count === 0) return [];
      const dropped = records.slice(trimmed, trimmed + count).map(({ ordinal }) => ordinal);
      trimmed += count;
      data.trimmedTo = dropped.at(-1) ?? data.trimmedTo;
      if (trimmed > records.length / 2) {
        records = records.slice(trimmed);
        trimmed = 0;
      }
      return dropped;
    },
    close(now) {
      data.closedAt = nextOrdinal - 1;
      data.closedTime = now;
    },
  };
}
