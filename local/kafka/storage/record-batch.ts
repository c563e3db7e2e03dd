/**
 * Record batches of format 2: what the broker looks at, and the three fields that it writes. Records stay as they
 * came, compressed or not. https://kafka.apache.org/documentation/#recordbatch
 */
import { KafkaError } from '../errors.ts';
import { crc32c } from './crc32c.ts';

/** Where the fields of the header are, in bytes from the batch's beginning. */
const AT = {
  baseOffset: 0,
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const;
export const BATCH_HEADER_BYTES = 61;
/** The bytes before the length counts. */
const LENGTH_STARTS_AFTER = 12;
const MAGIC = 2;
const COMPRESSION_BITS = 0x07;
const LOG_APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;

export interface RecordBatch {
  /** The whole batch. Its base offset, leader epoch and, for log append time, its times are the broker's. */
  readonly buffer: Buffer;
  readonly recordCount: number;
  /** Milliseconds since the epoch. */
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  readonly compression: number;
  /** Times are the broker's, not the producer's. */
  readonly isLogAppendTime: boolean;
  /** -1 when the producer is not idempotent. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/**
 * The batches of a produce request, each in memory of its own.
 *
 * @throws KafkaError CORRUPT_MESSAGE for a wrong checksum or length, UNSUPPORTED_FOR_MESSAGE_FORMAT for formats 0
 * and 1, INVALID_RECORD for a count that cannot be, INVALID_REQUEST for what only brokers write
 */
export function readBatches(bytes: Buffer): readonly RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < BATCH_HEADER_BYTES) throw corrupt('a batch ends within its header');
    if (bytes.readInt8(at + AT.magic) !== MAGIC) {
      throw new KafkaError('UNSUPPORTED_FOR_MESSAGE_FORMAT', 'record batches must be of format 2');
    }
    const length = LENGTH_STARTS_AFTER + bytes.readInt32BE(at + AT.length);
    if (length < BATCH_HEADER_BYTES || at + length > bytes.length)
      throw corrupt('a batch has a wrong length');
    batches.push(readBatch(Buffer.from(bytes.subarray(at, at + length))));
    at += length;
  }
  return batches;
}

function readBatch(buffer: Buffer): RecordBatch {
  if (crc32c(buffer.subarray(AT.attributes)) !== buffer.readUInt32BE(AT.crc)) {
    throw corrupt('the checksum of a batch does not match');
  }
  const attributes = buffer.readInt16BE(AT.attributes);
  if (attributes & CONTROL_BIT)
    throw new KafkaError('INVALID_REQUEST', 'control batches are not for clients');
  if (attributes & TRANSACTIONAL_BIT) {
    throw new KafkaError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'there are no transactions here');
  }
  const batch = viewBatch(buffer);
  if (batch.recordCount < 1 || buffer.readInt32BE(AT.lastOffsetDelta) !== batch.recordCount - 1) {
    throw new KafkaError('INVALID_RECORD', 'the number of records does not match their offsets');
  }
  return batch;
}

/** A batch without any check: one that a broker sent. */
export function viewBatch(buffer: Buffer): RecordBatch {
  const attributes = buffer.readInt16BE(AT.attributes);
  return {
    buffer,
    recordCount: buffer.readInt32BE(AT.recordCount),
    baseTimestamp: Number(buffer.readBigInt64BE(AT.baseTimestamp)),
    maxTimestamp: Number(buffer.readBigInt64BE(AT.maxTimestamp)),
    compression: attributes & COMPRESSION_BITS,
    isLogAppendTime: (attributes & LOG_APPEND_TIME_BIT) !== 0,
    producerId: Number(buffer.readBigInt64BE(AT.producerId)),
    producerEpoch: buffer.readInt16BE(AT.producerEpoch),
    baseSequence: buffer.readInt32BE(AT.baseSequence),
  };
}

/** The whole batches of a fetch response; the last one may be cut off and is left out. Control batches too. */
export function viewBatches(bytes: Buffer): readonly RecordBatch[] {
  const batches: RecordBatch[] = [];
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length;) {
    const length = LENGTH_STARTS_AFTER + bytes.readInt32BE(at + AT.length);
    if (at + length > bytes.length) break;
    const buffer = bytes.subarray(at, at + length);
    if (buffer.readInt8(AT.magic) === MAGIC && !(buffer.readInt16BE(AT.attributes) & CONTROL_BIT)) {
      batches.push(viewBatch(buffer));
    }
    at += length;
  }
  return batches;
}

export function baseOffsetOf(batch: RecordBatch): number {
  return Number(batch.buffer.readBigInt64BE(AT.baseOffset));
}

/** Gives the batch its place in the log. These two fields are outside the checksum. */
export function place(batch: RecordBatch, baseOffset: number, leaderEpoch: number): void {
  batch.buffer.writeBigInt64BE(BigInt(baseOffset), AT.baseOffset);
  batch.buffer.writeInt32BE(leaderEpoch, AT.leaderEpoch);
}

/** The batch with the broker's time on all its records (`message.timestamp.type=LogAppendTime`). */
export function withLogAppendTime(batch: RecordBatch, now: number): RecordBatch {
  const { buffer } = batch;
  buffer.writeInt16BE(buffer.readInt16BE(AT.attributes) | LOG_APPEND_TIME_BIT, AT.attributes);
  buffer.writeBigInt64BE(BigInt(now), AT.maxTimestamp);
  buffer.writeUInt32BE(crc32c(buffer.subarray(AT.attributes)), AT.crc);
  return viewBatch(buffer);
}

function corrupt(message: string): KafkaError {
  return new KafkaError('CORRUPT_MESSAGE', message);
}
