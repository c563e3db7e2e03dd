/** What the actions of Lambda work on, and reading the members of their requests. */
import type { AwsContext, Caller } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { CodeStore } from './code-store.ts';
import type { Functions } from './functions.ts';
import type { LambdaService } from './index.ts';
import type { Mappings } from './mappings.ts';

export type ActionInput = Record<string, unknown>;

export interface ActionEnvironment {
  readonly context: AwsContext;
  readonly service: LambdaService;
  readonly functions: Functions;
  readonly mappings: Mappings;
  readonly code: CodeStore;
}

export type Action = (environment: ActionEnvironment, input: ActionInput, caller: Caller) => unknown;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: 50 items at most, whatever is asked for. */
export const PAGE_SIZE = 50;

export function text(input: ActionInput, member: string): string {
  const value = input[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value null at '${member.charAt(0).toLowerCase()}${member.slice(1)}' failed to satisfy constraint: Member must not be null`,
  );
}

export function optionalText(input: ActionInput, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number, also of a query string, in a range. */
export function optionalNumber(
  input: ActionInput,
  member: string,
  range: { readonly minimum: number; readonly maximum: number },
): number | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= range.minimum && number <= range.maximum) return number;
  throw invalid(
    `1 validation error detected: Value '${JSON.stringify(value)}' at '${member.charAt(0).toLowerCase()}${member.slice(1)}' failed to satisfy constraint: Member must have value between ${range.minimum} and ${range.maximum}`,
  );
}

/** The function that `FunctionName` and `Qualifier` name together. */
export function reference(input: ActionInput): string {
  const qualifier = optionalText(input, 'Qualifier');
  return text(input, 'FunctionName') + (qualifier === undefined ? '' : `:${qualifier}`);
}

export function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message, 404);
}
