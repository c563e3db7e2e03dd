/** Reads the members of DynamoDB's requests, and refuses them in its words. */
import { constraintError, serializationError } from './errors.ts';

export type Input = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function required(input: Input, name: string): unknown {
  const value = input[name];
  if (value === undefined || value === null) {
    throw constraintError(undefined, lowerFirst(name), 'Member must not be null');
  }
  return value;
}

export function requiredText(input: Input, name: string): string {
  required(input, name);
  return optionalText(input, name) ?? '';
}

export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw serializationError(
    typeof value === 'object'
      ? 'Start of structure or map found where not expected'
      : `${typeof value === 'number' ? 'NUMBER_VALUE' : 'TRUE_VALUE'} cannot be converted to String`,
  );
}

export function optionalList(input: Input, name: string): readonly unknown[] | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value as unknown[];
  throw serializationError('Unexpected field type');
}

export function requiredList(input: Input, name: string): readonly unknown[] {
  required(input, name);
  return optionalList(input, name) ?? [];
}

export function optionalRecord(input: Input, name: string): Input | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (isRecord(value)) return value;
  throw serializationError('Unexpected field type');
}

export function requiredRecord(input: Input, name: string): Input {
  required(input, name);
  return optionalRecord(input, name) ?? {};
}

export function flag(input: Input, name: string): boolean {
  const value = input[name];
  if (value === undefined || value === null || typeof value === 'boolean') return value === true;
  throw serializationError('Unexpected token received from parser');
}

/** One of AWS's words, or `absent`. */
export function word<Word extends string, Absent>(
  input: Input,
  name: string,
  words: readonly Word[],
  absent: Absent,
): Word | Absent {
  const value = optionalText(input, name);
  if (value === undefined) return absent;
  if ((words as readonly string[]).includes(value)) return value as Word;
  throw constraintError(value, lowerFirst(name), `Member must satisfy enum value set: [${words.join(', ')}]`);
}

export function wholeNumber(
  input: Input,
  name: string,
  minimum: number,
  maximum: number,
): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw serializationError('STRING_VALUE cannot be converted to Integer');
  if (value < minimum) {
    throw constraintError(
      value,
      lowerFirst(name),
      `Member must have value greater than or equal to ${minimum}`,
    );
  }
  if (value > maximum) {
    throw constraintError(value, lowerFirst(name), `Member must have value less than or equal to ${maximum}`);
  }
  return Math.floor(value);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
