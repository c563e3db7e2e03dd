/**
 * Reads the members of an action's input. The Query protocol gives every scalar as text and an empty list or map
 * as the empty text; in-process callers give the API's own types.
 */
import { record } from '../json.ts';
import { validationError } from './errors.ts';

export { record, tagMap } from '../json.ts';

export type Input = Readonly<Record<string, unknown>>;

/** Text, or undefined when absent. */
export function optionalText(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw validationError(`1 validation error detected: Value at '${name}' must be a string`);
}

/** A map of texts, empty when absent. */
export function textMap(input: Input, name: string): Map<string, string> {
  const members = record(input[name]);
  const map = new Map<string, string>();
  for (const key of Object.keys(members)) {
    const text = optionalText(members, key);
    if (text !== undefined) map.set(key, text);
  }
  return map;
}

/** A list, empty when absent. */
export function list(input: Input, name: string): readonly unknown[] {
  const value = input[name];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
