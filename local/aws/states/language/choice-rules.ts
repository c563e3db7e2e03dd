/**
 * The comparison rules of a Choice state in JSONPath mode.
 * https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
 */
import type { Json, JsonObject } from '../json.ts';
import { asText, isArray, isObject } from '../json.ts';
import { pathValue } from './payload-template.ts';
import type { PathScope } from './payload-template.ts';
import { runtimeError } from './state-error.ts';
import { parseTimestamp } from './timestamps.ts';

const KINDS = ['String', 'Numeric', 'Timestamp'] as const;
const COMPARISONS = ['Equals', 'LessThan', 'GreaterThan', 'LessThanEquals', 'GreaterThanEquals'];
const TYPE_TESTS = ['IsNull', 'IsPresent', 'IsNumeric', 'IsString', 'IsBoolean', 'IsTimestamp'] as const;

/** Every operator of a rule with a Variable, the forms that take a path included. */
export const CHOICE_OPERATORS: ReadonlySet<string> = new Set([
  ...KINDS.flatMap((kind) => COMPARISONS.flatMap((one) => [`${kind}${one}`, `${kind}${one}Path`])),
  'BooleanEquals',
  'BooleanEqualsPath',
  'StringMatches',
  ...TYPE_TESTS,
]);

/** True when the rule holds. Throws `States.Runtime` when what it looks at is not there. */
export function ruleHolds(rule: JsonObject, scope: PathScope): boolean {
  if (isArray(rule['And'])) return rule['And'].every((one) => isObject(one) && ruleHolds(one, scope));
  if (isArray(rule['Or'])) return rule['Or'].some((one) => isObject(one) && ruleHolds(one, scope));
  if (isObject(rule['Not'])) return !ruleHolds(rule['Not'], scope);

  const operator = Object.keys(rule).find((name) => CHOICE_OPERATORS.has(name)) ?? '';
  const expected = rule[operator] ?? null;
  const value = pathValue(asText(rule['Variable']), scope);
  if (operator === 'IsPresent') return (value !== undefined) === expected;
  if (value === undefined) {
    throw runtimeError(
      `Invalid path '${asText(rule['Variable'])}': The choice state's condition path references an invalid value.`,
    );
  }
  if (operator.startsWith('Is')) return hasType(operator, value) === expected;
  if (operator === 'StringMatches') return typeof value === 'string' && matches(value, asText(expected));
  if (!operator.endsWith('Path')) return compare(operator, value, expected);
  const other = pathValue(asText(expected), scope);
  if (other === undefined) {
    throw runtimeError(
      `Invalid path '${asText(expected)}': The choice state's condition path references an invalid value.`,
    );
  }
  return compare(operator.slice(0, -'Path'.length), value, other);
}

function hasType(operator: string, value: Json): boolean {
  switch (operator) {
    case 'IsNull':
      return value === null;
    case 'IsNumeric':
      return typeof value === 'number';
    case 'IsString':
      return typeof value === 'string';
    case 'IsBoolean':
      return typeof value === 'boolean';
    default:
      return typeof value === 'string' && parseTimestamp(value) !== undefined;
  }
}

/** A value of another type than the operator's does not match; it is no mistake. */
function compare(operator: string, value: Json, expected: Json): boolean {
  if (operator === 'BooleanEquals') return typeof value === 'boolean' && value === expected;
  const kind = KINDS.find((name) => operator.startsWith(name)) ?? 'String';
  const [left, right] = [comparable(kind, value), comparable(kind, expected)];
  if (left === undefined || right === undefined) return false;
  switch (operator.slice(kind.length)) {
    case 'Equals':
      return left === right;
    case 'LessThan':
      return left < right;
    case 'GreaterThan':
      return left > right;
    case 'LessThanEquals':
      return left <= right;
    default:
      return left >= right;
  }
}

function comparable(kind: (typeof KINDS)[number], value: Json): string | number | undefined {
  if (kind === 'Numeric') return typeof value === 'number' ? value : undefined;
  if (typeof value !== 'string') return undefined;
  return kind === 'String' ? value : parseTimestamp(value);
}

/** `*` stands for any characters; `\*` is a star and `\\` a backslash. Linear in the text for each star. */
function matches(value: string, pattern: string): boolean {
  const parts = [''];
  for (let position = 0; position < pattern.length; position++) {
    const character = pattern[position] as string;
    if (character === '*') parts.push('');
    else parts[parts.length - 1] += character === '\\' ? (pattern[++position] ?? '\\') : character;
  }
  const [first = '', ...rest] = parts;
  const last = rest.pop();
  if (last === undefined) return value === first;
  if (!value.startsWith(first)) return false;
  let position = first.length;
  for (const part of rest) {
    const found = value.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return value.length - last.length >= position && value.endsWith(last);
}
