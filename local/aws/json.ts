/** Reading JSON whose shape is not known. */

/** The value as an object; empty when it is none. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a text is in JSON; undefined for everything else. `parse` is JSON.parse unless told otherwise. */
export function parseObject(
  text: string,
  parse: (text: string) => unknown = JSON.parse,
): Record<string, unknown> | undefined {
  try {
    const parsed = parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** `Tags: [{Key, Value}]` as a map. `duplicate` makes the error for a key that comes twice; without it the last counts. */
export function tagMap(tags: unknown, duplicate?: () => Error): Map<string, string> {
  const map = new Map<string, string>();
  for (const tag of Array.isArray(tags) ? (tags as readonly unknown[]) : []) {
    const { Key: key, Value: value } = record(tag);
    if (typeof key !== 'string') continue;
    if (duplicate && map.has(key)) throw duplicate();
    map.set(key, typeof value === 'string' ? value : '');
  }
  return map;
}
