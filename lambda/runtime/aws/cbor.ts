/**
 * CBOR, as far as a call of Smithy's RPC v2 protocol needs it: texts, whole numbers, lists and maps out; all that an
 * answer may hold in. RFC 8949, https://www.rfc-editor.org/rfc/rfc8949
 */

export type CborValue =
  | string
  | number
  | boolean
  | readonly CborValue[]
  | { readonly [key: string]: CborValue | undefined };

/** Members that are undefined are left out. @throws TypeError for a number that is not whole or is negative */
export function encodeCbor(value: CborValue): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

const UNSIGNED = 0;
const TEXT = 3;
const LIST = 4;
const MAP = 5;

function write(value: CborValue, parts: Buffer[]): void {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    parts.push(head(TEXT, bytes.length), bytes);
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${value} is not a count`);
    parts.push(head(UNSIGNED, value));
  } else if (typeof value === 'boolean') {
    parts.push(Buffer.from([value ? 0xf5 : 0xf4]));
  } else if (isList(value)) {
    parts.push(head(LIST, value.length));
    for (const item of value) write(item, parts);
  } else {
    const members = Object.entries(value).filter((member): member is [string, CborValue] => {
      return member[1] !== undefined;
    });
    parts.push(head(MAP, members.length));
    for (const [key, member] of members) {
      write(key, parts);
      write(member, parts);
    }
  }
}

const isList = (value: CborValue): value is readonly CborValue[] => Array.isArray(value);

/** The type of an item, and its number or length. */
function head(major: number, argument: number): Buffer {
  const type = major << 5;
  if (argument < 24) return Buffer.from([type | argument]);
  if (argument < 2 ** 8) return Buffer.from([type | 24, argument]);
  if (argument < 2 ** 16) return Buffer.from([type | 25, argument >> 8, argument & 0xff]);
  const bytes = Buffer.alloc(argument < 2 ** 32 ? 5 : 9);
  bytes.writeUInt8(type | (bytes.length === 5 ? 26 : 27));
  if (bytes.length === 5) bytes.writeUInt32BE(argument, 1);
  else bytes.writeBigUInt64BE(BigInt(argument), 1);
  return bytes;
}

/** Tags are left out: what is tagged is given as it is. @throws RangeError where the bytes end too early */
export function decodeCbor(bytes: Buffer): unknown {
  return new Reader(bytes).value();
}

/** The end of something of unknown length. */
const BREAK = Symbol('break');

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  value(): unknown {
    const first = this.#bytes.readUInt8(this.#at++);
    const major = first >> 5;
    const low = first & 0x1f;
    if (major === 7) return this.#simple(low);
    const argument = this.#argument(low);
    if (major === 0) return argument;
    if (major === 1) return -1 - (argument ?? 0);
    if (major === 2) return this.#chunks(argument);
    if (major === TEXT) return this.#chunks(argument).toString('utf8');
    if (major === LIST) return this.#items(argument);
    if (major === MAP) {
      const flat = this.#items(argument === undefined ? undefined : 2 * argument);
      return Object.fromEntries(
        flat.flatMap((key, index) => (index % 2 === 0 ? [[String(key), flat[index + 1]]] : [])),
      );
    }
    return this.value();
  }

  #argument(low: number): number | undefined {
    if (low < 24) return low;
    if (low === 31) return undefined;
    const size = 2 ** (low - 24);
    const at = this.#at;
    this.#at += size;
    return size === 8 ? Number(this.#bytes.readBigUInt64BE(at)) : this.#bytes.readUIntBE(at, size);
  }

  #simple(low: number): unknown {
    if (low === 31) return BREAK;
    if (low === 20 || low === 21) return low === 21;
    const at = this.#at;
    if (low === 26) {
      this.#at += 4;
      return this.#bytes.readFloatBE(at);
    }
    if (low === 27) {
      this.#at += 8;
      return this.#bytes.readDoubleBE(at);
    }
    return undefined;
  }

  #chunks(length: number | undefined): Buffer {
    if (length === undefined)
      return Buffer.concat(this.#items(undefined).map((part) => Buffer.from(part as string)));
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new RangeError('the bytes end in the middle of a value');
    return this.#bytes.subarray(at, this.#at);
  }

  #items(length: number | undefined): unknown[] {
    const items: unknown[] = [];
    while (items.length < (length ?? Infinity)) {
      const item = this.value();
      if (item === BREAK) break;
      items.push(item);
    }
    return items;
  }
}
