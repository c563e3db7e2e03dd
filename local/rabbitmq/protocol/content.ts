/** The header of a message: its properties and the size of its body. */
import { FieldReader, FieldWriter } from './fields.ts';
import type { FieldTable } from './fields.ts';

export interface Properties {
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly headers?: FieldTable;
  readonly deliveryMode?: number;
  readonly priority?: number;
  readonly correlationId?: string;
  readonly replyTo?: string;
  /** Milliseconds, as text. */
  readonly expiration?: string;
  readonly messageId?: string;
  readonly timestamp?: bigint;
  readonly type?: string;
  readonly userId?: string;
  readonly appId?: string;
  readonly clusterId?: string;
}

/** In the order of their flags, the first at bit 15. */
const PROPERTIES = [
  ['contentType', 'shortstr'],
  ['contentEncoding', 'shortstr'],
  ['headers', 'table'],
  ['deliveryMode', 'octet'],
  ['priority', 'octet'],
  ['correlationId', 'shortstr'],
  ['replyTo', 'shortstr'],
  ['expiration', 'shortstr'],
  ['messageId', 'shortstr'],
  ['timestamp', 'longlong'],
  ['type', 'shortstr'],
  ['userId', 'shortstr'],
  ['appId', 'shortstr'],
  ['clusterId', 'shortstr'],
] as const;

const BASIC_CLASS = 60;

export interface ContentHeader {
  readonly bodySize: number;
  readonly properties: Properties;
}

export function decodeContentHeader(payload: Buffer): ContentHeader {
  const reader = new FieldReader(payload, 4);
  const bodySize = Number(reader.longlong());
  const flags = reader.short();
  const properties: Record<string, unknown> = {};
  for (const [index, [name, type]] of PROPERTIES.entries()) {
    if ((flags & (1 << (15 - index))) !== 0) properties[name] = reader[type]();
  }
  return { bodySize, properties };
}

export function encodeContentHeader(bodySize: number, properties: Properties): Buffer {
  const writer = new FieldWriter();
  writer.short(BASIC_CLASS);
  writer.short(0);
  writer.longlong(BigInt(bodySize));
  let flags = 0;
  for (const [index, [name]] of PROPERTIES.entries()) {
    if (properties[name] !== undefined) flags |= 1 << (15 - index);
  }
  writer.short(flags);
  for (const [name, type] of PROPERTIES) {
    const value = properties[name];
    if (value === undefined) continue;
    if (type === 'shortstr') writer.shortstr(value as string);
    else if (type === 'table') writer.table(value as FieldTable);
    else if (type === 'longlong') writer.longlong(value as bigint);
    else writer.octet(value as number);
  }
  return writer.bytes();
}
