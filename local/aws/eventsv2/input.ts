/** Reads the members of an action's input, with AWS's words for what does not fit. */
import { type Input, inputReader } from '../input.ts';
import { isRecord } from '../json.ts';
import { page } from '../paging.ts';
import { invalidInput } from './errors.ts';
import { PAGE_SIZE } from './limits.ts';

export type { Input } from '../input.ts';
export { record } from '../json.ts';

const memberOf = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
const constraint = (value: string | undefined, name: string, what: string) =>
  invalidInput(
    `1 validation error detected: Value ${value === undefined ? 'null' : `'${value}'`} at '${memberOf(name)}' failed to satisfy constraint: Member must ${what}`,
  );

export const { optionalText, requiredText, wholeNumber } = inputReader({
  missing: (name) => constraint(undefined, name, 'not be null'),
  wrongType: (name, expected) => invalidInput(`${name} must be ${expected}.`),
  outOfRange: (name, value, from, to) =>
    constraint(JSON.stringify(value), name, `have value between ${from} and ${to}, inclusive`),
});

export function oneOf<Value extends string, Absent>(
  input: Input,
  name: string,
  values: readonly Value[],
  absent: Absent,
): Value | Absent {
  const text = optionalText(input, name);
  if (text === undefined) return absent;
  const value = values.find((one) => one === text);
  if (value === undefined) throw constraint(text, name, `satisfy enum value set: [${values.join(', ')}]`);
  return value;
}

/** A name of a bus or subscriber. */
export function requiredName(input: Input): string {
  const name = requiredText(input, 'Name');
  const pattern = '[A-Za-z0-9][\\.\\-_A-Za-z0-9]*';
  if (!new RegExp(`^${pattern}$`).test(name)) {
    throw constraint(name, 'Name', `satisfy regular expression pattern: ${pattern}`);
  }
  if (name.length > 256) throw constraint(name, 'Name', 'have length less than or equal to 256');
  return name;
}

/** A list of objects. */
export function records(input: Input, name: string): readonly Input[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isRecord)) {
    throw invalidInput(`${name} must be a list of objects.`);
  }
  return value;
}

/** A time in milliseconds since the epoch: seconds on the wire, ISO text from templates. */
export function optionalTime(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  const milliseconds =
    typeof value === 'number' ? value * 1_000 : typeof value === 'string' ? Date.parse(value) : NaN;
  if (Number.isNaN(milliseconds)) throw invalidInput(`${name} is not a time.`);
  return milliseconds;
}

/** Tags as a map, as the API has them. */
export function tagsOf(input: Input): Readonly<Record<string, string>> {
  const tags = input['Tags'];
  if (tags === undefined || tags === null) return {};
  if (!isRecord(tags) || Object.values(tags).some((value) => typeof value !== 'string')) {
    throw invalidInput('Tags must be a map of texts.');
  }
  return tags as Record<string, string>;
}

export function pageOf<Item>(all: readonly Item[], input: Input) {
  return page(all, {
    size: wholeNumber(input, 'MaxResults', 1, PAGE_SIZE, PAGE_SIZE),
    token: optionalText(input, 'NextToken'),
    invalidToken: () => invalidInput('NextToken is not valid.'),
  });
}
