/**
 * Whether one version of an event's data can stand for another. Both directions count: old consumers
 * read new events while a deployment rolls out, and new consumers read old events from queues and archives.
 *
 * | change                                   | compatible | why not                                   |
 * |------------------------------------------|------------|-------------------------------------------|
 * | optional field added                     | yes        |                                           |
 * | optional field removed                   | yes        |                                           |
 * | required field added                     | no         | older events lack it                      |
 * | required field removed                   | no         | older consumers need it                   |
 * | optional <-> required                    | no         | one side rejects what the other leaves out |
 * | field added to an object that refuses others | no     | older consumers refuse it                 |
 * | type, enum, format, bounds changed       | no         | one side rejects what the other allows    |
 * | title, description, default, examples    | yes        |                                           |
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Incompatibility {
  /** Path such as `customer.email` or `items.*.sku`; `(data)` for the data itself. */
  readonly field: string;
  readonly reason: string;
}

const ANNOTATIONS = new Set(['$schema', '$id', 'title', 'description', 'default', 'examples', 'deprecated']);

/** Every incompatible difference between two JSON Schemas, or an empty list. */
export function incompatibilities(older: JsonSchema, newer: JsonSchema): Incompatibility[] {
  return compare(older, newer, '');
}

function compare(older: JsonSchema, newer: JsonSchema, path: string): Incompatibility[] {
  if (isObjectSchema(older) && isObjectSchema(newer)) {
    return [
      ...compareProperties(older, newer, path),
      ...compareRest(older, newer, path, ['properties', 'required']),
    ];
  }
  if (isArraySchema(older) && isArraySchema(newer)) {
    return [
      ...compare(older['items'] as JsonSchema, newer['items'] as JsonSchema, join(path, '*')),
      ...compareRest(older, newer, path, ['items']),
    ];
  }
  return compareRest(older, newer, path, []);
}

function compareProperties(older: JsonSchema, newer: JsonSchema, path: string): Incompatibility[] {
  const [oldFields, newFields] = [propertiesOf(older), propertiesOf(newer)];
  const [oldRequired, newRequired] = [requiredOf(older), requiredOf(newer)];
  const found: Incompatibility[] = [];
  for (const name of new Set([...Object.keys(oldFields), ...Object.keys(newFields)])) {
    const field = join(path, name);
    const [was, is] = [oldFields[name], newFields[name]];
    if (was === undefined) {
      if (newRequired.has(name))
        found.push({ field, reason: 'required field added: events already published lack it' });
      else if (older['additionalProperties'] === false) {
        found.push({
          field,
          reason: 'field added to an object that refuses other fields: older consumers refuse it',
        });
      }
    } else if (is === undefined) {
      if (oldRequired.has(name))
        found.push({ field, reason: 'required field removed: older consumers need it' });
    } else {
      if (oldRequired.has(name) && !newRequired.has(name)) {
        found.push({ field, reason: 'required field became optional: older consumers need it' });
      } else if (!oldRequired.has(name) && newRequired.has(name)) {
        found.push({ field, reason: 'optional field became required: events already published may lack it' });
      }
      found.push(...compare(was, is, field));
    }
  }
  return found;
}

/** Compares every keyword that is not an annotation and not handled by the caller. */
function compareRest(
  older: JsonSchema,
  newer: JsonSchema,
  path: string,
  handled: readonly string[],
): Incompatibility[] {
  const keywords = new Set([...Object.keys(older), ...Object.keys(newer)]);
  return [...keywords]
    .filter((keyword) => !handled.includes(keyword) && !ANNOTATIONS.has(keyword))
    .filter((keyword) => canonical(older[keyword], keyword) !== canonical(newer[keyword], keyword))
    .map((keyword) => ({
      field: path === '' ? '(data)' : path,
      reason: `${keyword} changed from ${canonical(older[keyword])} to ${canonical(newer[keyword])}: one side rejects what the other allows`,
    }));
}

/** JSON text that is the same for schemas that mean the same: keys and unordered lists sorted, annotations left out. */
export function canonical(value: unknown, keyword?: string): string {
  if (value === undefined) return 'nothing';
  return JSON.stringify(sorted(value, keyword));
}

const UNORDERED = new Set(['enum', 'required', 'anyOf', 'oneOf', 'allOf', 'type']);

function sorted(value: unknown, keyword?: string): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item));
    if (keyword === undefined || !UNORDERED.has(keyword)) return items;
    return items
      .map((item) => JSON.stringify(item))
      .sort()
      .map((text) => JSON.parse(text) as unknown);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => keyword === 'properties' || !ANNOTATIONS.has(key)) // a field may be called title
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner, key)]),
  );
}

function isObjectSchema(schema: JsonSchema): boolean {
  return schema['type'] === 'object' && schema['properties'] !== undefined;
}

function isArraySchema(schema: JsonSchema): boolean {
  return schema['type'] === 'array' && typeof schema['items'] === 'object';
}

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  return schema['properties'] as Record<string, JsonSchema>;
}

function requiredOf(schema: JsonSchema): Set<string> {
  return new Set((schema['required'] as string[] | undefined) ?? []);
}

function join(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`;
}
