/** Equality and order of attribute values. Values of different types are never equal, and in no order. */
import type { AttributeValue, Item } from './model.ts';
import { compareNumbers, sortableNumber } from './number.ts';
import { typeOf } from './values.ts';

export function sameValue(left: AttributeValue, right: AttributeValue): boolean {
  const type = typeOf(left);
  if (type !== typeOf(right)) return false;
  if (type === 'L') {
    const [a = [], b = []] = [left.L, right.L];
    return a.length === b.length && a.every((element, index) => sameValue(element, b[index] ?? {}));
  }
  if (type === 'M') return sameMembers(left.M ?? {}, right.M ?? {});
  if (type === 'SS' || type === 'NS' || type === 'BS') {
    const [a, b] = [left[type] ?? [], new Set(right[type])];
    return a.length === b.size && a.every((member) => b.has(member));
  }
  return left[type] === right[type];
}

function sameMembers(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const [mine, other] = [own(left, name), own(right, name)];
      return mine !== undefined && other !== undefined && sameValue(mine, other);
    })
  );
}

export function sameItem(left: Item, right: Item): boolean {
  return left === right || sameMembers(left, right);
}

/** Below, at or above zero; undefined when the two can't be put in order. */
export function compareValues(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.N !== undefined && right.N !== undefined) return compareNumbers(left.N, right.N);
  if (left.S !== undefined && right.S !== undefined) {
    return compareText(sortableText(left.S), sortableText(right.S));
  }
  if (left.B !== undefined && right.B !== undefined) return compareText(bytesOf(left.B), bytesOf(right.B));
  return undefined;
}

/** Text that sorts as the key values of one type do, and differs for different values. */
export function sortableKey(value: AttributeValue): string {
  if (value.S !== undefined) return sortableText(value.S);
  return value.N === undefined ? bytesOf(value.B ?? '') : sortableNumber(value.N);
}

/** The bytes of Base64, one character each. */
export function bytesOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}

/** The member of this name that the object itself has. */
export function own<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * DynamoDB orders text by its UTF-8 bytes, JavaScript by UTF-16 units. They differ in one thing: characters outside the
 * basic plane, written as two units from D800 to DFFF, come last in UTF-8. Moving those units to the end makes them agree.
 */
function sortableText(text: string): string {
  return /[\ud800-\uffff]/.test(text)
    ? text.replace(/[\ud800-\uffff]/g, (unit) => {
        const code = unit.charCodeAt(0);
        return String.fromCharCode(code < 0xe000 ? code + 0x2000 : code - 0x800);
      })
    : text;
}
