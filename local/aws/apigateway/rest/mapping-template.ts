/**
 * Mapping templates: Velocity with API Gateway's variables `$input`, `$context`, `$stageVariables` and `$util`.
 * apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
 */
import type * as velocity from 'velocityjs';
import { requirePackage } from '../../require-package.ts';
import { valueAt } from '../../states/language/json-path.ts';
import { JAVA_METHODS } from './java-methods.ts';

/** What a template can see. */
export interface TemplateInput {
  /** The body as text. */
  readonly body: string;
  readonly path: Readonly<Record<string, string>>;
  readonly querystring: Readonly<Record<string, string>>;
  readonly header: Readonly<Record<string, string>>;
  readonly context: Readonly<Record<string, unknown>>;
  readonly stageVariables: Readonly<Record<string, string>>;
}

/** What the template set with `#set($context.responseOverride...)` and `$context.requestOverride`. */
export interface Overrides {
  readonly responseOverride: { status?: number; header: Record<string, string> };
  readonly requestOverride: {
    header: Record<string, string>;
    querystring: Record<string, string>;
    path: Record<string, string>;
  };
}

export interface Rendered extends Overrides {
  readonly text: string;
}

/** Renders a template. A mistake in it is thrown as it comes from the engine. */
export function renderTemplate(template: string, input: TemplateInput): Rendered {
  const overrides: Overrides = {
    responseOverride: { header: {} },
    requestOverride: { header: {}, querystring: {}, path: {} },
  };
  const { Compile, parse } = requirePackage('velocityjs') as typeof velocity;
  const text = new Compile(quiet(parse(template)), { customMethodHandlers: JAVA_METHODS }).render({
    input: inputVariable(input),
    context: { ...input.context, ...overrides },
    stageVariables: { ...input.stageVariables },
    util: UTIL,
  });
  return { text, ...overrides };
}

/** What is not there leaves nothing in the text: `$x` is written as Velocity writes `$!x`. */
function quiet<Node>(nodes: readonly Node[]): Node[] {
  return nodes.map((node) => {
    if (Array.isArray(node)) return quiet(node) as Node;
    const isReference = typeof node === 'object' && node !== null && 'leader' in node;
    return isReference ? { ...node, leader: '$!' } : node;
  });
}

function inputVariable(input: TemplateInput) {
  const { body, path, querystring, header } = input;
  let parsed: { readonly value: unknown } | undefined;
  const json = (): unknown => (parsed ??= { value: parseBody(body) }).value;
  const at = (jsonPath: string): unknown => atPath(json(), jsonPath);
  return {
    body,
    json: (jsonPath: string) => JSON.stringify(at(jsonPath) ?? ''),
    path: (jsonPath: string) => forVelocity(at(jsonPath) ?? ''),
    // One name is looked for in path, query string and header, in this order.
    params(name?: string) {
      if (name === 'path') return path;
      if (name === 'querystring') return querystring;
      if (name === 'header') return header;
      if (name === undefined) return { path, querystring, header };
      return path[name] ?? querystring[name] ?? valueOfHeader(header, name) ?? '';
    },
  };
}

const UTIL = {
  escapeJavaScript: (value: unknown) =>
    textOf(value)
      .replaceAll('\\', '\\\\')
      .replaceAll('"', '\\"')
      .replaceAll("'", "\\'")
      .replaceAll('/', '\\/')
      .replaceAll('\n', '\\n')
      .replaceAll('\r', '\\r')
      .replaceAll('\t', '\\t'),
  parseJson: (value: unknown) => forVelocity(JSON.parse(textOf(value))),
  // As Java's URLEncoder: a space is a plus.
  urlEncode: (value: unknown) =>
    encodeURIComponent(textOf(value))
      .replaceAll('%20', '+')
      .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`),
  urlDecode: (value: unknown) => decodeURIComponent(textOf(value).replaceAll('+', ' ')),
  base64Encode: (value: unknown) => Buffer.from(textOf(value)).toString('base64'),
  base64Decode: (value: unknown) => Buffer.from(textOf(value), 'base64').toString('utf8'),
};

function atPath(root: unknown, jsonPath: string): unknown {
  if (jsonPath === '$') return root;
  return valueAt(jsonPath, root as never);
}

/** An empty body is an empty object, and one that is no JSON is its text. */
function parseBody(body: string): unknown {
  if (body === '') return {};
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

/** Lists and maps as Java's, with the methods that templates call on them; as text they are JSON. */
function forVelocity(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list = value.map(forVelocity);
    Object.defineProperty(list, 'toString', { value: () => JSON.stringify(value) });
    return list;
  }
  if (typeof value === 'object' && value !== null) {
    const map = Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, forVelocity(member)]),
    );
    Object.defineProperty(map, 'toString', { value: () => JSON.stringify(value) });
    return map;
  }
  return value;
}

function valueOfHeader(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return headers[name] ?? headers[name.toLowerCase()];
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
