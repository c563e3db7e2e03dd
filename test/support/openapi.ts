/** Whether an answer is what an OpenAPI document says of its route: as much of JSON Schema as our documents have. */
import { isRecord } from '../../lib/json.ts';

type Json = Readonly<Record<string, unknown>>;

export interface AnswerToCheck {
  /** Such as `GET /feedback/{feedbackId}`. */
  readonly route: string;
  readonly status: number;
  readonly contentType: string | undefined;
  /** Undefined without one. */
  readonly body: unknown;
}

/** What is not as described, a line each. A field that is not described counts too. */
export function mistakesOf(document: Json, { route, status, contentType, body }: AnswerToCheck): string[] {
  const [method = '', path = ''] = route.split(' ');
  const response = at(document, 'paths', path, method.toLowerCase(), 'responses', String(status));
  if (response === undefined) return [`${route} is not said to answer ${status}`];
  const content = at(response, 'content');
  if (content === undefined) return body === undefined ? [] : [`${status} is said to have no body`];
  const schema = at(content, contentType ?? '', 'schema');
  if (schema === undefined) return [`${status} is not said to be ${contentType}`];
  const said = String((response as Json)['description']);
  const code =
    contentType === 'application/problem+json' && isRecord(body) ? String(body['code']) : undefined;
  return [
    ...(code === undefined || said.split(', ').includes(code) ? [] : [`${status} is not said to be ${code}`]),
    ...mismatches(document, schema as Json, body, 'body'),
  ];
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((one, name) => (isRecord(one) ? one[name] : undefined), value);
}

function mismatches(document: Json, schema: Json, value: unknown, place: string): string[] {
  const { $ref: reference, oneOf, type, required, properties, items, minimum, maximum } = schema;
  if (typeof reference === 'string') {
    const target = at(document, ...reference.replace('#/', '').split('/'));
    return isRecord(target) ? mismatches(document, target, value, place) : [`${reference} is nowhere`];
  }
  if (Array.isArray(oneOf)) {
    const tried = (oneOf as readonly Json[]).map((one) => mismatches(document, one, value, place));
    return tried.some((found) => found.length === 0) ? [] : (tried[0] ?? []);
  }
  const types = (Array.isArray(type) ? type : [type]) as readonly unknown[];
  if (type !== undefined && !types.some((one) => isOf(one, value))) {
    return [`${place} is ${JSON.stringify(value)} and not ${types.join(' or ')}`];
  }
  const wrong: string[] = [];
  const refuse = (isWrong: boolean, why: string): void => {
    if (isWrong) wrong.push(`${place} is ${JSON.stringify(value)}: ${why}`);
  };
  if ('const' in schema) refuse(value !== schema['const'], 'const');
  if (Array.isArray(schema['enum'])) refuse(!schema['enum'].includes(value), 'enum');
  if (typeof value === 'number') {
    refuse(typeof minimum === 'number' && value < minimum, 'minimum');
    refuse(typeof maximum === 'number' && value > maximum, 'maximum');
  }
  if (typeof value === 'string') {
    refuse(value.length < Number(schema['minLength'] ?? 0), 'minLength');
    refuse(value.length > Number(schema['maxLength'] ?? Infinity), 'maxLength');
    const { pattern } = schema;
    refuse(typeof pattern === 'string' && !new RegExp(pattern).test(value), 'pattern');
    refuse(schema['format'] === 'date-time' && Number.isNaN(Date.parse(value)), 'format');
  }
  if (Array.isArray(value) && isRecord(items)) {
    wrong.push(...value.flatMap((one, index) => mismatches(document, items, one, `${place}[${index}]`)));
  }
  if (isRecord(value) && isRecord(properties)) {
    for (const name of (required ?? []) as readonly string[]) {
      if (!(name in value)) wrong.push(`${place}.${name} is missing`);
    }
    for (const [name, one] of Object.entries(value)) {
      const described = properties[name];
      if (isRecord(described)) wrong.push(...mismatches(document, described, one, `${place}.${name}`));
      else wrong.push(`${place}.${name} is not described`);
    }
  }
  return wrong;
}

function isOf(type: unknown, value: unknown): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
