/** Reading the members of a CloudFormation request. */
import { AwsError } from '../errors.ts';
import { inputReader, type Input } from '../input.ts';

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

export const { requiredText, optionalText, textList } = inputReader({
  missing: (name) =>
    validationError(
      `1 validation error detected: Value null at '${lowerFirst(name)}' failed to satisfy constraint: Member must not be null`,
    ),
  wrongType: (name, expected) => validationError(`${name} must be ${expected}`),
  outOfRange: (name) => validationError(`${name} is out of range`),
});

export function flag(input: Input, name: string): boolean {
  return input[name] === true || input[name] === 'true';
}

/** A list of structures. */
export function list(input: Input, name: string): readonly Input[] {
  const value = input[name];
  return Array.isArray(value) ? (value as Input[]) : [];
}

/** `[{Key, Value}]` as a map. */
export function tagsIn(input: Input): Readonly<Record<string, string>> {
  return Object.fromEntries(
    list(input, 'Tags').map((tag) => [optionalText(tag, 'Key') ?? '', optionalText(tag, 'Value') ?? '']),
  );
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}
