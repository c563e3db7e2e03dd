/**
 * Parallel: its branches at the same time, and their outputs in the order of the branches.
 * https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
 */
import type { Json } from '../json.ts';
import { Cancelled, createScope } from './cancellation.ts';
import { pathBelow } from './frames.ts';
import { withResult, workInput } from './input-output.ts';
import { addEvent } from './run.ts';
import type { Outcome, Step } from './run.ts';

export async function runParallel(step: Step): Promise<Outcome> {
  const { run, frame, state } = step;
  const input = await workInput(step);
  if (!run.frames.hasBelow(frame)) addEvent(step, 'ParallelStateStarted');
  const started = frame.lastEvent;
  const scope = createScope(step.scope);
  try {
    const outputs = await allOrFirstError(
      (state.Branches ?? []).map((branch, index) => {
        const inner = run.frames.open(pathBelow(frame, index), () => ({
          state: branch.StartAt,
          input,
          variables: frame.variables,
          lastEvent: started,
          item: frame.item,
        }));
        return run.runFlow(run, branch, inner, scope).finally(() => {
          frame.lastEvent = Math.max(frame.lastEvent, inner.lastEvent);
        });
      }),
      () => scope.cancel(),
    );
    addEvent(step, 'ParallelStateSucceeded');
    return await withResult(step, outputs);
  } catch (error) {
    if (!(error instanceof Cancelled)) addEvent(step, 'ParallelStateFailed');
    throw error;
  } finally {
    scope.end();
  }
}

/** Waits for all; the first error stops the others and is thrown when they have stopped. */
async function allOrFirstError(
  works: readonly Promise<Json>[],
  stopOthers: () => void,
): Promise<readonly Json[]> {
  const errors: unknown[] = [];
  const outputs = await Promise.all(
    works.map((work) =>
      work.catch((error: unknown) => {
        errors.push(error);
        stopOthers();
        return null;
      }),
    ),
  );
  // Those that were stopped come after the one that failed.
  if (errors.length > 0) throw errors[0];
  return outputs;
}
