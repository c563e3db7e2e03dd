/**
 * The states that call nobody: Pass, Choice, Wait, Succeed, Fail.
 * https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
 */
import type { Json } from '../json.ts';
import { ruleHolds } from '../language/choice-rules.ts';
import { evaluateValue } from '../language/jsonata.ts';
import { expressionValue, fillTemplate, pathValue } from '../language/payload-template.ts';
import { queryError, runtimeError, StateError } from '../language/state-error.ts';
import { parseTimestamp } from '../language/timestamps.ts';
import { sleepUntil } from './cancellation.ts';
import { assignedFrom, effectiveInput, numberOf, passOn, queried, withResult } from './input-output.ts';
import { pathScope, queryScope } from './run.ts';
import type { Outcome, Step } from './run.ts';

export async function runPass(step: Step): Promise<Outcome> {
  if (step.language === 'JSONata') return passOn(step);
  const { Result: fixed, Parameters: parameters } = step.state;
  const input = effectiveInput(step);
  const given = parameters === undefined ? input : fillTemplate(parameters, pathScope(step, input));
  return withResult(step, fixed === undefined ? given : fixed);
}

export async function runChoice(step: Step): Promise<Outcome> {
  const { state } = step;
  const rule = await firstThatHolds(step);
  const next = rule?.Next ?? state.Default;
  if (next === undefined) {
    throw new StateError('States.NoChoiceMatched', 'Failed to find a transition that matches.', true);
  }
  if (!rule || step.language === 'JSONPath') {
    const passed = await passOn(step);
    const assigned = rule ? assignedFrom(step, rule.Assign, effectiveInput(step)) : passed.assigned;
    return { output: passed.output, assigned, next };
  }
  // The rule's own Output and Assign stand for the state's.
  const outcome = await queried(
    step,
    step.frame.input,
    {},
    {
      ...(rule.Output === undefined
        ? state.Output !== undefined && { Output: state.Output }
        : { Output: rule.Output }),
      ...(rule.Assign !== undefined && { Assign: rule.Assign }),
    },
  );
  return { ...outcome, next };
}

async function firstThatHolds(step: Step) {
  const choices = step.state.Choices ?? [];
  if (step.language === 'JSONPath') {
    const scope = pathScope(step, effectiveInput(step));
    return choices.find((rule) => ruleHolds(rule, scope));
  }
  for (const [index, rule] of choices.entries()) {
    const field = `Choices[${index}]/Condition`;
    const value = await evaluateValue(rule.Condition ?? false, field, queryScope(step));
    if (value === true) return rule;
    if (value !== false) {
      throw queryError(
        `The JSONata expression '${rule.Condition ?? ''}' specified for the field '${field}' returned a value that is no boolean.`,
        field,
      );
    }
  }
  return undefined;
}

export async function runWait(step: Step): Promise<Outcome> {
  const { run, frame, scope } = step;
  if (frame.waitUntil === undefined) {
    frame.waitUntil = await waitEnd(step);
    run.frames.save(frame);
  }
  await sleepUntil(run.context.clock, frame.waitUntil, scope);
  return passOn(step);
}

/** When the wait is over, in milliseconds since the epoch. */
async function waitEnd(step: Step): Promise<number> {
  const { state, run } = step;
  const seconds = await numberOf(step, 'Seconds');
  if (seconds !== undefined) return run.context.clock.now() + seconds * 1_000;
  const { Timestamp: written, TimestampPath: path } = state;
  const value =
    path === undefined
      ? await (step.language === 'JSONata'
          ? evaluateValue(written ?? null, 'Timestamp', queryScope(step))
          : (written ?? null))
      : (pathValue(path, pathScope(step, effectiveInput(step))) ?? null);
  const time = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (time !== undefined) return time;
  throw runtimeError(
    `The Timestamp parameter is not a valid ISO-8601 extended offset date-time format string: ${JSON.stringify(value)}`,
  );
}

export async function runSucceed(step: Step): Promise<Outcome> {
  return passOn(step);
}

export async function runFail(step: Step): Promise<Outcome> {
  const { Error: error, ErrorPath: errorPath, Cause: cause, CausePath: causePath } = step.state;
  throw new StateError(
    (await failText(step, 'Error', error, errorPath)) ?? '',
    await failText(step, 'Cause', cause, causePath),
  );
}

async function failText(
  step: Step,
  field: 'Error' | 'Cause',
  written: string | undefined,
  path: string | undefined,
): Promise<string | undefined> {
  let value: Json | undefined = written;
  if (path !== undefined) {
    value = expressionValue(path, `${field}Path`, pathScope(step, effectiveInput(step)));
  } else if (written !== undefined && step.language === 'JSONata') {
    value = await evaluateValue(written, field, queryScope(step));
  }
  if (value === undefined || typeof value === 'string') return value;
  throw runtimeError(`The ${field} of a Fail state must be a string, not ${JSON.stringify(value)}.`);
}
