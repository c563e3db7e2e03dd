/**
 * Validates a body against a model, which is a JSON Schema of draft 4.
 * apigateway/latest/developerguide/models-mappings-models.html
 */

type Schema = Readonly<Record<string, unknown>>;

interface StringRules {
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** What is wrong with a value, one sentence each; empty when it is valid. `$ref` finds models by their name. */
export function schemaErrors(
  schema: unknown,
  value: unknown,
  modelNamed: (name: string) => unknown,
): readonly string[] {
  return errorsOf({ root: schema as Schema, modelNamed }, schema as Schema, value, '');
}

interface Scope {
  readonly root: Schema;
  readonly modelNamed: (name: string) => unknown;
}

function errorsOf(scope: Scope, schema: Schema, value: unknown, at: string): string[] {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const { schema: target, scope: targetScope } = resolved(scope, reference);
    return errorsOf(targetScope, target, value, at);
  }
  const place = at === '' ? '' : `${at}: `;
  const errors: string[] = [];
  const type = schema['type'];
  if (type !== undefined && ![type].flat().some((name) => isOfType(value, name))) {
    return [`${place}instance type (${typeOf(value)}) does not match any allowed primitive type`];
  }
  const allowed = schema['enum'];
  if (Array.isArray(allowed) && !allowed.some((each) => isSame(each, value))) {
    errors.push(`${place}instance value (${JSON.stringify(value)}) not found in enum`);
  }
  if (typeof value === 'string') errors.push(...stringErrors(schema, value, place));
  if (typeof value === 'number') errors.push(...numberErrors(schema, value, place));
  if (Array.isArray(value)) errors.push(...arrayErrors(scope, schema, value, at));
  else if (isObject(value)) errors.push(...objectErrors(scope, schema, value, at));
  return [...errors, ...combinationErrors(scope, schema, value, at)];
}

function stringErrors(schema: Schema, value: string, place: string): string[] {
  // Characters, not UTF-16 units.
  const { length } = Array.from(value);
  const { minLength, maxLength, pattern } = schema as StringRules;
  return [
    ...(minLength !== undefined && length < minLength
      ? [`${place}string is too short (length: ${length}, required minimum: ${minLength})`]
      : []),
    ...(maxLength !== undefined && length > maxLength
      ? [`${place}string is too long (length: ${length}, maximum allowed: ${maxLength})`]
      : []),
    ...(pattern !== undefined && !new RegExp(pattern, 'u').test(value)
      ? [`${place}ECMA 262 regex "${pattern}" does not match input string`]
      : []),
  ];
}

function numberErrors(schema: Schema, value: number, place: string): string[] {
  const { minimum, maximum, multipleOf } = schema as Readonly<Record<string, number>>;
  const below =
    minimum !== undefined && (schema['exclusiveMinimum'] === true ? value <= minimum : value < minimum);
  const above =
    maximum !== undefined && (schema['exclusiveMaximum'] === true ? value >= maximum : value > maximum);
  return [
    ...(below
      ? [`${place}numeric instance is lower than the required minimum (minimum: ${minimum}, found: ${value})`]
      : []),
    ...(above
      ? [
          `${place}numeric instance is greater than the required maximum (maximum: ${maximum}, found: ${value})`,
        ]
      : []),
    ...(multipleOf !== undefined && !Number.isInteger(value / multipleOf)
      ? [`${place}remainder of division is not zero (${value} / ${multipleOf})`]
      : []),
  ];
}

function arrayErrors(scope: Scope, schema: Schema, value: readonly unknown[], at: string): string[] {
  const { minItems, maxItems } = schema as Readonly<Record<string, number>>;
  const { items, additionalItems } = schema;
  const place = at === '' ? '' : `${at}: `;
  const errors: string[] = [];
  if (minItems !== undefined && value.length < minItems) {
    errors.push(
      `${place}array is too short: must have at least ${minItems} elements but instance has ${value.length} elements`,
    );
  }
  if (maxItems !== undefined && value.length > maxItems) {
    errors.push(
      `${place}array is too long: must have at most ${maxItems} elements but instance has ${value.length} elements`,
    );
  }
  if (
    schema['uniqueItems'] === true &&
    value.some((one, index) => value.slice(0, index).some((other) => isSame(one, other)))
  ) {
    errors.push(`${place}array must not contain duplicate elements`);
  }
  for (const [index, item] of value.entries()) {
    const itemSchema: unknown = Array.isArray(items) ? (items[index] ?? additionalItems) : items;
    if (isObject(itemSchema)) errors.push(...errorsOf(scope, itemSchema, item, `${at}/${index}`));
    else if (itemSchema === false) errors.push(`${place}array has more elements than its schema allows`);
  }
  return errors;
}

