/**
 * One function per operator: reads the operator's operand, refuses what AWS refuses (in AWS's words), and returns
 * the test for one scalar of an event.
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

import { isRecord } from '../json.ts';
import { isRawNumber, plainNumbers } from './exact-json.ts';
import { PatternError } from './pattern-error.ts';
import type { AnythingButOperator, MatchingProfile, Operator } from './profiles.ts';

/** A leaf of an event. */
export type Scalar = string | number | boolean | null;

/** The test of one pattern value. `absent` stands for `{"exists": false}`, which looks at the whole event. */
export type ValueTest = ((value: Scalar, spelling?: string) => boolean) | 'absent';

/**
 * Wildcards one value may have before EventBridge calls the rule too complex. Its real measure counts repeated
 * character sequences across all wildcard values of a field; this is the part of it that users meet.
 */
const MAX_WILDCARDS = 5;

/** Reads one member of a pattern's array. Throws a {@link PatternError}. */
export function readValueTest(member: unknown, profile: MatchingProfile): ValueTest {
  if (isScalar(member)) return readExact(member, profile);
  if (isRawNumber(member)) return readSpelling(member.rawJSON, profile);
  if (!isRecord(member)) throw new PatternError('Match value must be String, number, true, false, or null');

  const [operator, operand] = onlyEntry(member);
  if (!isOperator(operator) || !profile.operators.has(operator)) {
    throw new PatternError(`Unrecognized match type ${operator}`);
  }
  return OPERATOR_READERS[operator](plainNumbers(operand), profile);
}

const OPERATOR_READERS: Readonly<
  Record<Operator, (operand: unknown, profile: MatchingProfile) => ValueTest>
> = {
  prefix: (operand, profile) => readAffix('prefix', operand, profile),
  suffix: (operand, profile) => readAffix('suffix', operand, profile),
  'equals-ignore-case': (operand) => equalsIgnoreCase(stringOperand('equals-ignore-case', operand)),
  wildcard: (operand) => wildcard(stringOperand('wildcard', operand)),
  numeric: readNumeric,
  cidr: readCidr,
  exists: readExists,
  'anything-but': readAnythingBut,
};

function readExact(expected: Scalar, profile: MatchingProfile): ValueTest {
  if (profile.maxNumberOf === 'all') checkRange(expected, profile);
  return (value, spelling) => value === expected && spelling === undefined;
}

/** A number that is spelt unlike JavaScript does. */
function readSpelling(expected: string, profile: MatchingProfile): ValueTest {
  if (profile.maxNumberOf === 'all') checkRange(Number(expected), profile);
  return (_value, spelling) => spelling === expected;
}

function readAffix(
  operator: 'prefix' | 'suffix',
  operand: unknown,
  profile: MatchingProfile,
): (value: Scalar) => boolean {
  if (profile.ignoreCaseAffixes && isRecord(operand)) {
    const [inner, text] = onlyEntry(operand);
    if (inner !== 'equals-ignore-case') {
      throw new PatternError(`Unsupported ${operator} match pattern: ${inner}`);
    }
    const lowered = stringOperand(`${operator}/${inner}`, text).toLowerCase();
    const test = affix(operator, lowered);
    return (value) => typeof value === 'string' && test(value.toLowerCase());
  }
  return affix(operator, stringOperand(operator, operand));
}

function affix(operator: 'prefix' | 'suffix', text: string): (value: Scalar) => boolean {
  return operator === 'prefix'
    ? (value) => typeof value === 'string' && value.startsWith(text)
    : (value) => typeof value === 'string' && value.endsWith(text);
}

function equalsIgnoreCase(text: string): (value: Scalar) => boolean {
  const lowered = text.toLowerCase();
  return (value) => typeof value === 'string' && value.toLowerCase() === lowered;
}

function readExists(operand: unknown): ValueTest {
  if (operand === true) return () => true;
  if (operand === false) return 'absent';
  throw new PatternError('exists match pattern must be either true or false.');
}

