/** Reading the members of a request of Step Functions. */
import { AwsError } from '../errors.ts';
import { inputReader } from '../input.ts';
import type { Input } from '../input.ts';
import { page } from '../paging.ts';
import { validationFailed } from './errors.ts';
import { asText, isObject } from './json.ts';
import type { JsonObject } from './json.ts';
import { MAX_TAGS, PAGE_SIZE } from './limits.ts';

export type { Input } from '../input.ts';

export const { requiredText, optionalText, wholeNumber } = inputReader({
  missing: (name) =>
    validationFailed(
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    ),
  wrongType: (name, expected) => validationFailed(`The member ${name} must be ${expected}.`),
  outOfRange: (name, value, minimum, maximum) =>
    validationFailed(
      `1 validation error detected: Value '${JSON.stringify(value)}' at '${name}' failed to satisfy constraint: Member must have value from ${minimum} to ${maximum}`,
    ),
});

export function optionalObject(input: Input, name: string): JsonObject | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  throw validationFailed(`The member ${name} must be an object.`);
}

/** A page of a List action. */
export function listed<Item>(
  all: readonly Item[],
  input: Input,
): { readonly items: readonly Item[]; readonly next: { readonly nextToken?: string } } {
  const size = wholeNumber(input, 'maxResults', 0, PAGE_SIZE.maximum, 0) || PAGE_SIZE.default;
  const { items, next } = page(all, {
    size,
    token: optionalText(input, 'nextToken'),
    invalidToken: () => new AwsError('InvalidToken', "Invalid Token: 'Invalid token'"),
  });
  return { items, next: next.NextToken === undefined ? {} : { nextToken: next.NextToken } };
}

/** `[{key, value}]` as a record. */
export function tagsOf(input: Input, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const list: readonly unknown[] = Array.isArray(input['tags']) ? input['tags'] : [];
  const given = list.filter(isObject).map(({ key, value }) => [asText(key ?? ''), asText(value ?? '')]);
  const tags = { ...before, ...(Object.fromEntries(given) as Record<string, string>) };
  if (Object.keys(tags).length > MAX_TAGS) {
    throw new AwsError('TooManyTags', `A resource can have ${MAX_TAGS} tags at most.`);
  }
  return tags;
}

/** Seconds, as the wire has times. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1_000;
}
