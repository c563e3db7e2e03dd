/**
 * CBOR, as far as Smithy's RPC v2 protocol uses it. Byte strings are base64 texts on our side, and times are
 * seconds since the epoch, as in the JSON protocols.
 * RFC 8949, https://www.rfc-editor.org/rfc/rfc8949
 */

/** The tag of a time in seconds since the epoch. */
const EPOCH_TIME_TAG = 1;
/** Arrays and maps within each other. */
const MAXIMUM_DEPTH = 64;
const BREAK = Symbol('the end of something of unknown length');

/** Reads one value. Throws an Error that says what is wrong with the bytes. */
export function decodeCbor(bytes: Buffer): unknown {
  let at = 0;

  const take = (count: number): Buffer => {
    if (count > bytes.length - at) throw new Error('the bytes end in the middle of a value');
    at += count;
    return bytes.subarray(at - count, at);
  };

  /** A head's number; undefined for "of unknown length". */
  const argument = (low: number): number | undefined => {
    if (low < 24) return low;
    if (low === 24) return take(1).readUInt8();
    if (low === 25) return take(2).readUInt16BE();
    if (low === 26) return take(4).readUInt32BE();
    if (low === 27) return Number(take(8).readBigUInt64BE());
    if (low === 31) return undefined;
    throw new Error(`additional information ${low} is not used by CBOR`);
  };

  const chunks = (length: number | undefined, depth: number): Buffer => {
    if (length !== undefined) return take(length);
    const parts: Buffer[] = [];
    for (let head = take(1).readUInt8(); head !== 0xff; head = take(1).readUInt8()) {
      parts.push(chunks(argument(head & 0x1f), depth + 1));
    }
    return Buffer.concat(parts);
  };

  const items = (length: number | undefined, depth: number): unknown[] => {
    const values: unknown[] = [];
    for (let left = length ?? Infinity; left > 0; left--) {
      const item = value(depth + 1);
      if (item === BREAK) break;
      values.push(item);
    }
    return values;
  };

  const entries = (length: number | undefined, depth: number): Record<string, unknown> => {
    const map: [string, unknown][] = [];
    for (let left = length ?? Infinity; left > 0; left--) {
      const key = value(depth + 1);
      if (key === BREAK) break;
      if (typeof key !== 'string') throw new Error('a key is not a text');
      map.push([key, value(depth + 1)]);
    }
    return Object.fromEntries(map);
  };

  const simple = (low: number): unknown => {
    if (low === 20) return false;
    if (low === 21) return true;
    if (low === 22 || low === 23) return null;
    if (low === 25) return halfFloat(take(2).readUInt16BE());
    if (low === 26) return take(4).readFloatBE();
    if (low === 27) return take(8).readDoubleBE();
    if (low === 31) return BREAK;
    throw new Error(`simple value ${low} is not known`);
  };

  const value = (depth: number): unknown => {
    if (depth > MAXIMUM_DEPTH) throw new Error(`values are more than ${MAXIMUM_DEPTH} levels deep`);
    const head = take(1).readUInt8();
    const low = head & 0x1f;
    switch (head >> 5) {
      case 0:
        return argument(low);
      case 1:
        return -1 - (argument(low) ?? 0);
      case 2:
        return chunks(argument(low), depth).toString('base64');
      case 3:
        return chunks(argument(low), depth).toString('utf8');
      case 4:
        return items(argument(low), depth);
      case 5:
        return entries(argument(low), depth);
      case 6:
        argument(low);
        return value(depth + 1);
      default:
        return simple(low);
    }
  };

  const decoded = value(0);
  if (decoded === BREAK) throw new Error('there is an end without a beginning');
  return decoded;
}

/**
 * Writes a JSON value. Members of one of these names, and the items of lists of these names, are times; texts of the
 * other names are base64 and become byte strings. Numbers under one of `doubles`, at any depth, are floating point even
 * when they are whole: some clients take nothing else for a double.
 */
export function encodeCbor(
  value: unknown,
  timestamps: ReadonlySet<string>,
  blobs: ReadonlySet<string> = new Set(),
  doubles: ReadonlySet<string> = new Set(),
): Buffer {
  const parts: Buffer[] = [];

  const head = (major: number, argument: number): void => {
    const high = major << 5;
    if (argument < 24) parts.push(Buffer.from([high | argument]));
    else if (argument < 0x1_00) parts.push(Buffer.from([high | 24, argument]));
    else if (argument < 0x1_00_00) parts.push(Buffer.from([high | 25, argument >> 8, argument & 0xff]));
    else if (argument < 0x1_00_00_00_00) {
      const bytes = Buffer.alloc(5);
      bytes[0] = high | 26;
      bytes.writeUInt32BE(argument, 1);
      parts.push(bytes);
    } else {
      const bytes = Buffer.alloc(9);
      bytes[0] = high | 27;
      bytes.writeBigUInt64BE(BigInt(argument), 1);
      parts.push(bytes);
    }
  };

  const float = (number: number): void => {
    const bytes = Buffer.alloc(9);
    bytes[0] = (7 << 5) | 27;
    bytes.writeDoubleBE(number, 1);
    parts.push(bytes);
  };

  const byteString = (bytes: Buffer): void => {
    head(2, bytes.length);
    parts.push(bytes);
  };

  const write = (item: unknown, isTime: boolean, isDouble: boolean): void => {
    if (typeof item === 'number') {
      if (isTime) head(6, EPOCH_TIME_TAG);
      if (isDouble || !Number.isSafeInteger(item) || Object.is(item, -0)) float(item);
      else if (item >= 0) head(0, item);
      else head(1, -1 - item);
    } else if (typeof item === 'string') {
      const bytes = Buffer.from(item);
      head(3, bytes.length);
      parts.push(bytes);
    } else if (typeof item === 'boolean') {
      parts.push(Buffer.from([(7 << 5) | (item ? 21 : 20)]));
    } else if (Array.isArray(item)) {
      head(4, item.length);
      for (const child of item) write(child, isTime, isDouble);
    } else if (typeof item === 'object' && item !== null) {
      const members = Object.entries(item).filter(([, member]) => member !== undefined);
      head(5, members.length);
      for (const [name, member] of members) {
        write(name, false, false);
        if (blobs.has(name) && typeof member === 'string') byteString(Buffer.from(member, 'base64'));
        else write(member, timestamps.has(name), isDouble || doubles.has(name));
      }
    } else {
      parts.push(Buffer.from([(7 << 5) | 22]));
    }
  };

  write(value, false, false);
  return Buffer.concat(parts);
}

function halfFloat(bits: number): number {
  const sign = bits & 0x80_00 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3_ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
