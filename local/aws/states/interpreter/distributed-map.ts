/**
 * A Map in DISTRIBUTED mode: a Map Run whose items are child executions, with tolerated failures and batches.
 * https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
 */
import { randomUUID } from 'node:crypto';
import type { Json } from '../json.ts';
import { evaluateValue } from '../language/jsonata.ts';
import { fillTemplate } from '../language/payload-template.ts';
import { StateError } from '../language/state-error.ts';
import { DISTRIBUTED_MAP_CONCURRENCY } from '../limits.ts';
import type { Execution } from '../model.ts';
import { createScope, within } from './cancellation.ts';
import { effectiveInput, numberOf } from './input-output.ts';
import { addEvent, pathScope, queryScope } from './run.ts';
import type { Step } from './run.ts';

/** Runs a child execution for each item or batch; the outputs of those that succeeded are the result. */
export async function runDistributedMap(
  step: Step,
  items: readonly Json[],
  concurrency: number,
  itemInput: (index: number) => Promise<Json>,
): Promise<Json> {
  const { run, name, state } = step;
  const label = state.Label ?? name.replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 40);
  const mapRunArn = `${run.execution.machineArn.replace(':stateMachine:', ':mapRun:')}/${label}:${randomUUID()}`;
  addEvent(step, 'MapStateStarted', ['mapStateStarted', { length: items.length }]);
  addEvent(step, 'MapRunStarted', ['mapRunStarted', { mapRunArn }]);

  const inputs: Json[] = [];
  for (const index of items.keys()) inputs.push(await itemInput(index));
  const batches = await batchesOf(step, inputs);
  const tolerated = await toleratedFailures(step, items.length);
  const scope = createScope(step.scope);
  const running = new Set<string>();
  const forget = scope.onCancel(() => {
    for (const arn of running) run.children.stop(arn);
  });
  const outputs: Json[] = [];
  let failed = 0;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < batches.length && failed <= tolerated) {
      const index = next++;
      const batch = batches[index] as Batch;
      const child = run.children.startItem(step.run, state, label, batch.input);
      running.add(child.arn);
      const ended: Execution = await within(run.children.outcome(child.arn), scope);
      running.delete(child.arn);
      if (ended.status === 'SUCCEEDED') outputs[index] = JSON.parse(ended.output ?? 'null') as Json;
      else failed += batch.items;
    }
  };
  try {
    const lanes = Math.min(
      concurrency || DISTRIBUTED_MAP_CONCURRENCY,
      DISTRIBUTED_MAP_CONCURRENCY,
      batches.length,
    );
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    if (failed > tolerated) scope.cancel();
    forget();
    scope.end();
  }
  if (failed > tolerated) {
    const error = 'States.ExceedToleratedFailureThreshold';
    const cause = 'The specified tolerated failure threshold was exceeded';
    addEvent(step, 'MapRunFailed', ['mapRunFailed', { error, cause }]);
    addEvent(step, 'MapStateFailed');
    throw new StateError(error, cause);
  }
  addEvent(step, 'MapRunSucceeded');
  addEvent(step, 'MapStateSucceeded');
  return outputs.filter((output) => output !== undefined);
}

interface Batch {
  readonly input: Json;
  readonly items: number;
}

async function batchesOf(step: Step, inputs: readonly Json[]): Promise<readonly Batch[]> {
  const { ItemBatcher: batcher } = step.state;
  if (!batcher) return inputs.map((input) => ({ input, items: 1 }));
  const batchInput = await batchInputOf(step, batcher.BatchInput);
  const mostItems = Number(batcher.MaxItemsPerBatch ?? Infinity);
  const mostBytes = Number(batcher.MaxInputBytesPerBatch ?? Infinity);
  const groups: Json[][] = [];
  let bytes = 0;
  for (const input of inputs) {
    const size = Buffer.byteLength(JSON.stringify(input));
    const last = groups.at(-1);
    if (last && last.length < mostItems && bytes + size <= mostBytes) last.push(input);
    else {
      groups.push([input]);
      bytes = 0;
    }
    bytes += size;
  }
  return groups.map((group) => ({
    items: group.length,
    input: { Items: group, ...(batchInput !== undefined && { BatchInput: batchInput }) },
  }));
}

async function batchInputOf(step: Step, template: Json | undefined): Promise<Json | undefined> {
  if (template === undefined) return undefined;
  if (step.language === 'JSONata') return evaluateValue(template, 'ItemBatcher/BatchInput', queryScope(step));
  return fillTemplate(template, pathScope(step, effectiveInput(step)));
}

/** How many items may fail: none unless the state says so; of a count and a percentage, the smaller. */
async function toleratedFailures(step: Step, total: number): Promise<number> {
  const count = await numberOf(step, 'ToleratedFailureCount');
  const percentage = await numberOf(step, 'ToleratedFailurePercentage');
  if (count === undefined && percentage === undefined) return 0;
  return Math.min(
    count ?? Infinity,
    percentage === undefined ? Infinity : Math.floor((total * percentage) / 100),
  );
}
