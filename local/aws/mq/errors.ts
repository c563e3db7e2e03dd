/** The errors of the Amazon MQ API, and the reading of its requests. */
import { AwsError } from '../errors.ts';
import { inputReader } from '../input.ts';

const NOT_FOUND = 404;
const CONFLICT = 409;

export function badRequest(message: string, errorAttribute?: string): AwsError {
  return new AwsError('BadRequestException', message, undefined, {
    fields: errorAttribute === undefined ? {} : { errorAttribute },
  });
}

export function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message, NOT_FOUND);
}

export function conflict(message: string): AwsError {
  return new AwsError('ConflictException', message, CONFLICT);
}

export const { requiredText, optionalText, textList } = inputReader({
  missing: (name) => badRequest(`The parameter [${name}] is required.`, name),
  wrongType: (name, expected) => badRequest(`The parameter [${name}] must be ${expected}.`, name),
  outOfRange: (name, _value, minimum, maximum) =>
    badRequest(`The parameter [${name}] must be from ${minimum} to ${maximum}.`, name),
});
