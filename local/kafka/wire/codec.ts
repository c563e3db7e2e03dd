/**
 * The shapes of Kafka's messages as data: a codec reads and writes a value, in any version of its message. Tagged
 * fields are optional by design; those that arrive are passed over, and none are sent.
 */
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

export interface Codec<Value> {
  read(reader: Reader): Value;
  write(writer: Writer, value: Value): void;
}

export type ValueOf<Of> = Of extends Codec<infer Value> ? Value : never;

export const int8: Codec<number> = {
  read: (reader) => reader.int8(),
  write: (writer, value) => writer.int8(value),
};
export const int16: Codec<number> = {
  read: (reader) => reader.int16(),
  write: (writer, value) => writer.int16(value),
};
export const int32: Codec<number> = {
  read: (reader) => reader.int32(),
  write: (writer, value) => writer.int32(value),
};
export const int64: Codec<number> = {
  read: (reader) => reader.int64(),
  write: (writer, value) => writer.int64(value),
};
export const bool: Codec<boolean> = {
  read: (reader) => reader.int8() !== 0,
  write: (writer, value) => writer.int8(value ? 1 : 0),
};
/** Base64url, as Kafka shows the ids of topics. */
export const uuid: Codec<string> = {
  read: (reader) => reader.uuid(),
  write: (writer, value) => writer.uuid(value),
};
export const string: Codec<string> = {
  read: (reader) => reader.string() ?? '',
  write: (writer, value) => writer.string(value),
};
export const nullableString: Codec<string | null> = {
  read: (reader) => reader.string(),
  write: (writer, value) => writer.string(value),
};
export const bytes: Codec<Buffer> = {
  read: (reader) => reader.bytes() ?? Buffer.alloc(0),
  write: (writer, value) => writer.bytes(value),
};
/** Record batches: one piece when read, any number of pieces when written. */
export const records: Codec<Buffer | readonly Buffer[] | null> = {
  read: (reader) => reader.bytes(),
  write: (writer, value) => writer.bytes(value),
};

export function array<Value>(item: Codec<Value>): Codec<readonly Value[]> {
  const some = nullableArray(item);
  return { read: (reader) => some.read(reader) ?? [], write: (writer, value) => some.write(writer, value) };
}

export function nullableArray<Value>(item: Codec<Value>): Codec<readonly Value[] | null> {
  return {
    read(reader) {
      const length = reader.arrayLength();
      return length < 0 ? null : Array.from({ length }, () => item.read(reader));
    },
    write(writer, values) {
      writer.arrayLength(values === null ? null : values.length);
      for (const value of values ?? []) item.write(writer, value);
    },
  };
}

/** A field that is there in some versions only; in the others it reads as `otherwise` and is not written. */
export function within<Value>(
  first: number,
  last: number,
  codec: Codec<Value>,
  otherwise: NoInfer<Value>,
): Codec<Value> {
  return {
    read: (reader) => (reader.version >= first && reader.version <= last ? codec.read(reader) : otherwise),
    write(writer, value) {
      if (writer.version >= first && writer.version <= last) codec.write(writer, value);
    },
  };
}

export function since<Value>(first: number, codec: Codec<Value>, otherwise: NoInfer<Value>): Codec<Value> {
  return within(first, Infinity, codec, otherwise);
}

type Shape = Readonly<Record<string, Codec<unknown>>>;
type Struct<Of extends Shape> = { readonly [Name in keyof Of]: ValueOf<Of[Name]> };

/** Fields in the order of the shape. */
export function struct<Of extends Shape>(shape: Of): Codec<Struct<Of>> {
  const fields = Object.entries(shape);
  return {
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of fields) value[name] = codec.read(reader);
      if (reader.flexible) reader.skipTaggedFields();
      return value as Struct<Of>;
    },
    write(writer, value) {
      const values: Readonly<Record<string, unknown>> = value;
      for (const [name, codec] of fields) codec.write(writer, values[name]);
      if (writer.flexible) writer.noTaggedFields();
    },
  };
}
