/** Reading the members of a request. What is refused is the same everywhere; the words and codes are each service's. */
import type { AwsError } from './errors.ts';

export type Input = Readonly<Record<string, unknown>>;

/** A service's errors for members that do not fit. */
export interface InputErrors {
  readonly missing: (name: string) => AwsError;
  /** `expected` is `a string` or `a list of strings`. */
  readonly wrongType: (name: string, expected: string) => AwsError;
  readonly outOfRange: (name: string, value: unknown, minimum: number, maximum: number) => AwsError;
}

export interface InputReader {
  /** Text that is not empty. */
  readonly requiredText: (input: Input, name: string) => string;
  readonly optionalText: (input: Input, name: string) => string | undefined;
  /** A whole number of a range, or `absent` when the request has none. */
  readonly wholeNumber: <Absent>(
    input: Input,
    name: string,
    minimum: number,
    maximum: number,
    absent: Absent,
  ) => number | Absent;
  /** Empty when absent. */
  readonly textList: (input: Input, name: string) => readonly string[];
}

export function inputReader(errors: InputErrors): InputReader {
  const optionalText = (input: Input, name: string): string | undefined => {
    const value = input[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'string') throw errors.wrongType(name, 'a string');
    return value;
  };
  return {
    optionalText,
    requiredText(input, name) {
      const value = optionalText(input, name);
      if (value === undefined || value === '') throw errors.missing(name);
      return value;
    },
    wholeNumber(input, name, minimum, maximum, absent) {
      const value = input[name];
      if (value === undefined || value === null) return absent;
      if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
        throw errors.outOfRange(name, value, minimum, maximum);
      }
      return value;
    },
    textList(input, name) {
      const value = input[name];
      if (value === undefined || value === null) return [];
      if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
        throw errors.wrongType(name, 'a list of strings');
      }
      return value as string[];
    },
  };
}
