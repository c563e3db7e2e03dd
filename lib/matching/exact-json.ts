/**
 * JSON whose numbers keep the spelling they came with: EventBridge passes `1.0` on as `1.0`, and does not take it for
 * `1` in a pattern. "For numbers, EventBridge uses string representation", eventbridge/latest/userguide/eb-event-patterns.html.
 */

/** A number that JavaScript would spell differently. `JSON.stringify` writes it as it was. */
export interface RawNumber {
  readonly rawJSON: string;
}

interface RawJson {
  readonly rawJSON: (text: string) => RawNumber;
  readonly isRawJSON: (value: unknown) => value is RawNumber;
}

// The library of TypeScript does not know these two members of JSON yet.
const json = JSON as unknown as RawJson;

/** Parses JSON; throws what JSON.parse throws. */
export function parseExact(text: string): unknown {
  const reviver = (_key: string, value: unknown, { source }: { readonly source?: string }): unknown =>
    typeof value === 'number' && source !== undefined && source !== String(value)
      ? json.rawJSON(source)
      : value;
  return JSON.parse(text, reviver as Parameters<typeof JSON.parse>[1]);
}

export function isRawNumber(value: unknown): value is RawNumber {
  return json.isRawJSON(value);
}

/** The value with plain numbers, at any depth. */
export function plainNumbers(value: unknown): unknown {
  if (isRawNumber(value)) return Number(value.rawJSON);
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainNumbers(member)]));
}