function readAnythingBut(operand: unknown, profile: MatchingProfile): (value: Scalar) => boolean {
  if (isRecord(operand)) return readAnythingButOperator(operand, profile);

  const refused = Array.isArray(operand) ? (operand as unknown[]) : [operand];
  if (refused.length === 0) throw new PatternError('Empty arrays are not allowed');
  const allNumbers = refused.every((value) => typeof value === 'number');
  const allStrings = refused.every((value) => typeof value === 'string');
  if (!allNumbers && !allStrings) {
    if (!Array.isArray(operand)) {
      throw new PatternError('Value of anything-but must be an array or single string/number value.');
    }
    const mixed = refused.every((value) => typeof value === 'number' || typeof value === 'string');
    throw new PatternError(
      mixed
        ? 'Inside anything but list, either all values are number or string, mixed type is not supported'
        : 'Inside anything but list, start|null|boolean is not supported.',
    );
  }
  if (allNumbers) for (const number of refused) checkRange(number, profile);
  const set = new Set<unknown>(refused);
  return (value) => !set.has(value);
}

function readAnythingButOperator(
  operand: Record<string, unknown>,
  profile: MatchingProfile,
): (value: Scalar) => boolean {
  const [operator, inner] = onlyEntry(operand);
  if (!isAnythingButOperator(operator) || !profile.anythingBut.has(operator)) {
    throw new PatternError(`Unsupported anything-but pattern: ${operator}`);
  }
  if (isRecord(inner)) {
    throw new PatternError('Value of anything-but must be an array or single string/number value.');
  }
  const texts = Array.isArray(inner) ? (inner as unknown[]) : [inner];
  if (texts.length === 0) throw new PatternError('Empty arrays are not allowed');
  const tests = texts.map((text) => anythingButTest(operator, text));
  return (value) => !tests.some((test) => test(value));
}

function anythingButTest(operator: AnythingButOperator, text: unknown): (value: Scalar) => boolean {
  if (operator === 'wildcard') return wildcard(stringOperand('wildcard', text));
  if (operator === 'equals-ignore-case') {
    if (typeof text === 'string') return equalsIgnoreCase(text);
    throw new PatternError(
      'Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.',
    );
  }
  if (typeof text !== 'string') throw new PatternError('prefix/suffix match pattern must be a string');
  if (text === '') throw new PatternError('Null prefix/suffix not allowed');
  return affix(operator, text);
}

/** `*` is any run of characters, `\*` an asterisk, `\\` a backslash. */
function wildcard(pattern: string): (value: Scalar) => boolean {
  const pieces = [''];
  for (let position = 0; position < pattern.length; position++) {
    const character = pattern.charAt(position);
    if (character === '*') {
      if (pattern.charAt(position + 1) === '*') {
        throw new PatternError(`Consecutive wildcard characters at pos ${position + 1}`);
      }
      pieces.push('');
      continue;
    }
    if (character === '\\') {
      const escaped = pattern.charAt(++position);
      if (escaped !== '*' && escaped !== '\\') {
        throw new PatternError(`Invalid escape character at pos ${position}`);
      }
      pieces[pieces.length - 1] += escaped;
      continue;
    }
    pieces[pieces.length - 1] += character;
  }
  if (pieces.length - 1 > MAX_WILDCARDS) {
    throw new PatternError(
      'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character',
    );
  }
  return (value) => typeof value === 'string' && matchesPieces(value, pieces);
}

/** First piece at the start, last at the end, the ones between in order: linear, whatever the value. */
function matchesPieces(value: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return value === first;
  if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) {
    return false;
  }
  let from = first.length;
  const end = value.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = value.indexOf(piece, from);
    if (found < 0 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}

