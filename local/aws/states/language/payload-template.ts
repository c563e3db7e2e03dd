/**
 * The JSONPath mode: paths, and templates (Parameters, ItemSelector, ResultSelector, Assign) whose members that end in
 * `.$` are filled from the state's data.
 * https://docs.aws.amazon.com/step-functions/latest/dg/input-output-inputpath-params.html
 */
import { isArray, isObject, member } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { ArgumentProblem, format, INTRINSICS, unescaped } from './intrinsic-functions.ts';
import { IntrinsicSyntaxError, isIntrinsic, parseIntrinsic } from './intrinsic-parser.ts';
import type { Argument, Call } from './intrinsic-parser.ts';
import { valueAt } from './json-path.ts';
import { intrinsicFailure, runtimeError } from './state-error.ts';

/** What paths of a state see. */
export interface PathScope {
  /** `$`: the state's input, its result, or an error. */
  readonly data: Json;
  /** `$$`. */
  readonly context: JsonObject;
  /** `$name`. */
  readonly variables: JsonObject;
  readonly random: () => number;
}

/** The value of a path: `$.a` in the data, `$$.a` in the context object, `$name.a` in a variable. */
export function pathValue(path: string, scope: PathScope): Json | undefined {
  if (path.startsWith('$$')) return valueAt(path.slice(1), scope.context);
  const variable = /^\$([\p{ID_Start}_][\p{ID_Continue}]*)/u.exec(path)?.[1];
  if (variable === undefined) return valueAt(path, scope.data);
  const value = member(scope.variables, variable);
  return value === undefined ? undefined : valueAt(`$${path.slice(variable.length + 1)}`, value);
}

/** As {@link pathValue}; a path that leads nowhere is a mistake of the field that holds it. */
function requiredPathValue(path: string, field: string, scope: PathScope): Json {
  const value = pathValue(path, scope);
  if (value !== undefined) return value;
  const searched = path.startsWith('$$') ? scope.context : scope.data;
  throw runtimeError(
    `The JSONPath '${path}' specified for the field '${field}' could not be found in the input '${JSON.stringify(searched)}'`,
  );
}

/** The template with every `.$` member filled. */
export function fillTemplate(template: Json, scope: PathScope): Json {
  if (isArray(template)) return template.map((item) => fillTemplate(item, scope));
  if (!isObject(template)) return template;
  const filled: [string, Json][] = [];
  for (const [name, value] of Object.entries(template)) {
    if (name.endsWith('.$') && typeof value === 'string') {
      filled.push([name.slice(0, -2), expressionValue(value, name, scope)]);
    } else filled.push([name, fillTemplate(value, scope)]);
  }
  return Object.fromEntries(filled);
}

/** The value of a path or of a call of an intrinsic function. */
export function expressionValue(expression: string, field: string, scope: PathScope): Json {
  if (!isIntrinsic(expression)) return requiredPathValue(expression, field, scope);
  let call: Call;
  try {
    call = parseIntrinsic(expression);
  } catch (error) {
    if (error instanceof IntrinsicSyntaxError) throw intrinsicFailure(expression, error.message);
    throw error;
  }
  return callValue(call, scope);
}

function callValue(call: Call, scope: PathScope): Json {
  try {
    if (call.name === 'Format') return formatted(call, scope);
    const intrinsic = Object.hasOwn(INTRINSICS, call.name) ? INTRINSICS[call.name] : undefined;
    if (!intrinsic) throw new ArgumentProblem(`There is no function States.${call.name}.`);
    const values = call.arguments.map((argument) => argumentValue(argument, call, scope));
    if (values.length < intrinsic.least || values.length > intrinsic.most) {
      throw new ArgumentProblem(`The function does not take ${values.length} arguments.`);
    }
    return intrinsic.run(values, scope.random);
  } catch (error) {
    if (error instanceof ArgumentProblem) throw intrinsicFailure(call.text, error.message);
    throw error;
  }
}

function formatted(call: Call, scope: PathScope): Json {
  const [template, ...rest] = call.arguments;
  if (template === undefined) throw new ArgumentProblem('The template is missing.');
  const values = rest.map((argument) => argumentValue(argument, call, scope));
  if (template.kind === 'text') return format(template.raw, values);
  const text = argumentValue(template, call, scope);
  if (typeof text !== 'string') throw new ArgumentProblem('The template must be a string.');
  return format(text, values);
}

function argumentValue(argument: Argument, call: Call, scope: PathScope): Json {
  if (argument.kind === 'value') return argument.value;
  if (argument.kind === 'text') return unescaped(argument.raw);
  if (argument.kind === 'call') return callValue(argument.call, scope);
  const value = pathValue(argument.path, scope);
  if (value !== undefined) return value;
  throw runtimeError(
    `The function '${call.text}' had the following error: The JsonPath argument for the field '${argument.path}' could not be found in the input '${JSON.stringify(scope.data)}'`,
  );
}
