/**
 * How many bytes DynamoDB counts for an item.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
import type { AttributeValue, Item } from './model.ts';

/** A list or map has 3 bytes of overhead, and 1 for each of its elements. */
const DOCUMENT_BYTES = 3;
const ELEMENT_BYTES = 1;
const ZERO = '0'.charCodeAt(0);
const MINUS = '-'.charCodeAt(0);

/** The names and values of all attributes. */
export function itemSize(item: Item): number {
  let bytes = 0;
  for (const name in item) bytes += textBytes(name) + valueSize(item[name] as AttributeValue);
  return bytes;
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return textBytes(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return binaryBytes(value.B);
  if (value.BOOL !== undefined || value.NULL !== undefined) return 1;
  if (value.M !== undefined) {
    return DOCUMENT_BYTES + ELEMENT_BYTES * Object.keys(value.M).length + itemSize(value.M);
  }
  if (value.L !== undefined) {
    return sum(value.L, (element) => ELEMENT_BYTES + valueSize(element)) + DOCUMENT_BYTES;
  }
  if (value.SS !== undefined) return sum(value.SS, textBytes);
  if (value.NS !== undefined) return sum(value.NS, numberBytes);
  return sum(value.BS ?? [], binaryBytes);
}

/** UTF-8 bytes. */
export function textBytes(text: string): number {
  return Buffer.byteLength(text);
}

export function binaryBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

/** "Approximately 1 byte per two significant digits + 1 byte", leading and trailing zeros not counted. */
export function numberBytes(number: string): number {
  // From the first digit that is not zero to the last one, the point not counted.
  let significant = 0;
  let zeros = 0;
  for (let index = 0; index < number.length; index++) {
    const code = number.charCodeAt(index);
    if (code === ZERO) zeros++;
    else if (code > ZERO) {
      significant += significant === 0 ? 1 : zeros + 1;
      zeros = 0;
    }
  }
  if (significant === 0) return 1;
  return Math.ceil(significant / 2) + 1 + (number.charCodeAt(0) === MINUS ? 1 : 0);
}

function sum<Value>(values: readonly Value[], sizeOf: (value: Value) => number): number {
  let bytes = 0;
  for (const value of values) bytes += sizeOf(value);
  return bytes;
}
