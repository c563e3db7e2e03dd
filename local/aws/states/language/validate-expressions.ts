/** Paths, templates, JSONata expressions and variables of a definition. */
import { isArray, isObject } from '../json.ts';
import type { Json } from '../json.ts';
import type { QueryLanguage } from './definition.ts';
import type { Diagnostics, FlowScope } from './diagnostics.ts';
import { INTRINSICS } from './intrinsic-functions.ts';
import { IntrinsicSyntaxError, isIntrinsic, parseIntrinsic } from './intrinsic-parser.ts';
import type { Call } from './intrinsic-parser.ts';
import { isReferencePath } from './json-path.ts';
import { parsePath, PathSyntaxError } from './json-path-parser.ts';
import type { Path } from './json-path-parser.ts';
import { expressionOf, expressionProblem } from './jsonata.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html */
const VARIABLE_NAME = /^[\p{ID_Start}_][\p{ID_Continue}]{0,79}$/u;

/** A path in the state's data, the context object (`$$.`) or a variable (`$name.`). */
export function validatePath(value: Json | undefined, at: string, report: Diagnostics): void {
  if (value === undefined) return;
  if (typeof value !== 'string' || !readPath(value)) report.schema(at, 'The value must be a valid JSONPath.');
}

export function validateReferencePath(value: Json | undefined, at: string, report: Diagnostics): void {
  if (value === undefined) return;
  const path = typeof value === 'string' && !value.startsWith('$$') ? readPath(value) : undefined;
  if (!path || !isReferencePath(path)) report.schema(at, 'The value must be a valid Reference Path.');
}

/** A path or a call of an intrinsic function. */
export function validateExpression(value: Json | undefined, at: string, report: Diagnostics): void {
  if (value === undefined) return;
  if (typeof value === 'string' && (isIntrinsic(value) ? knownCall(value) : readPath(value))) return;
  const name = at.split('/').at(-1) ?? '';
  report.schema(
    at,
    `The value for the field '${name}' must be a valid JSONPath or a valid intrinsic function call.`,
  );
}

/** Members that end in `.$` hold expressions; the others hold what they hold. */
export function validateTemplate(value: Json | undefined, at: string, report: Diagnostics): void {
  if (isArray(value)) {
    for (const [index, item] of value.entries()) validateTemplate(item, `${at}[${index}]`, report);
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      if (name.endsWith('.$')) validateExpression(item, `${at}/${name}`, report);
      else validateTemplate(item, `${at}/${name}`, report);
    }
  }
}

/** `{% %}` texts at any depth. */
export function validateExpressions(value: Json | undefined, at: string, report: Diagnostics): void {
  if (isArray(value)) {
    for (const [index, item] of value.entries()) validateExpressions(item, `${at}[${index}]`, report);
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) validateExpressions(item, `${at}/${name}`, report);
  } else if (typeof value === 'string' && value.startsWith('{%')) {
    const expression = expressionOf(value);
    if (expression === undefined) {
      report.schema(at, 'A JSONata expression must end with %}.');
      return;
    }
    const problem = expressionProblem(expression);
    if (problem !== undefined) report.schema(at, `The JSONata expression is not valid: ${problem}`);
  }
}

export function validateAssign(
  assign: Json | undefined,
  at: string,
  language: QueryLanguage,
  { report, outerVariables }: FlowScope,
): void {
  if (assign === undefined) return;
  if (!isObject(assign)) {
    report.schema(at, 'The value must be a JSON object.');
    return;
  }
  for (const key of Object.keys(assign)) {
    const name = language === 'JSONPath' ? key.replace(/\.\$$/, '') : key;
    if (!VARIABLE_NAME.test(name) || name === 'states') {
      report.schema(`${at}/${key}`, 'The name of a variable must be an identifier of up to 80 characters.');
    }
    if (outerVariables.has(name)) {
      report.schema(
        `${at}/${key}`,
        `The variable ${name} belongs to an outer scope and can't be assigned here.`,
      );
    }
  }
  if (language === 'JSONPath') validateTemplate(assign, at, report);
  else validateExpressions(assign, at, report);
}

function readPath(text: string): Path | undefined {
  // A variable or the context object stands for the root.
  const path = text.replace(/^\$(?:\$|[\p{ID_Start}_][\p{ID_Continue}]*)/u, '$');
  try {
    return parsePath(path);
  } catch (error) {
    if (error instanceof PathSyntaxError) return undefined;
    throw error;
  }
}

function knownCall(text: string): boolean {
  try {
    return isKnown(parseIntrinsic(text));
  } catch (error) {
    if (error instanceof IntrinsicSyntaxError) return false;
    throw error;
  }
}

function isKnown(call: Call): boolean {
  if (call.name !== 'Format' && !Object.hasOwn(INTRINSICS, call.name)) return false;
  return call.arguments.every((argument) => {
    if (argument.kind === 'call') return isKnown(argument.call);
    return argument.kind !== 'path' || readPath(argument.path) !== undefined;
  });
}
