/** Reading the members of Kinesis's requests. What breaks a constraint is a ValidationException in AWS's words. */
import { inputReader } from '../input.ts';
import type { Input } from '../input.ts';
import { invalidArgument, validation } from './errors.ts';

export type { Input } from '../input.ts';

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: (name) =>
    validation(
      `1 validation error detected: Value null at '${memberName(name)}' failed to satisfy constraint: Member must not be null`,
    ),
  wrongType: (name, expected) => validation(`'${memberName(name)}' must be ${expected}`),
  outOfRange: (name, value, minimum, maximum) =>
    validation(
      `1 validation error detected: Value '${String(value)}' at '${memberName(name)}' failed to satisfy constraint: Member must have value between ${minimum} and ${maximum}`,
    ),
});

/** The name as it is, if it is one that a stream or consumer can have. */
export function checkedName(name: string, member: string): string {
  if (/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) return name;
  throw validation(
    `1 validation error detected: Value '${name}' at '${memberName(member)}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+ and have a length of 1 to 128`,
  );
}

export function textMap(input: Input, name: string): Readonly<Record<string, string>> {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    Object.values(value).some((each) => typeof each !== 'string')
  ) {
    throw validation(`'${memberName(name)}' must be a map of strings`);
  }
  return value as Record<string, string>;
}

/** A blob: base64 in JSON, bytes from a caller in this process. */
export function requiredBlob(input: Input, name: string): Buffer {
  const value = input[name];
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'string') return Buffer.from(requiredText(input, name));
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0) {
    throw invalidArgument(`'${memberName(name)}' is not valid base64`);
  }
  return Buffer.from(value, 'base64');
}

/** A time: seconds since the epoch in JSON, a Date or ISO text from a caller in this process. In milliseconds. */
export function timestamp(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const milliseconds =
    typeof value === 'number'
      ? value * 1000
      : value instanceof Date
        ? value.getTime()
        : typeof value === 'string'
          ? Date.parse(value)
          : Number.NaN;
  if (Number.isNaN(milliseconds)) throw validation(`'${memberName(name)}' must be a timestamp`);
  return milliseconds;
}

/** Kinesis writes the members of requests with a small first letter in its messages. */
function memberName(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
