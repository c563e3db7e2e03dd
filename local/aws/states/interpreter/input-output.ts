/**
 * From a state's raw input to what it works on, and from its result to its output and variables.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html
 */
import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { evaluateValue } from '../language/jsonata.ts';
import { withValueAt } from '../language/json-path.ts';
import { fillTemplate, pathValue } from '../language/payload-template.ts';
import { queryError, runtimeError, StateError } from '../language/state-error.ts';
import { contextObject, limitedText, pathScope, queryScope } from './run.ts';
import type { Outcome, Step } from './run.ts';

/** The raw input, narrowed by InputPath. */
export function effectiveInput(step: Step): Json {
  return narrowed(step, step.state.InputPath, step.frame.input);
}

/** What a Task, or each branch of a Parallel, is given. */
export async function workInput(step: Step, context: JsonObject = contextObject(step)): Promise<Json> {
  const { state, frame } = step;
  if (step.language === 'JSONata') {
    if (state.Arguments === undefined) return frame.input;
    return evaluateValue(state.Arguments, 'Arguments', queryScope(step, { context }));
  }
  const input = effectiveInput(step);
  return state.Parameters === undefined
    ? input
    : fillTemplate(state.Parameters, pathScope(step, input, context));
}

/** The outcome of a state that has no result of its own: its output is its input. */
export async function passOn(step: Step): Promise<Outcome> {
  if (step.language === 'JSONata') return queried(step, step.frame.input, {});
  const input = effectiveInput(step);
  return {
    output: narrowed(step, step.state.OutputPath, input),
    assigned: assignedFrom(step, step.state.Assign, input),
  };
}

/** The outcome of a state whose result is put into its input. */
export async function withResult(
  step: Step,
  result: Json,
  context: JsonObject = contextObject(step),
): Promise<Outcome> {
  const { state, frame } = step;
  if (step.language === 'JSONata') return queried(step, result, { result, context });
  const selected =
    state.ResultSelector === undefined
      ? result
      : fillTemplate(state.ResultSelector, pathScope(step, result, context));
  const combined = placeResult(state.ResultPath, frame.input, selected);
  return {
    output: narrowed(step, state.OutputPath, combined),
    assigned: assignedFrom(step, state.Assign, result, context),
  };
}

/** The outcome of an error that Catch handles. */
export async function withError(
  step: Step,
  catcher: { readonly ResultPath?: string | null; readonly Output?: Json; readonly Assign?: JsonObject },
  errorOutput: JsonObject,
): Promise<Outcome> {
  if (step.language === 'JSONata') return queried(step, errorOutput, { errorOutput }, catcher);
  return {
    output: placeResult(catcher.ResultPath, step.frame.input, errorOutput),
    assigned: assignedFrom(step, catcher.Assign, errorOutput),
  };
}

/** JSONata: Output, or else what is given, and Assign. */
export async function queried(
  step: Step,
  otherwise: Json,
  more: Parameters<typeof queryScope>[1],
  holder: { readonly Output?: Json; readonly Assign?: JsonObject } = step.state,
): Promise<Outcome> {
  const scope = queryScope(step, more);
  const output =
    holder.Output === undefined ? otherwise : await evaluateValue(holder.Output, 'Output', scope);
  if (holder.Assign === undefined) return { output };
  return { output, assigned: limited(await evaluateValue(holder.Assign, 'Assign', scope)) };
}

/** JSONPath: the variables of Assign, whose `$` is `data`. */
export function assignedFrom(
  step: Step,
  assign: JsonObject | undefined,
  data: Json,
  context?: JsonObject,
): JsonObject | undefined {
  return assign === undefined ? undefined : limited(fillTemplate(assign, pathScope(step, data, context)));
}

/** A number of a field: as written, from its path, or from its expression. */
export async function numberOf(
  step: Step,
  field:
    | 'TimeoutSeconds'
    | 'HeartbeatSeconds'
    | 'MaxConcurrency'
    | 'ToleratedFailurePercentage'
    | 'ToleratedFailureCount'
    | 'Seconds',
): Promise<number | undefined> {
  const { state } = step;
  const path = state[`${field}Path`];
  if (path !== undefined)
    return natural(pathValue(path, pathScope(step, effectiveInput(step))), `${field}Path`);
  const written = state[field];
  if (typeof written !== 'string') return written;
  const value = await evaluateValue(written, field, queryScope(step));
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw queryError(
    `The JSONata expression '${written}' specified for the field '${field}' returned a value that is no integer of 0 or more.`,
    field,
  );
}

/** The result where ResultPath says; `null` drops it. */
function placeResult(resultPath: string | null | undefined, input: Json, result: Json): Json {
  if (resultPath === null) return input;
  if (resultPath === undefined || resultPath === '$') return result;
  const combined = withValueAt(resultPath, input, result);
  if (combined !== undefined) return combined;
  throw new StateError(
    'States.ResultPathMatchFailure',
    `Unable to apply ReferencePath ${resultPath} to input ${JSON.stringify(input)}`,
    true,
  );
}

function narrowed(step: Step, path: string | null | undefined, value: Json): Json {
  if (path === null) return {};
  if (path === undefined || path === '$') return value;
  const found = pathValue(path, pathScope(step, value));
  if (found !== undefined) return found;
  throw runtimeError(`Invalid path '${path}': No results for path: ${path}`);
}

function natural(value: Json | undefined, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw runtimeError(
    `The ${field} parameter does not reference an integer of 0 or more: ${JSON.stringify(value)}`,
  );
}

function limited(assigned: Json): JsonObject {
  limitedText(assigned, 'The value of the variables of Assign');
  return isObject(assigned) ? assigned : {};
}