function objectErrors(scope: Scope, schema: Schema, value: Schema, at: string): string[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const patterns = Object.entries((schema['patternProperties'] ?? {}) as Readonly<Record<string, Schema>>);
  const { additionalProperties } = schema;
  const { minProperties, maxProperties } = schema as Readonly<Record<string, number>>;
  const place = at === '' ? '' : `${at}: `;
  const names = Object.keys(value);
  const required = (schema['required'] ?? []) as readonly string[];
  const missing = required.filter((name) => !(name in value));
  const errors: string[] = [];
  if (missing.length > 0) {
    errors.push(`${place}object has missing required properties (${JSON.stringify(missing)})`);
  }
  if (minProperties !== undefined && names.length < minProperties)
    errors.push(`${place}object has too few properties`);
  if (maxProperties !== undefined && names.length > maxProperties)
    errors.push(`${place}object has too many properties`);
  const unknown: string[] = [];
  for (const name of names) {
    const own = properties[name];
    const matching = patterns
      .filter(([pattern]) => new RegExp(pattern, 'u').test(name))
      .map(([, each]) => each);
    const schemas = own === undefined ? matching : [own, ...matching];
    for (const each of schemas) errors.push(...errorsOf(scope, each, value[name], `${at}/${name}`));
    if (schemas.length > 0) continue;
    if (additionalProperties === false) unknown.push(name);
    else if (isObject(additionalProperties)) {
      errors.push(...errorsOf(scope, additionalProperties, value[name], `${at}/${name}`));
    }
  }
  if (unknown.length > 0) {
    errors.push(
      `${place}object instance has properties which are not allowed by the schema: ${JSON.stringify(unknown)}`,
    );
  }
  return errors;
}

function combinationErrors(scope: Scope, schema: Schema, value: unknown, at: string): string[] {
  const place = at === '' ? '' : `${at}: `;
  const listed = (name: string) => (schema[name] ?? []) as readonly Schema[];
  const matches = (each: Schema) => errorsOf(scope, each, value, at).length === 0;
  const errors = listed('allOf').flatMap((each) => errorsOf(scope, each, value, at));
  if (listed('anyOf').length > 0 && !listed('anyOf').some(matches)) {
    errors.push(
      `${place}instance failed to match at least one required schema among ${listed('anyOf').length}`,
    );
  }
  const one = listed('oneOf').filter(matches).length;
  if (listed('oneOf').length > 0 && one !== 1) {
    errors.push(
      `${place}instance failed to match exactly one schema (matched ${one} out of ${listed('oneOf').length})`,
    );
  }
  if (isObject(schema['not']) && matches(schema['not'])) {
    errors.push(`${place}instance matched a schema which it should not have`);
  }
  return errors;
}

/** `#/definitions/Address`, or `https://apigateway.amazonaws.com/restapis/<id>/models/<name>`. */
function resolved(scope: Scope, reference: string): { readonly schema: Schema; readonly scope: Scope } {
  const model = /\/restapis\/[^/]+\/models\/([^/#]+)(#.*)?$/.exec(reference);
  const root = model ? (scope.modelNamed(model[1]!) as Schema | undefined) : scope.root;
  const pointer = model ? (model[2] ?? '#') : reference;
  let target: unknown = root;
  for (const part of pointer.split('/').slice(1)) target = isObject(target) ? target[part] : undefined;
  return { schema: isObject(target) ? target : {}, scope: { ...scope, root: root ?? {} } };
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'number') return typeof value === 'number';
  return typeOf(value) === type;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
