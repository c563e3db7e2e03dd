/** Reads properties of resources, whose values may be texts where numbers and booleans are meant. */
import { isRecord } from '../json.ts';
import { isUnknown } from './unknown-value.ts';

/** Undefined for what is absent or no text. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Undefined for what is absent or no number; NaN for what only AWS knows, with which no comparison holds. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (isUnknown(value)) return Number.NaN;
  if (typeof value !== 'string' || value === '') return undefined;
  const parsed = Number(value);
  return Number.isFinite(parsed) ? parsed : undefined;
}

/** Undefined for what is absent, no boolean, or known only to AWS. */
export function boolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (value === 'true') return true;
  return value === 'false' ? false : undefined;
}

/** The items of a list; a single value counts as a list of one. */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

export function texts(value: unknown): readonly string[] {
  return list(value).filter((item) => typeof item === 'string');
}

/** The objects of a list. */
export function objects(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return list(value).filter(isRecord);
}

/** An object; also one that is given as JSON text, which CloudFormation takes for policies and filters. */
export function object(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (isRecord(value)) return value;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
