/** The errors of the Amazon ElastiCache API, and the reading of its requests. AmazonElastiCache/latest/APIReference/CommonErrors.html */
import { AwsError } from '../errors.ts';
import { inputReader } from '../input.ts';

const NOT_FOUND = 404;

/** ElastiCache's codes have no `Exception` and mostly end in `Fault` only in the SDKs. */
export function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

export function exists(kind: string, message: string): AwsError {
  return new AwsError(`${kind}AlreadyExists`, message);
}

export function notFound(code: string, message: string): AwsError {
  return new AwsError(code, message, NOT_FOUND);
}

export const { requiredText, optionalText, textList } = inputReader({
  missing: (name) => new AwsError('MissingParameter', `The parameter ${name} must be given.`),
  wrongType: (name, expected) => invalidValue(`The parameter ${name} must be ${expected}.`),
  outOfRange: (name, _value, minimum, maximum) =>
    invalidValue(`The parameter ${name} must be from ${minimum} to ${maximum}.`),
});
