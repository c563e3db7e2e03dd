// Reading the members of a request, and refusing what AWS refuses.

import { invalidParameter, invalidValue, missingParameter } from './errors.ts';
import { MAXIMUM_ID_LENGTH } from './limits.ts';

export type Input = Readonly<Record<string, unknown>>;

export function requiredString(input: Input, name: string): string {
  const value = optionalString(input, name);
  if (value === undefined || value === '') throw missingParameter(name);
  return value;
}

export function optionalString(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidParameter(`${name} must be a string.`);
  return value;
}

/** An integer of a range, or `absent` when the request has none. */
export function integerBetween<Absent>(
  input: Input,
  name: string,
  minimum: number,
  maximum: number,
  absent: Absent,
): number | Absent {
  const value = input[name];
  if (value === undefined || value === null) return absent;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    const reason =
      name === 'MaxNumberOfMessages'
        ? `Must be between ${minimum} and ${maximum}, if provided.`
        : `Must be >= ${minimum} and <= ${maximum}, if provided.`;
    throw invalidValue(name, value, reason);
  }
  return value;
}

export function stringList(input: Input, name: string): readonly string[] {
  const value = input[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalidParameter(`${name} must be a list of strings.`);
  }
  return value as string[];
}

export function stringMap(input: Input, name: string): Readonly<Record<string, string>> {
  const value = input[name];
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidParameter(`${name} must be a map.`);
  return value as Record<string, string>;
}

/** A group, deduplication or attempt id: 1 to 128 letters, digits and punctuation. */
export function checkedId(input: Input, name: string): string | undefined {
  const id = optionalString(input, name);
  if (id === undefined) return undefined;
  if (id.length > MAXIMUM_ID_LENGTH || !/^[!-~]+$/.test(id)) {
    const reason = `${name} can only include alphanumeric and punctuation characters. 1 to ${MAXIMUM_ID_LENGTH} in length.`;
    throw invalidValue(name, id, reason);
  }
  return id;
}
