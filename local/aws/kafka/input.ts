/** Reading the members of MSK's requests: what does not fit is a BadRequestException that names the member. */
import { inputReader, type Input } from '../input.ts';
import { badRequest } from './errors.ts';

export type { Input } from '../input.ts';

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: (name) => badRequest(`The parameter ${name} is required.`, name),
  wrongType: (name, expected) => badRequest(`The parameter ${name} must be ${expected}.`, name),
  outOfRange: (name, _value, minimum, maximum) =>
    badRequest(`The parameter ${name} must be a whole number from ${minimum} to ${maximum}.`, name),
});

export function object(input: Input, name: string): Input {
  const value = input[name];
  return typeof value === 'object' && value !== null ? (value as Input) : {};
}

export function tagsIn(input: Input): Readonly<Record<string, string>> {
  return object(input, 'tags') as Readonly<Record<string, string>>;
}

const MAXIMUM_RESULTS = 100;

/** One page of a List action; the token is the index to go on from. */
export function page<Item>(
  items: readonly Item[],
  input: Input,
): { readonly items: readonly Item[]; readonly nextToken?: string } {
  const size = wholeNumber({ ...input, size: number(input, 'maxResults') }, 'size', 1, MAXIMUM_RESULTS, 100);
  const from = number(input, 'nextToken') ?? 0;
  if (!Number.isInteger(from) || from < 0) throw badRequest('The token is not valid.', 'nextToken');
  const end = from + size;
  return { items: items.slice(from, end), ...(end < items.length && { nextToken: String(end) }) };
}

/** Members that come in the query string are text. */
function number(input: Input, name: string): number | undefined {
  const value = input[name];
  return value === undefined || value === null ? undefined : Number(value);
}
