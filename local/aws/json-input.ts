// Reading the members of a JSON request for the small services; what is missing or of the wrong type is a
// ValidationException, as in AWS.

import { AwsError } from './errors.ts';

export type JsonInput = Readonly<Record<string, unknown>>;

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function requiredText(input: JsonInput, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined || value === '') throw validationError(`The member ${name} is required.`);
  return value;
}

export function optionalText(input: JsonInput, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw validationError(`The member ${name} must be a string.`);
  return value;
}

/** A whole number of a range, or `absent`. */
export function wholeNumber<Absent>(
  input: JsonInput,
  name: string,
  minimum: number,
  maximum: number,
  absent: Absent,
): number | Absent {
  const value = input[name];
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw validationError(`The member ${name} must be a whole number from ${minimum} to ${maximum}.`);
  }
  return value;
}

export function flag(input: JsonInput, name: string): boolean {
  return input[name] === true;
}

export function textList(input: JsonInput, name: string): readonly string[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw validationError(`The member ${name} must be a list of strings.`);
  }
  return value as string[];
}

/** One page of `items` for MaxResults and NextToken; the token is the index to go on from. */
export function page<Item>(
  items: readonly Item[],
  maxResults: number,
  token: string | undefined,
): { readonly items: readonly Item[]; readonly nextToken: string | undefined } {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidNextToken', 'The next token is not valid.');
  const end = start + maxResults;
  return { items: items.slice(start, end), nextToken: end < items.length ? String(end) : undefined };
}
