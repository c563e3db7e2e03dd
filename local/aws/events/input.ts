/** Reads the members of an action's JSON input, with AWS's words for what does not fit. */
import { page } from '../paging.ts';
import { validationError } from './errors.ts';
import { PAGE_SIZE } from './limits.ts';

export type Input = Readonly<Record<string, unknown>>;

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw validationError(`Parameter ${name} must be a string`);
  return value;
}

export function requiredText(input: Input, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined) {
    const member = name.charAt(0).toLowerCase() + name.slice(1);
    throw validationError(
      `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
}

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

export function texts(input: Input, name: string): readonly string[] {
  return list(input, name).filter((one): one is string => typeof one === 'string');
}

export function record(value: unknown): Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : {};
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

/** `Tags: [{Key, Value}]` */
export function tagMap(input: Input): Map<string, string> {
  return new Map(
    list(input, 'Tags').map((tag) => {
      const { Key: key, Value: value } = record(tag);
      return [typeof key === 'string' ? key : '', typeof value === 'string' ? value : ''];
    }),
  );
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
