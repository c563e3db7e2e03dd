/** Reads the members of an action's JSON input, with AWS's words for what does not fit. */
import { type Input, inputReader } from '../input.ts';
import { isRecord } from '../json.ts';
import { page } from '../paging.ts';
import { serializationError, validationError } from './errors.ts';
import { PAGE_SIZE } from './limits.ts';

export type { Input } from '../input.ts';
export { record } from '../json.ts';

export const { optionalText, requiredText } = inputReader({
  missing(name) {
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    return validationError(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  },
  wrongType: (name, expected) => validationError(`Parameter ${name} must be ${expected}.`),
  outOfRange: (name, _value, from, to) =>
    validationError(`Parameter ${name} is not valid. Reason: it must be from ${from} to ${to}.`),
});

export function optionalNumber(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw validationError(`Parameter ${name} must be a number`);
  return value;
}

/** A time in milliseconds since the epoch: seconds on the wire, a Date or ISO text in process. */
export function optionalTime(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (value instanceof Date) return value.getTime();
  const milliseconds =
    typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(milliseconds)) throw validationError(`Parameter ${name} is not a time`);
  return milliseconds;
}

export function list(input: Input, name: string): readonly unknown[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw validationError(`Parameter ${name} must be a list`);
  return value as readonly unknown[];
}

/** A list of objects. */
export function records(input: Input, name: string): readonly Input[] {
  return list(input, name).map((one) => {
    if (isRecord(one)) return one;
    throw serializationError(`Parameter ${name} must be a list of objects`);
  });
}

export function texts(input: Input, name: string): readonly string[] {
  return list(input, name).filter((one): one is string => typeof one === 'string');
}

/** One of an enumeration. */
export function requiredOneOf<Value extends string>(
  input: Input,
  name: string,
  values: readonly Value[],
): Value {
  const text = requiredText(input, name);
  const value = values.find((one) => one === text);
  if (value === undefined) {
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    throw validationError(
      `1 validation error detected: Value '${text}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${values.join(', ')}]`,
    );
  }
  return value;
}

/** The page that `Limit` and `NextToken` ask for. */
export function pageOf<Item>(all: readonly Item[], input: Input) {
  const limit = optionalNumber(input, 'Limit') ?? PAGE_SIZE;
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_SIZE) {
    throw validationError(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value ${limit < 1 ? 'greater than or equal to 1' : `less than or equal to ${PAGE_SIZE}`}`,
    );
  }
  return page(all, {
    size: limit,
    token: optionalText(input, 'NextToken'),
    invalidToken: () => validationError('Parameter NextToken is not valid.'),
  });
}

/** Refuses a name that is not 1 to `max` of letters, digits, dot, hyphen and underscore. */
export function checkName(name: string, member: string, max: number, pattern = '[\\.\\-_A-Za-z0-9]+'): void {
  const fails = (constraint: string) =>
    validationError(
      `1 validation error detected: Value '${name}' at '${member}' failed to satisfy constraint: Member must ${constraint}`,
    );
  if (!new RegExp(`^${pattern}$`).test(name)) throw fails(`satisfy regular expression pattern: ${pattern}`);
  if (name.length > max) throw fails(`have length less than or equal to ${max}`);
}
