/**
 * Map: one flow for each item. Inline iterations are part of the execution; a distributed Map starts child executions.
 * https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
 */
import { isArray } from '../json.ts';
import type { Json } from '../json.ts';
import { isDistributed, processorOf } from '../language/definition.ts';
import { evaluateValue } from '../language/jsonata.ts';
import { fillTemplate, pathValue } from '../language/payload-template.ts';
import { queryError, runtimeError } from '../language/state-error.ts';
import { INLINE_MAP_CONCURRENCY } from '../limits.ts';
import { Cancelled, createScope } from './cancellation.ts';
import type { Scope } from './cancellation.ts';
import { runDistributedMap } from './distributed-map.ts';
import { pathBelow } from './frames.ts';
import { effectiveInput, numberOf, withResult } from './input-output.ts';
import { addEvent, contextObject, pathScope, queryScope } from './run.ts';
import type { Outcome, Step } from './run.ts';

export async function runMap(step: Step): Promise<Outcome> {
  const items = await itemsOf(step);
  const concurrency = (await numberOf(step, 'MaxConcurrency')) ?? 0;
  if (isDistributed(step.state)) {
    const result = await runDistributedMap(step, items, concurrency, (index) =>
      itemInput(step, items, index),
    );
    return withResult(step, result);
  }
  if (!step.run.frames.hasBelow(step.frame)) {
    addEvent(step, 'MapStateStarted', ['mapStateStarted', { length: items.length }]);
  }
  const scope = createScope(step.scope);
  try {
    const outputs = await runIterations(step, items, concurrency, scope);
    addEvent(step, 'MapStateSucceeded');
    return await withResult(step, outputs);
  } catch (error) {
    if (!(error instanceof Cancelled)) addEvent(step, 'MapStateFailed');
    throw error;
  } finally {
    scope.end();
  }
}

/** Runs lanes that each take the next item, until there is none or one has failed. */
async function runIterations(
  step: Step,
  items: readonly Json[],
  concurrency: number,
  scope: ReturnType<typeof createScope>,
): Promise<readonly Json[]> {
  const started = step.frame.lastEvent;
  const outputs: Json[] = [];
  const errors: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && errors.length === 0) {
      const index = next++;
      try {
        outputs[index] = await runIteration(step, items, index, started, scope);
      } catch (error) {
        errors.push(error);
        scope.cancel();
      }
    }
  };
  const lanes = Math.min(concurrency || INLINE_MAP_CONCURRENCY, INLINE_MAP_CONCURRENCY, items.length);
  await Promise.all(Array.from({ length: lanes }, lane));
  if (errors.length > 0) throw errors[0];
  return outputs;
}

async function runIteration(
  step: Step,
  items: readonly Json[],
  index: number,
  started: number,
  scope: Scope,
): Promise<Json> {
  const { run, frame, name, state } = step;
  const processor = processorOf(state);
  const details = ['mapIterationStarted', { name, index }] as const;
  const input = await itemInput(step, items, index);
  const inner = run.frames.open(pathBelow(frame, index), () => ({
    state: processor.StartAt,
    input,
    variables: frame.variables,
    lastEvent: run.history.add('MapIterationStarted', started, details),
    item: { Index: index, Value: items[index] ?? null },
  }));
  if (inner.done) return inner.done.output;
  const ended = (type: string, member: string) => {
    inner.lastEvent = run.history.add(type, inner.lastEvent, [member, { name, index }]);
  };
  try {
    const output = await run.runFlow(run, processor, inner, scope);
    ended('MapIterationSucceeded', 'mapIterationSucceeded');
    return output;
  } catch (error) {
    if (error instanceof Cancelled) ended('MapIterationAborted', 'mapIterationAborted');
    else ended('MapIterationFailed', 'mapIterationFailed');
    throw error;
  } finally {
    frame.lastEvent = Math.max(frame.lastEvent, inner.lastEvent);
  }
}

async function itemsOf(step: Step): Promise<readonly Json[]> {
  const { state, frame } = step;
  if (step.language === 'JSONata') {
    const items =
      state.Items === undefined ? frame.input : await evaluateValue(state.Items, 'Items', queryScope(step));
    if (isArray(items)) return items;
    throw queryError("The field 'Items' of a Map must be an array.", 'Items');
  }
  const path = state.ItemsPath ?? '$';
  const items = pathValue(path, pathScope(step, effectiveInput(step)));
  if (isArray(items)) return items;
  throw runtimeError(`Reference path "${path}" must point to array.`);
}

/** What the iteration of an item is given: the item, or what ItemSelector (once: Parameters) makes of it. */
async function itemInput(step: Step, items: readonly Json[], index: number): Promise<Json> {
  const { state } = step;
  const item = items[index] ?? null;
  const context = { ...contextObject(step), Map: { Item: { Index: index, Value: item } } };
  if (step.language === 'JSONata') {
    if (state.ItemSelector === undefined) return item;
    return evaluateValue(state.ItemSelector, 'ItemSelector', queryScope(step, { context }));
  }
  const template = state.ItemSelector ?? state.Parameters;
  if (template === undefined) return item;
  return fillTemplate(template, pathScope(step, effectiveInput(step), context));
}
