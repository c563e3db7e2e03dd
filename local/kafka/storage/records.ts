/** The records within a batch, for those who must look inside: offsets by time, and the event source mapping. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { BATCH_HEADER_BYTES, baseOffsetOf, type RecordBatch } from './record-batch.ts';

export interface KafkaRecord {
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In their order; a name may be there more than once. */
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

/** Opens the records of a batch of a compression that Node.js has no code for, by its number. */
export type Decompress = (compression: number, bytes: Buffer) => Buffer;

const COMPRESSION = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Thrown for records that cannot be opened here. */
export class UnknownCompression extends Error {
  override readonly name = 'UnknownCompression';
}

/** @throws UnknownCompression for snappy and LZ4 unless `decompress` opens them */
export function readRecords(batch: RecordBatch, decompress?: Decompress): readonly KafkaRecord[] {
  const baseOffset = baseOffsetOf(batch);
  const bytes = open(batch, decompress);
  let at = 0;
  /** Signed, in zigzag encoding; exact up to 2^53. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const take = (length: number): Buffer | null => {
    if (length < 0) return null;
    at += length;
    return bytes.subarray(at - length, at);
  };
  return Array.from({ length: batch.recordCount }, () => {
    const end = varint() + at;
    at++; // Attributes: none are defined.
    const timestamp = batch.baseTimestamp + varint();
    const offset = baseOffset + varint();
    const key = take(varint());
    const value = take(varint());
    const headers = Array.from(
      { length: varint() },
      () => [take(varint())?.toString('utf8') ?? '', take(varint())] as const,
    );
    at = end;
    return { offset, timestamp: batch.isLogAppendTime ? batch.maxTimestamp : timestamp, key, value, headers };
  });
}

function open({ buffer, compression }: RecordBatch, decompress: Decompress | undefined): Buffer {
  const bytes = buffer.subarray(BATCH_HEADER_BYTES);
  switch (compression) {
    case COMPRESSION.none:
      return bytes;
    case COMPRESSION.gzip:
      return gunzipSync(bytes);
    case COMPRESSION.zstd:
      return zstdDecompressSync(bytes);
    default:
      if (decompress) return decompress(compression, bytes);
      throw new UnknownCompression(`records compressed by method ${compression} cannot be opened here`);
  }
}
