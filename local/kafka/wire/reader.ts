/** Reads the primitive types of Kafka's protocol from a request. https://kafka.apache.org/protocol.html#protocol_types */

/** A request that ends too early or holds a length that cannot be. The connection is closed, as Kafka does. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

export interface Reader {
  /** The version of the message, for fields that come and go with versions. */
  readonly version: number;
  /** Whether lengths are compact and structures end in tagged fields (KIP-482). */
  readonly flexible: boolean;
  int8(): number;
  int16(): number;
  int32(): number;
  /** Exact up to 2^53. */
  int64(): number;
  varint(): number;
  uuid(): string;
  string(): string | null;
  bytes(): Buffer | null;
  /** -1 for null. */
  arrayLength(): number;
  skipTaggedFields(): void;
  position(): number;
}

export function createReader(buffer: Buffer, start: number, version: number, flexible: boolean): Reader {
  let at = start;

  const take = (length: number): number => {
    const from = at;
    if (length < 0 || from + length > buffer.length) {
      throw new MalformedMessage(`${length} bytes were expected at ${from} of ${buffer.length}`);
    }
    at += length;
    return from;
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = buffer[take(1)] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new MalformedMessage(`a variable-length number at ${at} has no end`);
  };
  const slice = (length: number): Buffer => {
    const from = take(length);
    return buffer.subarray(from, from + length);
  };

  return {
    version,
    flexible,
    int8: () => buffer.readInt8(take(1)),
    int16: () => buffer.readInt16BE(take(2)),
    int32: () => buffer.readInt32BE(take(4)),
    int64: () => Number(buffer.readBigInt64BE(take(8))),
    varint,
    uuid: () => slice(16).toString('base64url'),
    string() {
      const length = flexible ? varint() - 1 : buffer.readInt16BE(take(2));
      return length < 0 ? null : slice(length).toString('utf8');
    },
    bytes() {
      const length = flexible ? varint() - 1 : buffer.readInt32BE(take(4));
      return length < 0 ? null : slice(length);
    },
    arrayLength() {
      const length = flexible ? varint() - 1 : buffer.readInt32BE(take(4));
      if (length > buffer.length - at) throw new MalformedMessage(`an array of ${length} does not fit`);
      return length;
    },
    skipTaggedFields() {
      for (let left = varint(); left > 0; left--) {
        varint();
        take(varint());
      }
    },
    position: () => at,
  };
}
