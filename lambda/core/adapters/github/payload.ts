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

/** @throws PayloadShapeError when it is no string */
export function textIn(payload: Payload, path: string): string {
  const value = valueIn(payload, path);
  if (typeof value !== 'string') throw new PayloadShapeError(path, 'a string');
  return value;
}

export function optionalTextIn(payload: Payload, path: string): string | null {
  const value = valueIn(payload, path);
  return typeof value === 'string' ? value : null;
}

/** @throws PayloadShapeError when it is no number */
export function numberIn(payload: Payload, path: string): number {
  const value = valueIn(payload, path);
  if (typeof value !== 'number') throw new PayloadShapeError(path, 'a number');
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
  const value = valueIn(payload, path);
  if (typeof value !== 'number' && typeof value !== 'string') throw new PayloadShapeError(path, 'an id');
  return String(value);
}

export function optionalIdIn(payload: Payload, path: string): string | null {
  const value = valueIn(payload, path);
  return typeof value === 'number' || typeof value === 'string' ? String(value) : null;
}

/** The objects of a list; an absent list is empty. */
export function itemsIn(payload: Payload, path: string): readonly Payload[] {
  const value = valueIn(payload, path);
  return Array.isArray(value)
    ? value.filter((item): item is Payload => typeof item === 'object' && item !== null)
    : [];
}
