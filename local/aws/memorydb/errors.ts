/** The errors of the Amazon MemoryDB API, and the reading of its requests. memorydb/latest/APIReference/CommonErrors.html */
import { AwsError } from '../errors.ts';
import { inputReader } from '../input.ts';

export const invalidValue = (message: string): AwsError =>
  new AwsError('InvalidParameterValueException', message);

export const { requiredText, optionalText, textList } = inputReader({
  missing: (name) => invalidValue(`The parameter ${name} must be given.`),
  wrongType: (name, expected) => invalidValue(`The parameter ${name} must be ${expected}.`),
  outOfRange: (name, _value, minimum, maximum) =>
    invalidValue(`The parameter ${name} must be from ${minimum} to ${maximum}.`),
});
