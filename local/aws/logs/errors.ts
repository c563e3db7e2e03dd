/** The errors of CloudWatch Logs, and its reader of inputs. */
import { AwsError } from '../errors.ts';
import { inputReader, type Input } from '../input.ts';

export type { Input };

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function groupNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
}

export function streamNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

export function alreadyExists(kind: string): AwsError {
  return new AwsError('ResourceAlreadyExistsException', `The specified ${kind} already exists`);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}

export const { requiredText, optionalText, wholeNumber, textList } = inputReader({
  missing: (name) =>
    invalidParameter(
      `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`,
    ),
  wrongType: (name, expected) => invalidParameter(`The member ${name} must be ${expected}.`),
  outOfRange: (name, value, minimum, maximum) =>
    invalidParameter(
      `1 validation error detected: Value '${String(value)}' at '${name}' failed to satisfy constraint: Member must be a whole number from ${minimum} to ${maximum}`,
    ),
});
