/** Reading the members of control calls of REST APIs, which are named as in the API: `restApiId`, `pathPart`. */
import { AwsError } from '../../errors.ts';

export type ControlInput = Readonly<Record<string, unknown>>;

export function badRequest(message: string): AwsError {
  return new AwsError('BadRequestException', message);
}

export function notFound(what: string): AwsError {
  return new AwsError('NotFoundException', `Invalid ${what} identifier specified`, 404);
}

export function requiredText(input: ControlInput, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined) throw badRequest(`${name} is required`);
  return value;
}

export function optionalText(input: ControlInput, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'object') throw badRequest(`${name} must be a text`);
  return JSON.stringify(value);
}

export function flag(input: ControlInput, name: string): boolean {
  return input[name] === true || input[name] === 'true';
}

/** A map; its values are taken as they are. */
export function map<Value>(input: ControlInput, name: string): Readonly<Record<string, Value>> {
  const value = input[name] ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badRequest(`${name} must be a map`);
  return value as Readonly<Record<string, Value>>;
}

/** As maps of headers and parameters that are required or not. */
export function flagMap(input: ControlInput, name: string): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    Object.entries(map(input, name)).map(([key, value]) => [key, value === true || value === 'true']),
  );
}

export function textList(input: ControlInput, name: string): readonly string[] {
  const value = input[name] ?? [];
  if (!Array.isArray(value)) throw badRequest(`${name} must be a list`);
  return value.map(String);
}
