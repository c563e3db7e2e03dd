/** The log of one partition, in memory: batches in the order of their offsets, dropped from the old end. */
import { KafkaError } from '../errors.ts';
import { createProducerSequences } from './producer-sequences.ts';
import { place, withLogAppendTime, type RecordBatch } from './record-batch.ts';
import { readRecords, UnknownCompression } from './records.ts';
import type { TopicSettings } from './topic-configs.ts';

/** One broker leads every partition for ever: there is one leader epoch. */
export const LEADER_EPOCH = 0;
/** Dropped batches are cut off the array when there are so many. */
const CUT_AFTER = 1024;

export interface Appended {
  readonly baseOffset: number;
  /** -1 when the batch keeps the producer's times. */
  readonly logAppendTime: number;
}

export interface OffsetAtTime {
  readonly offset: number;
  readonly timestamp: number;
}

export interface PartitionLog {
  startOffset(): number;
  /** The offset that the next record gets: also the high watermark and the last stable offset. */
  endOffset(): number;
  append(batches: readonly RecordBatch[], now: number): Appended;
  /**
   * Whole batches from the one that holds `offset`, as many as fit.
   *
   * @param atLeastOne the first batch is given even if it does not fit
   * @throws KafkaError OFFSET_OUT_OF_RANGE
   */
  read(offset: number, maximumBytes: number, atLeastOne: boolean): readonly Buffer[];
  /** Bytes that can be read from `offset` on, at most `enough`. */
  available(offset: number, enough: number): number;
  /** The first record of that time or later; undefined when there is none. */
  atTime(timestamp: number): OffsetAtTime | undefined;
  /** The record with the latest time. */
  atLatestTime(): OffsetAtTime | undefined;
  /** Drops what is before `offset` (DeleteRecords). */
  deleteBefore(offset: number): void;
  /** Called at every append, until the returned function is called. */
  observe(listener: () => void): () => void;
}

interface StoredBatch {
  readonly baseOffset: number;
  /** The offset after its last record. */
  readonly nextOffset: number;
  readonly batch: RecordBatch;
}

export function createPartitionLog(settings: () => TopicSettings): PartitionLog {
  let batches: StoredBatch[] = [];
  /** Index of the oldest batch that is still there. */
  let head = 0;
  let bytes = 0;
  let start = 0;
  let end = 0;
  const sequences = createProducerSequences();
  const listeners = new Set<() => void>();

  /** Index of the batch that holds the offset or, in a gap, of the next one. */
  const indexOf = (offset: number): number => {
    let [low, high] = [head, batches.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((batches[middle]?.nextOffset ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  const dropOldest = (): void => {
    const oldest = batches[head];
    if (!oldest) return;
    bytes -= oldest.batch.buffer.length;
    head++;
    start = Math.max(start, oldest.nextOffset);
    if (head >= CUT_AFTER) {
      batches = batches.slice(head);
      head = 0;
    }
  };

  const retain = (now: number): void => {
    const { retentionBytes, retentionMilliseconds } = settings();
    while (batches.length - head > 1) {
      const oldest = batches[head];
      const isOld = oldest !== undefined && oldest.batch.maxTimestamp < now - retentionMilliseconds;
      if (bytes <= retentionBytes && !isOld) return;
      dropOldest();
    }
  };

  const recordsAt = ({ batch, baseOffset }: StoredBatch, wanted: (time: number) => boolean): OffsetAtTime => {
    try {
      for (const { offset, timestamp } of readRecords(batch))
        if (wanted(timestamp)) return { offset, timestamp };
    } catch (thrown) {
      // The batch's first record is before the time that is looked for: early, but nothing is missed.
      if (!(thrown instanceof UnknownCompression)) throw thrown;
    }
    return { offset: baseOffset, timestamp: batch.baseTimestamp };
  };

  return {
    startOffset: () => start,
    endOffset: () => end,
    append(given, now) {
      const { maximumMessageBytes, isLogAppendTime } = settings();
      for (const { buffer } of given) {
        if (buffer.length <= maximumMessageBytes) continue;
        throw new KafkaError(
          'MESSAGE_TOO_LARGE',
          `a batch of ${buffer.length} bytes; ${maximumMessageBytes} may be`,
        );
      }
      let baseOffset: number | undefined;
      for (const one of given) {
        const known = sequences.check(one);
        baseOffset ??= known ?? end;
        if (known !== undefined) continue;
        const batch = isLogAppendTime ? withLogAppendTime(one, now) : one;
        place(batch, end, LEADER_EPOCH);
        sequences.written(batch, end);
        batches.push({ baseOffset: end, nextOffset: end + batch.recordCount, batch });
        end += batch.recordCount;
        bytes += batch.buffer.length;
      }
      retain(now);
      for (const listener of listeners) listener();
      return { baseOffset: baseOffset ?? end, logAppendTime: isLogAppendTime ? now : -1 };
    },
    read(offset, maximumBytes, atLeastOne) {
      if (offset < start || offset > end) {
        throw new KafkaError('OFFSET_OUT_OF_RANGE', `offset ${offset} is not within ${start} to ${end}`);
      }
      const found: Buffer[] = [];
      let left = maximumBytes;
      for (let index = indexOf(offset); index < batches.length; index++) {
        const buffer = batches[index]?.batch.buffer;
        if (!buffer || (buffer.length > left && !(atLeastOne && found.length === 0))) break;
        found.push(buffer);
        left -= buffer.length;
      }
      return found;
    },
    available(offset, enough) {
      let sum = 0;
      for (let index = indexOf(offset); index < batches.length && sum < enough; index++) {
        sum += batches[index]?.batch.buffer.length ?? 0;
      }
      return sum;
    },
    atTime(timestamp) {
      for (let index = head; index < batches.length; index++) {
        const stored = batches[index];
        if (stored && stored.batch.maxTimestamp >= timestamp)
          return recordsAt(stored, (time) => time >= timestamp);
      }
      return undefined;
    },
    atLatestTime() {
      let latest: StoredBatch | undefined;
      for (let index = head; index < batches.length; index++) {
        const stored = batches[index];
        if (stored && (!latest || stored.batch.maxTimestamp > latest.batch.maxTimestamp)) latest = stored;
      }
      const time = latest?.batch.maxTimestamp;
      return latest && recordsAt(latest, (timestamp) => timestamp === time);
    },
    deleteBefore(offset) {
      if (offset > end || offset < 0) throw new KafkaError('OFFSET_OUT_OF_RANGE', `the log ends at ${end}`);
      start = Math.max(start, offset);
      while (head < batches.length && (batches[head]?.nextOffset ?? Infinity) <= start) dropOldest();
    },
    observe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
