/** Writes the primitive types of Kafka's protocol. Large byte strings are passed on as they are, not copied. */

const FIRST_CHUNK_BYTES = 512;
/** From here on a byte string becomes a chunk of its own. */
const PASS_ON_BYTES = 1024;

export interface Writer {
  readonly version: number;
  readonly flexible: boolean;
  int8(value: number): void;
  int16(value: number): void;
  int32(value: number): void;
  int64(value: number): void;
  /** Unsigned. */
  varint(value: number): void;
  uuid(value: string): void;
  string(value: string | null): void;
  bytes(value: Buffer | readonly Buffer[] | null): void;
  arrayLength(value: number | null): void;
  noTaggedFields(): void;
  /** What was written, in order, with its length in front as every message has it. */
  message(): readonly Buffer[];
}

export function createWriter(version: number, flexible: boolean): Writer {
  const chunks: Buffer[] = [];
  let chunk = Buffer.allocUnsafe(FIRST_CHUNK_BYTES);
  let used = 0;
  let total = 0;

  const finishChunk = (): void => {
    if (used > 0) chunks.push(chunk.subarray(0, used));
    chunk = chunk.subarray(used);
    used = 0;
  };
  /** The place of so many bytes. */
  const room = (length: number): number => {
    if (used + length > chunk.length) {
      const size = Math.max(chunk.length * 2, length, FIRST_CHUNK_BYTES);
      finishChunk();
      chunk = Buffer.allocUnsafe(size);
    }
    const place = used;
    used += length;
    total += length;
    return place;
  };
  const raw = (bytes: Buffer): void => {
    if (bytes.length < PASS_ON_BYTES) {
      const place = room(bytes.length);
      bytes.copy(chunk, place);
      return;
    }
    finishChunk();
    chunks.push(bytes);
    total += bytes.length;
  };
  const int16 = (value: number): void => {
    const place = room(2);
    chunk.writeInt16BE(value, place);
  };
  const int32 = (value: number): void => {
    const place = room(4);
    chunk.writeInt32BE(value, place);
  };
  const varint = (value: number): void => {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      const place = room(1);
      chunk[place] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    const place = room(1);
    chunk[place] = rest;
  };

  return {
    version,
    flexible,
    int8(value) {
      const place = room(1);
      chunk.writeInt8(value, place);
    },
    int16,
    int32,
    int64(value) {
      const place = room(8);
      chunk.writeBigInt64BE(BigInt(value), place);
    },
    varint,
    uuid: (value) => raw(Buffer.from(value, 'base64url')),
    string(value) {
      if (value === null) {
        if (flexible) varint(0);
        else int16(-1);
        return;
      }
      const bytes = Buffer.from(value, 'utf8');
      if (flexible) varint(bytes.length + 1);
      else int16(bytes.length);
      raw(bytes);
    },
    bytes(value) {
      if (value === null) {
        if (flexible) varint(0);
        else int32(-1);
        return;
      }
      const parts = Buffer.isBuffer(value) ? [value] : value;
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      if (flexible) varint(length + 1);
      else int32(length);
      for (const part of parts) raw(part);
    },
    arrayLength(value) {
      if (flexible) varint(value === null ? 0 : value + 1);
      else int32(value ?? -1);
    },
    noTaggedFields: () => varint(0),
    message() {
      finishChunk();
      const length = Buffer.allocUnsafe(4);
      length.writeInt32BE(total);
      return [length, ...chunks];
    },
  };
}
