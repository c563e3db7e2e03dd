/**
 * Runs states one after the other: enter, work, retry or catch, exit, go on. A loop, not a recursion: a flow may go
 * round without end.
 */
import type { Json, JsonObject } from '../json.ts';
import type { Flow, StateType } from '../language/definition.ts';
import { runtimeError } from '../language/state-error.ts';
import type { StateError } from '../language/state-error.ts';
import { Cancelled, sleepUntil } from './cancellation.ts';
import type { Scope } from './cancellation.ts';
import { caught, errorOf, isFinal, nextRetry } from './error-handling.ts';
import type { Frame } from './frames.ts';
import { runMap } from './map.ts';
import { runParallel } from './parallel.ts';
import { addEvent, limitedText } from './run.ts';
import type { Outcome, Run, Step } from './run.ts';
import { runChoice, runFail, runPass, runSucceed, runWait } from './simple-states.ts';
import { runTask } from './task.ts';

const BODIES: Readonly<Record<StateType, (step: Step) => Promise<Outcome>>> = {
  Pass: runPass,
  Task: runTask,
  Choice: runChoice,
  Wait: runWait,
  Succeed: runSucceed,
  Fail: runFail,
  Parallel: runParallel,
  Map: runMap,
};

/** After so many states in a row, everything else in the process gets its turn. */
const STATES_PER_TURN = 50;

/** Runs a flow from where its frame stands; resolves with its output or rejects with a StateError or `Cancelled`. */
export async function runFlow(run: Run, flow: Flow, frame: Frame, scope: Scope): Promise<Json> {
  if (frame.done) return frame.done.output;
  for (let count = 1; ; count++) {
    if (count % STATES_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    if (scope.cancelled) throw new Cancelled();
    const name = frame.state;
    const state = Object.hasOwn(flow.States, name) ? flow.States[name] : undefined;
    if (!state) throw runtimeError(`The state '${name}' does not exist.`);
    const language = state.QueryLanguage ?? run.definition.QueryLanguage ?? 'JSONPath';
    const step: Step = { run, name, state, frame, scope, language };
    enter(step);

    const { outcome, text } = await runState(step);
    exit(step, outcome, text);
    run.frames.dropBelow(frame);

    frame.entered = undefined;
    frame.retries = {};
    frame.retryCount = 0;
    frame.waitUntil = undefined;
    frame.task = undefined;
    const next = outcome.next ?? state.Next;
    if (next === undefined) {
      frame.done = { output: outcome.output };
      run.frames.save(frame);
      return outcome.output;
    }
    frame.state = next;
    frame.input = outcome.output;
    run.frames.save(frame);
  }
}

function enter(step: Step): void {
  const { run, frame, state, name } = step;
  if (frame.entered) return;
  const input = limitedText(frame.input, `The input of the state '${name}'`);
  addEvent(step, `${state.Type}StateEntered`, [
    'stateEntered',
    { name, input, inputDetails: { truncated: false } },
  ]);
  frame.entered = { event: frame.lastEvent, at: run.context.clock.now() };
  run.frames.save(frame);
}

function exit(step: Step, { assigned }: Outcome, output: string): void {
  const { name, state, frame } = step;
  addEvent(step, `${state.Type}StateExited`, [
    'stateExited',
    {
      name,
      output,
      outputDetails: { truncated: false },
      ...(assigned && {
        assignedVariables: asTexts(assigned),
        assignedVariablesDetails: { truncated: false },
      }),
    },
  ]);
  if (assigned) frame.variables = { ...frame.variables, ...assigned };
}

/** The state's outcome, after as many attempts as Retry allows, or that of Catch. */
async function runState(step: Step): Promise<{ readonly outcome: Outcome; readonly text: string }> {
  const { run, frame, state, name } = step;
  const limited = (outcome: Outcome) => ({
    outcome,
    text: limitedText(
      outcome.output,
      `The state/task '${state.Resource ?? name}' returned a result whose size`,
    ),
  });
  for (;;) {
    try {
      if (frame.waitUntil !== undefined && state.Type !== 'Wait') {
        await sleepUntil(run.context.clock, frame.waitUntil, step.scope);
        frame.waitUntil = undefined;
      }
      return limited(await BODIES[state.Type](step));
    } catch (thrown) {
      if (thrown instanceof Cancelled) addAborted(step);
      if (isFinal(thrown)) throw thrown;
      const error = errorOf(step, thrown);
      if (error.location !== undefined) addEvaluationFailed(step, error);
      frame.task = undefined;
      const delay = nextRetry(step, error);
      if (delay === undefined) {
        const outcome = await caught(step, error).catch((failed: unknown) => {
          throw errorOf(step, failed);
        });
        if (!outcome) throw error;
        run.frames.dropBelow(frame);
        return limited(outcome);
      }
      run.frames.dropBelow(frame);
      frame.waitUntil = run.context.clock.now() + delay;
      run.frames.save(frame);
    }
  }
}

/** States that take time say that they were stopped. */
const ABORTABLE: ReadonlySet<StateType> = new Set(['Task', 'Wait', 'Parallel', 'Map']);

function addAborted(step: Step): void {
  if (ABORTABLE.has(step.state.Type)) addEvent(step, `${step.state.Type}StateAborted`);
}

function addEvaluationFailed(step: Step, { error, causeText, location }: StateError): void {
  addEvent(step, 'EvaluationFailed', [
    'evaluationFailed',
    { error, cause: causeText ?? '', location, state: step.name },
  ]);
}

function asTexts(assigned: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(assigned).map(([name, value]) => [name, JSON.stringify(value)]));
}
