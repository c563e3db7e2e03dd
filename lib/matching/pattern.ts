/**
 * Reads a pattern (SNS filter policy, EventBridge event pattern, event source mapping filter) and answers whether
 * an event matches it. Semantics are those of AWS's Event Ruler: arrays are any-of, keys are all-of, and two keys
 * below the same array must match in the same element of it.
 */
import { type EventFields, type Field, flattenEvent } from './event-fields.ts';
import { parseExact } from './exact-json.ts';
import { PatternError } from './pattern-error.ts';
import { type MatchingProfile, OPERATORS } from './profiles.ts';
import { isRecord } from '../json.ts';
import { readValueTest, type ValueTest } from './value-tests.ts';

/** A pattern that has been read and found valid. */
export interface Pattern {
  /** Matches a JSON object, or the fields of one that many patterns look at. */
  matches(event: EventFields | Readonly<Record<string, unknown>>): boolean;
}

/** All tests of one path; one of them has to hold. */
interface PathTest {
  readonly path: string;
  /** How many keys lead to it; 1 at the top. */
  readonly depth: number;
  readonly tests: readonly ValueTest[];
}

/** One way to fulfil the pattern: all of these. `$or` makes several of them. */
type Alternative = readonly PathTest[];

/** Alternatives that `$or` may multiply out to. EventBridge "Event patterns", eb-create-pattern-operators.html. */
const MAX_ALTERNATIVES = 1_000;

/** Names in an `$or` branch that make `$or` an ordinary key, as it was before it became an operator. */
const OR_RESERVED: ReadonlySet<string> = new Set(['exactly', ...OPERATORS]);

/**
 * Reads a pattern.
 *
 * @param source the pattern as JSON text, or already parsed
 * @throws PatternError for whatever the service of this profile refuses
 */
export function readPattern(
  source: string | Readonly<Record<string, unknown>>,
  profile: MatchingProfile,
): Pattern {
  const json = typeof source === 'string' ? source : JSON.stringify(source);
  checkLength(json, profile);
  const parsed = typeof source === 'string' ? parse(source, profile) : source;
  if (!isRecord(parsed)) throw new PatternError('Filter is not an object');
  if (Object.keys(parsed).length === 0) {
    if (profile.emptyPattern === 'refused') throw new PatternError('Empty objects are not allowed');
    return { matches: () => true };
  }

  if (!profile.nesting && hasNesting(parsed)) {
    throw new PatternError('nested patterns are not supported in this scope', 'NestedPattern');
  }
  const alternatives = readObject(parsed, [], profile);
  checkKeys(alternatives, profile);
  checkCombinations(alternatives, profile);
  return {
    matches(event) {
      const fields = isEventFields(event) ? event : flattenEvent(event);
      return alternatives.some((alternative) => matchesAlternative(alternative, fields));
    },
  };
}

/** True when `source` is a valid pattern that the event matches. Reads the pattern anew at each call. */
export function matchesPattern(
  source: string | Readonly<Record<string, unknown>>,
  event: Readonly<Record<string, unknown>>,
  profile: MatchingProfile,
): boolean {
  return readPattern(source, profile).matches(event);
}

function readObject(
  object: Readonly<Record<string, unknown>>,
  parents: readonly string[],
  profile: MatchingProfile,
): readonly Alternative[] {
  const entries = Object.entries(object);
  if (entries.length === 0) throw new PatternError('Empty objects are not allowed');

  let alternatives: readonly Alternative[] = [[]];
  for (const [key, value] of entries) {
    const branches = isOr(key, value)
      ? value.flatMap((branch) => readObject(branch, parents, profile))
      : readKey(key, value, parents, profile);
    alternatives = alternatives.flatMap((left) => branches.map((right) => [...left, ...right]));
    if (alternatives.length > MAX_ALTERNATIVES) {
      throw new PatternError(`Too many combinations of $or: the limit is ${MAX_ALTERNATIVES}`);
    }
  }
  return alternatives;
}

