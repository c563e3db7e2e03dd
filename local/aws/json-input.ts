/**
 * Reading the members of a JSON request for the small services: what is missing or of the wrong type is a
 * ValidationException, as in AWS.
 */
import { AwsError } from './errors.ts';
import { inputReader } from './input.ts';
import type { Input } from './input.ts';

export type JsonInput = Input;

export function validationError(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: (name) => validationError(`The member ${name} is required.`),
  wrongType: (name, expected) => validationError(`The member ${name} must be ${expected}.`),
  outOfRange: (name, _value, minimum, maximum) =>
    validationError(`The member ${name} must be a whole number from ${minimum} to ${maximum}.`),
});

export function flag(input: JsonInput, name: string): boolean {
  return input[name] === true;
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
