/** Reading the members of a request, and refusing what AWS refuses. */
import { inputReader } from '../input.ts';
import type { Input } from '../input.ts';
import { invalidParameter, invalidValue, missingParameter } from './errors.ts';
import { MAXIMUM_ID_LENGTH } from './limits.ts';

export type { Input } from '../input.ts';

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: missingParameter,
  wrongType: (name, expected) => invalidParameter(`${name} must be ${expected}.`),
  outOfRange(name, value, minimum, maximum) {
    const reason =
      name === 'MaxNumberOfMessages'
        ? `Must be between ${minimum} and ${maximum}, if provided.`
        : `Must be >= ${minimum} and <= ${maximum}, if provided.`;
    return invalidValue(name, value, reason);
  },
});

export function textMap(input: Input, name: string): Readonly<Record<string, string>> {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidParameter(`${name} must be a map.`);
  return value as Record<string, string>;
}

/** A group, deduplication or attempt id: 1 to 128 letters, digits and punctuation. */
export function checkedId(input: Input, name: string): string | undefined {
  const id = optionalText(input, name);
  if (id === undefined) return undefined;
  if (id.length > MAXIMUM_ID_LENGTH || !/^[!-~]+$/.test(id)) {
    const reason = `${name} can only include alphanumeric and punctuation characters. 1 to ${MAXIMUM_ID_LENGTH} in length.`;
    throw invalidValue(name, id, reason);
  }
  return id;
}
