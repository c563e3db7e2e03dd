/** JSONata in a subscriber: `{% expression %}` over `$events`. eventbridge/latest/userguide/eb-custom-bus-transform.html */
import type jsonata from 'jsonata';
import type { Expression } from 'jsonata';
import { AwsError } from '../errors.ts';
import { requirePackage } from '../require-package.ts';
import { expressionOf } from '../states/language/jsonata.ts';
import { registerFunctions } from '../states/language/jsonata-functions.ts';
import { invalidInput } from './errors.ts';

/** What an expression sees as `$events`: one event, or a list of them for what is resolved once a call. */
export type ExpressionInput = unknown;

export interface ExpressionSurroundings {
  readonly now: number;
  readonly random: () => number;
}

/** "At delivery, an expression can run for one second, use a stack depth of 100". */
const EVALUATION_MILLISECONDS = 1_000;
const EVALUATION_DEPTH = 100;
const CACHE_SIZE = 1_000;
const cache = new Map<string, Expression>();

/** The code by which a failed expression is told in the record of a failed delivery. */
export const TRANSFORMATION_FAILURE = 'INPUT_TRANSFORMATION_FAILURE';

/** The expression of a text that is one; undefined for any other text. @throws AwsError when it is no JSONata */
export function checkedExpression(text: string, where: string): string | undefined {
  const expression = expressionOf(text);
  if (expression === undefined) return undefined;
  try {
    compiled(expression);
  } catch (error) {
    throw invalidInput(`${where}: the JSONata expression is not valid: ${messageOf(error)}`);
  }
  return expression;
}

/** The text, or what its expression gives. @throws AwsError INPUT_TRANSFORMATION_FAILURE */
export async function resolveText(
  text: string,
  events: ExpressionInput,
  surroundings: ExpressionSurroundings,
): Promise<string> {
  const expression = expressionOf(text);
  if (expression === undefined) return text;
  const value = await evaluate(expression, events, surroundings);
  if (typeof value !== 'string') throw failed('a target parameter must be a string');
  return value;
}

/** What an expression gives: any JSON value but null. @throws AwsError INPUT_TRANSFORMATION_FAILURE */
export async function evaluate(
  expression: string,
  events: ExpressionInput,
  { now, random }: ExpressionSurroundings,
): Promise<unknown> {
  let value: unknown;
  try {
    value = await compiled(expression).evaluate(undefined, {
      events,
      'waybill:now': now,
      'waybill:random': random,
    });
  } catch (error) {
    throw failed(messageOf(error));
  }
  if (value === undefined || value === null) throw failed('the expression produced no value');
  return value;
}

function compiled(expression: string): Expression {
  const known = cache.get(expression);
  if (known) return known;
  const made = (requirePackage('jsonata') as typeof jsonata)(expression, {
    timeout: EVALUATION_MILLISECONDS,
    stack: EVALUATION_DEPTH,
  });
  registerFunctions(made);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(expression, made);
  return made;
}

const failed = (message: string): AwsError => new AwsError(TRANSFORMATION_FAILURE, message);
const messageOf = (error: unknown): string => String((error as { message?: unknown }).message ?? error);
