/** Reading the members of a request, and refusing what AWS refuses. */
import { inputReader } from '../input.ts';
import type { Input } from '../input.ts';
import { invalidValue, missingParameter, wrongType } from './errors.ts';
import { MAXIMUM_ID_LENGTH } from './limits.ts';

export type { Input } from '../input.ts';

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: missingParameter,
  wrongType: (name, expected) => wrongType(`The member ${name} must be ${expected}.`),
  outOfRange(name, value, minimum, maximum) {
    const reason =
      name === 'DelaySeconds'
        ? `DelaySeconds must be >= ${minimum} and <= ${maximum}.`
        : name === 'MaxNumberOfMessages'
          ? `Must be between ${minimum} and ${maximum}, if provided.`
          : `Must be >= ${minimum} and <= ${maximum}, if provided.`;
    return invalidValue(name, value, reason);
  },
});

export function textMap(input: Input, name: string): Readonly<Record<string, string>> {
  const map = structures(input, name, (value) => typeof value === 'string' || value === null);
  return map as Readonly<Record<string, string>>;
}

/** A map whose values are all structures: message attributes. */
export function structureMap(input: Input, name: string): Readonly<Record<string, Input>> {
  return structures(input, name, isStructure) as Readonly<Record<string, Input>>;
}

/** A list of structures: the entries of a batch. */
export function structureList(input: Input, name: string): readonly Input[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every(isStructure)) {
    throw wrongType(`The member ${name} must be a list of structures.`);
  }
  return value;
}

function structures(input: Input, name: string, fits: (value: unknown) => boolean): Input {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (!isStructure(value) || !Object.values(value).every(fits)) {
    throw wrongType(`The member ${name} must be a map, and its values of the type in the API reference.`);
  }
  return value;
}

function isStructure(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
