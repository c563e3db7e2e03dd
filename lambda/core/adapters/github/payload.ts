/** Reads fields of a webhook payload. What is not there, or has another type, is named by its path, never by its value. */

export type Payload = Readonly<Record<string, unknown>>;

/** The payload does not have the shape its event promises. */
export class PayloadShapeError extends Error {
  readonly code = 'WAYBILL_WEBHOOK_PAYLOAD_UNEXPECTED';

  constructor(path: string, expected: string) {
    super(`field '${path}' is not ${expected}`);
    this.name = 'PayloadShapeError';
  }
}

export function valueIn(payload: unknown, path: string): unknown {
  let value = payload;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Payload)[step];
  }
  return value;
}

/**
 * Without NUL characters, which PostgreSQL's text can't hold.
 * @throws PayloadShapeError when it is no string
 */
export function textIn(payload: Payload, path: string): string {
  const text = optionalTextIn(payload, path);
  if (text === null) throw new PayloadShapeError(path, 'a string');
  return text;
}

export function optionalTextIn(payload: Payload, path: string): string | null {
  const value = valueIn(payload, path);
  return typeof value === 'string' ? value.replaceAll('\0', '') : null;
}

/** A time in ISO 8601. @throws PayloadShapeError when it is none */
export function timeIn(payload: Payload, path: string): string {
  const time = optionalTimeIn(payload, path);
  if (time === null) throw new PayloadShapeError(path, 'a time in ISO 8601');
  return time;
}

export function optionalTimeIn(payload: Payload, path: string): string | null {
  const text = optionalTextIn(payload, path);
  return text !== null && ISO_TIME.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** PostgreSQL's integer. */
const LARGEST_NUMBER = 2 ** 31 - 1;

/** A number of GitHub's own counting. @throws PayloadShapeError when it is no whole number, or too large */
export function numberIn(payload: Payload, path: string): number {
  const value = valueIn(payload, path);
  if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > LARGEST_NUMBER) {
    throw new PayloadShapeError(path, 'a whole number');
  }
  return value;
}

export function flagIn(payload: Payload, path: string): boolean {
  return valueIn(payload, path) === true;
}

/**
 * An id as text: GitHub sends numbers, or strings for node ids.
 * @throws PayloadShapeError when it is neither
 */
export function idIn(payload: Payload, path: string): string {
  const id = optionalIdIn(payload, path);
  if (id === null) throw new PayloadShapeError(path, 'an id');
  return id;
}

export function optionalIdIn(payload: Payload, path: string): string | null {
  const value = valueIn(payload, path);
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  return ID.test(String(value)) ? String(value) : null;
}

/** Ids become group ids, which take neither spaces nor letters beyond ASCII, and have to fit. */
const ID = /^[\w.:=+/-]{1,40}$/;

/** The objects of a list; an absent list is empty. */
export function itemsIn(payload: Payload, path: string): readonly Payload[] {
  const value = valueIn(payload, path);
  return Array.isArray(value)
    ? value.filter((item): item is Payload => typeof item === 'object' && item !== null)
    : [];
}