function readNumeric(operand: unknown, profile: MatchingProfile): (value: Scalar) => boolean {
  if (!Array.isArray(operand)) throw new PatternError('Value of numeric must be an array.');
  const terms = operand as readonly unknown[];
  const [operator, first] = terms;
  if (typeof operator !== 'string') {
    throw new PatternError(`Invalid member in numeric match: ${terms.length === 0 ? ']' : text(operator)}`);
  }
  if (!['=', '<', '<=', '>', '>='].includes(operator)) {
    throw new PatternError(`Unrecognized numeric range operator: ${operator}`);
  }
  const bound = numberOperand(operator === '=' ? 'equals' : operator, first, profile);
  const test = comparison(operator, bound);
  if (terms.length === 2) return test;
  if (!operator.startsWith('>')) throw new PatternError('Too many elements in numeric expression');

  const [, , topOperator, second] = terms;
  if (typeof topOperator !== 'string') {
    throw new PatternError(`Bad value in numeric range: ${text(topOperator)}`);
  }
  if (topOperator !== '<' && topOperator !== '<=') {
    throw new PatternError(`Bad numeric range operator: ${topOperator}`);
  }
  const top = numberOperand(topOperator, second, profile);
  if (bound >= top) throw new PatternError('Bottom must be less than top');
  if (terms.length > 4) throw new PatternError('Too many terms in numeric range expression');
  const below = comparison(topOperator, top);
  return (value) => test(value) && below(value);
}

function comparison(operator: string, bound: number): (value: Scalar) => boolean {
  switch (operator) {
    case '<':
      return (value) => typeof value === 'number' && value < bound;
    case '<=':
      return (value) => typeof value === 'number' && value <= bound;
    case '>':
      return (value) => typeof value === 'number' && value > bound;
    case '>=':
      return (value) => typeof value === 'number' && value >= bound;
    default:
      return (value) => value === bound;
  }
}

/** Mask lengths below the address's own: a single address is written as an exact value. */
function readCidr(operand: unknown): (value: Scalar) => boolean {
  // AWS names the wrong operator here, and so do we.
  const cidr = stringOperand('prefix', operand);
  const [address, mask, ...rest] = cidr.split('/');
  if (address === undefined || mask === undefined || rest.length > 0) {
    throw new PatternError("Malformed CIDR, one '/' required");
  }
  if (!/^-?\d+$/.test(mask)) throw new PatternError('Malformed CIDR, mask bits must be an integer');
  if (isIP(address) === 0) throw new PatternError(`Nonstandard IP address: ${address}`);
  const bits = Number(mask);
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const width = family === 'ipv4' ? 32 : 128;
  if (bits < 0) throw new PatternError('Malformed CIDR, mask bits must not be negative');
  if (bits >= width) {
    throw new PatternError(`${family === 'ipv4' ? 'IPv4' : 'IPv6'} mask bits must be < ${width}`);
  }
  const range = new BlockList();
  range.addSubnet(address, bits, family);
  return (value) =>
    typeof value === 'string' &&
    isIP(value) === (family === 'ipv4' ? 4 : 6) &&
    // An IPv4-mapped IPv6 address is another family in a pattern, whatever the block list thinks.
    range.check(value, family);
}

function stringOperand(operator: string, operand: unknown): string {
  if (typeof operand !== 'string') throw new PatternError(`${operator} match pattern must be a string`);
  return operand;
}

function numberOperand(operator: string, operand: unknown, profile: MatchingProfile): number {
  if (typeof operand !== 'number') throw new PatternError(`Value of ${operator} must be numeric`);
  checkRange(operand, profile);
  return operand;
}

function checkRange(number: unknown, profile: MatchingProfile): void {
  if (typeof number === 'number' && Math.abs(number) > profile.maxNumber) {
    const limit = `${(profile.maxNumber / 1e9).toFixed(1)}E9`;
    throw new PatternError(`Value must be between -${limit} and ${limit}, inclusive`);
  }
}

function onlyEntry(object: Record<string, unknown>): [string, unknown] {
  const entries = Object.entries(object);
  const [entry] = entries;
  if (entry === undefined) throw new PatternError('Empty match expression');
  if (entries.length > 1) throw new PatternError('Only one key allowed in match expression');
  return entry;
}

function isOperator(name: string): name is Operator {
  return Object.hasOwn(OPERATOR_READERS, name);
}

function isAnythingButOperator(name: string): name is AnythingButOperator {
  return name === 'prefix' || name === 'suffix' || name === 'equals-ignore-case' || name === 'wildcard';
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
