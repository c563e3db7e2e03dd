/** Reads attribute values and items from a request: what AWS refuses is refused, numbers come out canonical. */
import { invalidParameters, serializationError, validationError } from './errors.ts';
import type { AttributeType, AttributeValue, Item } from './model.ts';
import { canonicalNumber } from './number.ts';

/** "The maximum depth is 32 levels." ServiceQuotas.html, "Nested attribute depth" */
const MAXIMUM_DEPTH = 32;

const TYPES: ReadonlySet<string> = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'BOOL', 'NULL', 'L', 'M']);

/** The one member that is set. */
export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType;
  throw new TypeError('An attribute value without a type');
}

/** A map of names to values. */
export function readItem(raw: unknown, depth = 0): Item {
  if (!isObject(raw)) throw serializationError('Start of structure or map found where not expected');
  const item: Record<string, AttributeValue> = {};
  for (const name of Object.keys(raw)) define(item, name, readValue(raw[name], depth));
  return item;
}

export function readValue(raw: unknown, depth = 0): AttributeValue {
  if (!isObject(raw)) throw serializationError('Unexpected value type in payload');
  if (depth > MAXIMUM_DEPTH) throw validationError('Nesting Levels have exceeded supported limits');
  const types = Object.keys(raw).filter((type) => TYPES.has(type) && raw[type] !== null);
  const [type] = types;
  if (type === undefined) {
    throw validationError(
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    );
  }
  const value = readTyped(type as AttributeType, raw[type], depth);
  if (types.length > 1) {
    throw validationError(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  return value;
}

function readTyped(type: AttributeType, raw: unknown, depth: number): AttributeValue {
  switch (type) {
    case 'S':
      return { S: text(raw) };
    case 'N':
      return { N: canonicalNumber(text(raw)) };
    case 'B':
      return { B: binary(raw) };
    case 'BOOL':
      return { BOOL: boolean(raw) };
    case 'NULL':
      if (!boolean(raw)) {
        throw invalidParameters('Null attribute value types must have the value of true');
      }
      return { NULL: true };
    case 'SS':
      return { SS: stringSet(list(raw).map(text)) };
    case 'NS':
      return { NS: numberSet(list(raw).map((member) => canonicalNumber(text(member)))) };
    case 'BS':
      return { BS: binarySet(list(raw).map(binary)) };
    case 'L':
      return { L: list(raw).map((element) => readValue(element, depth + 1)) };
    case 'M':
    default:
      return { M: readItem(raw, depth + 1) };
  }
}

function stringSet(members: readonly string[]): readonly string[] {
  if (members.length === 0) throw invalidParameters('An string set  may not be empty');
  if (hasDuplicates(members)) {
    throw invalidParameters(`Input collection [${members.join(', ')}] contains duplicates.`);
  }
  return members;
}

function numberSet(members: readonly string[]): readonly string[] {
  if (members.length === 0) throw invalidParameters('An number set  may not be empty');
  if (hasDuplicates(members)) throw validationError('Input collection contains duplicates');
  return members;
}

function binarySet(members: readonly string[]): readonly string[] {
  if (members.length === 0) throw invalidParameters('Binary sets should not be empty');
  if (hasDuplicates(members)) {
    throw invalidParameters(`Input collection [${members.join(', ')}]of type BS contains duplicates.`);
  }
  return members;
}

function hasDuplicates(members: readonly string[]): boolean {
  return new Set(members).size < members.length;
}

function text(raw: unknown): string {
  if (typeof raw === 'string') return raw;
  if (typeof raw === 'boolean') {
    throw serializationError(`${raw ? 'TRUE_VALUE' : 'FALSE_VALUE'} cannot be converted to String`);
  }
  if (typeof raw === 'number') {
    throw serializationError(
      `${Number.isInteger(raw) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE'} cannot be converted to String`,
    );
  }
  throw serializationError('Start of structure or map found where not expected');
}

function boolean(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw;
  if (raw === 'true' || raw === 'false') return raw === 'true';
  throw serializationError('Unexpected token received from parser');
}

function binary(raw: unknown): string {
  if (typeof raw !== 'string') {
    throw serializationError('only base-64-encoded strings are convertible to bytes');
  }
  if (raw.length % 4 !== 0) {
    throw serializationError(
      `Base64 encoded length is expected a multiple of 4 bytes but found: ${raw.length}`,
    );
  }
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(raw)) {
    throw serializationError('Invalid last non-pad Base64 character dectected');
  }
  return raw;
}

function list(raw: unknown): readonly unknown[] {
  if (Array.isArray(raw)) return raw as unknown[];
  throw serializationError(
    isObject(raw) ? 'Start of structure or map found where not expected' : 'Unexpected field type',
  );
}

function isObject(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

/** Sets a member, also one that is named `__proto__`. */
function define(item: Record<string, AttributeValue>, name: string, value: AttributeValue): void {
  if (name === '__proto__') {
    Object.defineProperty(item, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    item[name] = value;
  }
}