function readKey(
  key: string,
  value: unknown,
  parents: readonly string[],
  profile: MatchingProfile,
): readonly Alternative[] {
  const path = [...parents, key];
  if (isRecord(value)) return readObject(value, path, profile);
  if (!Array.isArray(value)) throw new PatternError(`"${key}" must be an object or an array`);
  if (value.length === 0) throw new PatternError('Empty arrays are not allowed');
  const tests = value.map((member: unknown) => readValueTest(member, profile));
  return [[{ path: path.join('.'), depth: path.length, tests }]];
}

/** `$or` is an operator when it holds two or more objects whose keys are not operators themselves. */
function isOr(key: string, value: unknown): value is readonly Record<string, unknown>[] {
  return (
    key === '$or' &&
    Array.isArray(value) &&
    value.length >= 2 &&
    value.every(
      (branch) =>
        isRecord(branch) &&
        Object.keys(branch).length > 0 &&
        Object.keys(branch).every((name) => !OR_RESERVED.has(name)),
    )
  );
}

function matchesAlternative(alternative: Alternative, fields: EventFields): boolean {
  return search(alternative, 0, [], fields);
}

/** Looks for one field per path such that no two lie in different elements of the same array. */
function search(
  alternative: Alternative,
  position: number,
  chosen: readonly Field[],
  fields: EventFields,
): boolean {
  const wanted = alternative[position];
  if (wanted === undefined) return true;
  const candidates = fields.byPath.get(wanted.path);
  if (candidates === undefined) {
    return wanted.tests.includes('absent') && search(alternative, position + 1, chosen, fields);
  }
  return candidates.some(
    (field) =>
      wanted.tests.some((test) => test !== 'absent' && test(field.value, field.spelling)) &&
      chosen.every((other) => inSameElements(field, other)) &&
      search(alternative, position + 1, field.elements.size === 0 ? chosen : [...chosen, field], fields),
  );
}

function inSameElements(left: Field, right: Field): boolean {
  for (const [array, index] of left.elements) {
    const other = right.elements.get(array);
    if (other !== undefined && other !== index) return false;
  }
  return true;
}

/**
 * The combinations a pattern multiplies out to: per alternative the product of (values x depth) over its
 * keys, summed over the alternatives that `$or` makes. SNS "Filter policy constraints".
 */
function countCombinations(alternatives: readonly Alternative[]): number {
  return alternatives.reduce(
    (sum, alternative) =>
      sum + alternative.reduce((product, key) => product * key.tests.length * key.depth, 1),
    0,
  );
}

function checkCombinations(alternatives: readonly Alternative[], profile: MatchingProfile): void {
  if (countCombinations(alternatives) > profile.maxCombinations) {
    throw new PatternError('Filter policy is too complex', 'TooManyCombinations');
  }
}

function checkKeys(alternatives: readonly Alternative[], profile: MatchingProfile): void {
  if (profile.maxKeys === Infinity) return;
  const keys = new Set(
    alternatives.flatMap((alternative) =>
      alternative.map(({ path, depth }) => (depth === 1 ? path : path.slice(0, path.indexOf('.')))),
    ),
  );
  if (keys.size > profile.maxKeys) {
    throw new PatternError(`Filter policy can not have more than ${profile.maxKeys} keys`, 'TooManyKeys');
  }
}

function checkLength(json: string, profile: MatchingProfile): void {
  const { value, unit } = profile.maxLength;
  const length = unit === 'bytes' ? Buffer.byteLength(json) : json.length;
  if (length > value) {
    throw new PatternError(`the pattern has ${length} ${unit}, the limit is ${value}`, 'TooLong');
  }
}

/**
 * A well-formed object below a key. `{"key": {"suffix": "value"}}` is not nesting but a mistake, and AWS says
 * so in other words.
 */
function hasNesting(object: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(object).some(([key, value]) =>
    isOr(key, value)
      ? value.some(hasNesting)
      : isRecord(value) && Object.values(value).every((inner) => isRecord(inner) || Array.isArray(inner)),
  );
}

function parse(source: string, profile: MatchingProfile): unknown {
  try {
    return profile.exactNumbers ? parseExact(source) : JSON.parse(source);
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message : 'not valid JSON');
  }
}

function isEventFields(event: object): event is EventFields {
  return 'byPath' in event && event.byPath instanceof Map;
}
