/** The values of AMQP 0-9-1: integers, texts, and field tables with the types RabbitMQ gives them. */

/** A number or time whose type would be lost as a plain JavaScript number. */
export class TypedValue {
  /** `d` double, `f` float, `T` timestamp in seconds, `D` decimal as its five bytes. */
  readonly type: 'd' | 'f' | 'T' | 'D';
  readonly value: number | bigint | Buffer;

  constructor(type: TypedValue['type'], value: TypedValue['value']) {
    this.type = type;
    this.value = value;
  }
}

export type FieldValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | TypedValue
  | readonly FieldValue[]
  | FieldTable;

export interface FieldTable {
  readonly [name: string]: FieldValue;
}

/** For comparison, and for what the broker says of it. */
export function fieldText(value: FieldValue | undefined): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'bigint' ? String(inner) : inner,
  );
}

/** Bytes that can't be what they say they are. */
export class MalformedFrame extends Error {}

export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;
  #bits = 0;
  #bitCount = 0;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) throw new MalformedFrame('the frame ends within a value');
    this.#at += count;
    this.#bitCount = 0;
    return at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Bits that follow each other share octets. */
  bit(): boolean {
    if (this.#bitCount % 8 === 0) {
      const count = this.#bitCount;
      this.#bits = this.octet();
      this.#bitCount = count;
    }
    const bit = (this.#bits >> (this.#bitCount % 8)) & 1;
    this.#bitCount += 1;
    return bit === 1;
  }

  octet(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  short(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  long(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  longlong(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  shortstr(): string {
    const length = this.octet();
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  longstr(): Buffer {
    const length = this.long();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  table(): FieldTable {
    const inner = new FieldReader(this.longstr());
    const table: Record<string, FieldValue> = {};
    while (!inner.atEnd) table[inner.shortstr()] = inner.value();
    return table;
  }

  /** Source: "AMQP 0-9-1 Errata", 3. Field types, rabbitmq.com/amqp-0-9-1-errata. */
  value(): FieldValue {
    const type = String.fromCharCode(this.octet());
    switch (type) {
      case 't':
        return this.octet() !== 0;
      case 'b':
        return this.#bytes.readInt8(this.#take(1));
      case 'B':
        return this.octet();
      case 's':
        return this.#bytes.readInt16BE(this.#take(2));
      case 'u':
        return this.short();
      case 'I':
        return this.#bytes.readInt32BE(this.#take(4));
      case 'i':
        return this.long();
      case 'l':
        return plainNumber(this.#bytes.readBigInt64BE(this.#take(8)));
      case 'f':
        return new TypedValue('f', this.#bytes.readFloatBE(this.#take(4)));
      case 'd':
        return new TypedValue('d', this.#bytes.readDoubleBE(this.#take(8)));
      case 'D': {
        const at = this.#take(5);
        return new TypedValue('D', Buffer.from(this.#bytes.subarray(at, at + 5)));
      }
      case 'S':
        return textOrBytes(this.longstr());
      case 'A': {
        const inner = new FieldReader(this.longstr());
        const list: FieldValue[] = [];
        while (!inner.atEnd) list.push(inner.value());
        return list;
      }
      case 'T':
        return new TypedValue('T', this.longlong());
      case 'F':
        return this.table();
      case 'V':
        return null;
      case 'x':
        return Buffer.from(this.longstr());
      default:
        throw new MalformedFrame(`field type '${type}' is not known`);
    }
  }
}

export class FieldWriter {
  readonly #parts: Buffer[] = [];
  #bits: number[] = [];

  bytes(): Buffer {
    this.#endBits();
    return Buffer.concat(this.#parts);
  }

  #push(part: Buffer): void {
    this.#endBits();
    this.#parts.push(part);
  }

  bit(value: boolean): void {
    this.#bits.push(value ? 1 : 0);
  }

  #endBits(): void {
    if (this.#bits.length === 0) return;
    const octets = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    for (const [index, bit] of this.#bits.entries()) octets[index >> 3]! |= bit << (index % 8);
    this.#bits = [];
    this.#parts.push(octets);
  }

  octet(value: number): void {
    this.#push(Buffer.from([value]));
  }

  short(value: number): void {
    const part = Buffer.alloc(2);
    part.writeUInt16BE(value);
    this.#push(part);
  }

  long(value: number): void {
    const part = Buffer.alloc(4);
    part.writeUInt32BE(value);
    this.#push(part);
  }

  longlong(value: bigint): void {
    const part = Buffer.alloc(8);
    part.writeBigUInt64BE(value);
    this.#push(part);
  }

  shortstr(value: string): void {
    const text = Buffer.from(value).subarray(0, 255);
    this.octet(text.length);
    this.#push(text);
  }

  longstr(value: Buffer | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.long(bytes.length);
    this.#push(bytes);
  }

  table(table: FieldTable): void {
    const inner = new FieldWriter();
    for (const [name, value] of Object.entries(table)) {
      inner.shortstr(name);
      inner.value(value);
    }
    this.longstr(inner.bytes());
  }

  value(value: FieldValue): void {
    if (value === null) this.#type('V');
    else if (typeof value === 'boolean') {
      this.#type('t');
      this.octet(value ? 1 : 0);
    } else if (typeof value === 'string') {
      this.#type('S');
      this.longstr(value);
    } else if (typeof value === 'number' && !Number.isInteger(value)) {
      this.value(new TypedValue('d', value));
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      this.#integer(BigInt(value));
    } else if (Buffer.isBuffer(value)) {
      this.#type('x');
      this.longstr(value);
    } else if (value instanceof TypedValue) this.#typed(value);
    else if (Array.isArray(value)) {
      this.#type('A');
      const inner = new FieldWriter();
      for (const element of value as readonly FieldValue[]) inner.value(element);
      this.longstr(inner.bytes());
    } else {
      this.#type('F');
      this.table(value as FieldTable);
    }
  }

  #type(type: string): void {
    this.octet(type.charCodeAt(0));
  }

  #integer(value: bigint): void {
    const small = value >= -0x8000_0000n && value <= 0x7fff_ffffn;
    this.#type(small ? 'I' : 'l');
    const part = Buffer.alloc(small ? 4 : 8);
    if (small) part.writeInt32BE(Number(value));
    else part.writeBigInt64BE(BigInt.asIntN(64, value));
    this.#push(part);
  }

  #typed({ type, value }: TypedValue): void {
    this.#type(type);
    if (type === 'T') return this.longlong(value as bigint);
    if (type === 'D') return this.#push(value as Buffer);
    const part = Buffer.alloc(type === 'f' ? 4 : 8);
    if (type === 'f') part.writeFloatBE(Number(value));
    else part.writeDoubleBE(Number(value));
    return this.#push(part);
  }
}

function plainNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** A "long string" is bytes; most are texts. */
function textOrBytes(bytes: Buffer): string | Buffer {
  const text = bytes.toString('utf8');
  return text.includes('\ufffd') && !Buffer.from(text).equals(bytes) ? Buffer.from(bytes) : text;
}
