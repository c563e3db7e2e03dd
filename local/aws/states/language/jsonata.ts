/**
 * The JSONata mode: `{% expression %}` texts evaluated with `$states` and the variables.
 * https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
 */
import type jsonata from 'jsonata';
import type { Expression, JsonataError } from 'jsonata';
import { requirePackage } from '../../require-package.ts';
import { isArray, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { registerFunctions } from './jsonata-functions.ts';
import { queryError } from './state-error.ts';

/** What expressions of a state see. */
export interface QueryScope {
  /** `$states.input`. */
  readonly input: Json;
  /** `$states.context`. */
  readonly context: JsonObject;
  /** `$states.result`, where there is one. */
  readonly result?: Json;
  /** `$states.errorOutput`, in Catch. */
  readonly errorOutput?: JsonObject;
  readonly variables: JsonObject;
  readonly now: () => number;
  readonly random: () => number;
}

/** An expression that runs longer, or goes deeper, is stopped, so that it can't stop everything else. */
const EVALUATION_MILLISECONDS = 2_000;
const EVALUATION_DEPTH = 500;
const MOST_ITEMS = 1_000_000;
const CACHE_SIZE = 5_000;
const cache = new Map<string, Expression>();
const compile = (...input: Parameters<typeof jsonata>): Expression =>
  (requirePackage('jsonata') as typeof jsonata)(...input);

/** The expression between `{%` and `%}`, or undefined when the text is just text. */
export function expressionOf(text: string): string | undefined {
  return text.startsWith('{%') && text.endsWith('%}') && text.length >= 4 ? text.slice(2, -2) : undefined;
}

/** What is wrong with the text of an expression, if anything. */
export function expressionProblem(expression: string): string | undefined {
  try {
    compiled(expression);
    return undefined;
  } catch (error) {
    return describe(error);
  }
}

/**
 * The value with every expression in it evaluated, at any depth.
 *
 * @throws StateError `States.QueryEvaluationError`
 */
export async function evaluateValue(value: Json, field: string, scope: QueryScope): Promise<Json> {
  if (typeof value === 'string') {
    const expression = expressionOf(value);
    return expression === undefined ? value : evaluateExpression(expression, field, scope);
  }
  if (isArray(value)) {
    const items: Json[] = [];
    for (const [index, item] of value.entries()) {
      items.push(await evaluateValue(item, `${field}[${index}]`, scope));
    }
    return items;
  }
  if (!isObject(value)) return value;
  const members: [string, Json][] = [];
  for (const [name, item] of Object.entries(value)) {
    members.push([name, await evaluateValue(item, `${field}/${name}`, scope)]);
  }
  return Object.fromEntries(members);
}

async function evaluateExpression(expression: string, field: string, scope: QueryScope): Promise<Json> {
  const about = `The JSONata expression '${expression.trim()}' specified for the field '${field}'`;
  let result: unknown;
  try {
    result = await compiled(expression).evaluate(undefined, bindings(scope));
  } catch (error) {
    throw queryError(`${about} threw an error during evaluation. ${describe(error)}`, field);
  }
  if (result === undefined) throw queryError(`${about} returned nothing (undefined).`, field);
  return plain(result, about, field);
}

function bindings(scope: QueryScope): Record<string, unknown> {
  const states: Record<string, unknown> = { input: scope.input, context: scope.context };
  if (scope.result !== undefined) states['result'] = scope.result;
  if (scope.errorOutput !== undefined) states['errorOutput'] = scope.errorOutput;
  const now = scope.now();
  return { ...scope.variables, states, 'waybill:now': now, 'waybill:random': scope.random };
}

function compiled(expression: string): Expression {
  const known = cache.get(expression);
  if (known) return known;
  const made = compile(expression, {
    timeout: EVALUATION_MILLISECONDS,
    stack: EVALUATION_DEPTH,
    sequence: MOST_ITEMS,
  });
  registerFunctions(made);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(expression, made);
  return made;
}

/** JSONata's arrays carry marks of its own, and its functions are values: neither may go on. */
function plain(value: unknown, about: string, field: string): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, about, field));
  if (typeof value === 'object' && !('_jsonata_function' in value) && !('_jsonata_lambda' in value)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([name, item]) => [name, plain(item, about, field)]),
    );
  }
  throw queryError(`${about} returned an unsupported result type.`, field);
}

function describe(error: unknown): string {
  const { code, message } = error as Partial<JsonataError>;
  return `${code ?? 'Error'}: ${message ?? String(error)}`;
}
