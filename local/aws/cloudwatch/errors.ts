/** The errors of CloudWatch and its reader of inputs, which takes what any of its wire protocols carries. */
import { AwsError } from '../errors.ts';
import { inputReader, type Input } from '../input.ts';

export type { Input };

export function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message, 400, { queryCode: 'InvalidParameterValue' });
}

export function invalidCombination(message: string): AwsError {
  return new AwsError('InvalidParameterCombinationException', message, 400, {
    queryCode: 'InvalidParameterCombination',
  });
}

export function missingParameter(name: string): AwsError {
  const message = `The parameter ${name} is required.`;
  return new AwsError('MissingRequiredParameterException', message, 400, { queryCode: 'MissingParameter' });
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

export function notInSet(name: string, value: string, allowed: readonly string[]): AwsError {
  return validationError(
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(', ')}]`,
  );
}

export function resourceNotFound(message: string): AwsError {
  return new AwsError('ResourceNotFound', message, 404);
}

export function dashboardNotFound(name: string): AwsError {
  const message = `Dashboard ${name} does not exist`;
  return new AwsError('DashboardNotFoundError', message, 404, { queryCode: 'ResourceNotFound' });
}

export function invalidDashboard(message: string): AwsError {
  const fields = { dashboardValidationMessages: [{ DataPath: '/', Message: message }] };
  return new AwsError(
    'DashboardInvalidInputError',
    'The field DashboardBody must be a valid JSON object',
    400,
    {
      queryCode: 'InvalidParameterInput',
      fields,
    },
  );
}

export function invalidNextToken(): AwsError {
  return new AwsError('InvalidNextToken', 'The next token specified is invalid.');
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededFault', message, 400, { queryCode: 'LimitExceeded' });
}

const reader = inputReader({
  missing: missingParameter,
  wrongType: (name, expected) => invalidValue(`The parameter ${name} must be ${expected}.`),
  outOfRange: (name, value, minimum, maximum) =>
    validationError(
      `1 validation error detected: Value '${String(value)}' at '${name}' failed to satisfy constraint: Member must be a whole number from ${minimum} to ${maximum}`,
    ),
});

export const { requiredText, optionalText } = reader;

/** A number; the Query protocol sends it as text. */
export function optionalNumber(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null || value === '') return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number))
    throw invalidValue(`The parameter ${name} must be a number.`);
  return number;
}

export function requiredNumber(input: Input, name: string): number {
  const value = optionalNumber(input, name);
  if (value === undefined) throw missingParameter(name);
  return value;
}

export function wholeNumber<Absent>(
  input: Input,
  name: string,
  minimum: number,
  maximum: number,
  absent: Absent,
): number | Absent {
  const value = optionalNumber(input, name);
  return reader.wholeNumber({ [name]: value }, name, minimum, maximum, absent);
}

export function optionalFlag(input: Input, name: string): boolean | undefined {
  const value = input[name];
  return value === undefined || value === null ? undefined : value === true || value === 'true';
}

/** A time in milliseconds since the epoch. It comes as seconds, or as ISO 8601 text in the Query protocol. */
export function optionalTime(input: Input, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  const time =
    typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) throw invalidValue(`The parameter ${name} must be a time.`);
  return Math.round(time);
}

export function requiredTime(input: Input, name: string): number {
  const time = optionalTime(input, name);
  if (time === undefined) throw missingParameter(name);
  return time;
}

/** A list of structures; the Query protocol sends an empty list as empty text. */
export function list(input: Input, name: string): readonly Input[] {
  const value = input[name];
  if (value === undefined || value === null || value === '') return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'object' || item === null)) {
    throw invalidValue(`The parameter ${name} must be a list of structures.`);
  }
  return value as readonly Input[];
}

export function texts(input: Input, name: string): readonly string[] {
  return input[name] === '' ? [] : reader.textList(input, name);
}

export function structure(input: Input, name: string): Input | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalidValue(`The parameter ${name} must be a structure.`);
  return value as Input;
}
