/**
 * Makes a stack what its template says, as CloudFormation does it: new resources and changes in the order of their
 * references, then what was replaced or is no longer wanted goes. When something fails, everything done so far is
 * undone in the opposite order.
 */
import { reasonOf } from '../../lib/assembly/errors.ts';
import { applyResource } from './apply-resource.ts';
import { setStatus } from './apply-run.ts';
import type { Run, StackRequest } from './apply-run.ts';
import { refuseExportsInUse } from './exports-in-use.ts';
import { removeResources } from './remove.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks } from './surroundings.ts';
import { walkTemplate } from './walk.ts';

/**
 * The stack ends in CREATE_COMPLETE or UPDATE_COMPLETE.
 * @throws AssemblyError after the stack was rolled back, or left as it is without rollback
 */
export async function applyStack(
  stacks: Stacks,
  stack: Stack,
  request: StackRequest,
  nested: NestedStacks,
): Promise<void> {
  const creates = stack.updatedAt === undefined && stack.templateBody === '';
  const kind = creates ? 'CREATE' : 'UPDATE';
  const before = {
    resources: new Map(stack.resources),
    template: stack.template,
    templateBody: stack.templateBody,
    parameters: stack.parameters,
  };
  const generation = stack.deployments++;
  const run: Run = { stacks, stack, request, nested, generation, undo: [], replaced: [], ignored: [] };
  setStatus(run, `${kind}_IN_PROGRESS`);
  stack.template = request.template;
  stack.templateBody = request.templateBody;
  stack.parameters = request.parameters;
  stacks.save(stack);
  try {
    const { stackName, stackId } = { stackName: stack.name, stackId: stack.id };
    const walk = walkTemplate({ ...request, stackName, stackId }, stacks, (resource) =>
      applyResource(run, resource),
    );
    await walk.all();
    const outputs = await walk.outputs();
    refuseExportsInUse(stacks, stack, outputs);
    stack.outputs = outputs;
    stack.imports = [...walk.imports];
    stack.ignoredProperties = run.ignored;
    stack.restored = false;
    const unwanted = [...stack.resources.values()].filter(({ logicalId }) => !walk.wanted.has(logicalId));
    if (!creates) setStatus(run, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    await cleanUp(run, unwanted);
    if (!creates) stack.updatedAt = stacks.aws.clock.now();
    setStatus(run, `${kind}_COMPLETE`);
  } catch (error) {
    const reason = reasonOf(error);
    if (!creates) stack.updatedAt = stacks.aws.clock.now();
    if (!request.rollback) setStatus(run, `${kind}_FAILED`, reason);
    else {
      const rollback = creates ? 'ROLLBACK' : 'UPDATE_ROLLBACK';
      setStatus(run, `${rollback}_IN_PROGRESS`, reason);
      stack.template = before.template;
      stack.parameters = before.parameters;
      if (!creates) stack.templateBody = before.templateBody;
      const failed = await undoAll(run, before.resources);
      setStatus(run, failed === undefined ? `${rollback}_COMPLETE` : `${rollback}_FAILED`, failed);
    }
    throw error;
  } finally {
    stacks.save(stack);
  }
}

async function cleanUp(run: Run, unwanted: readonly StackResource[]): Promise<void> {
  const { stack, stacks, request, nested } = run;
  const replacedIds = new Set(run.replaced.map(({ physicalId }) => physicalId));
  await removeResources(stacks, stack, run.replaced, request, nested, {
    retained: ({ updateReplacePolicy }) => updateReplacePolicy.startsWith('Retain'),
    token: request.token,
  });
  await removeResources(
    stacks,
    stack,
    unwanted.filter(({ physicalId }) => !replacedIds.has(physicalId)),
    request,
    nested,
    { retained: ({ deletionPolicy }) => deletionPolicy.startsWith('Retain'), token: request.token },
  );
  const left = new Map(stack.resources);
  for (const { logicalId } of unwanted) left.delete(logicalId);
  stack.resources = left;
}

/** The reason of the first undoing that failed. */
async function undoAll(run: Run, before: ReadonlyMap<string, StackResource>): Promise<string | undefined> {
  let failure: string | undefined;
  for (const undo of run.undo.toReversed()) {
    try {
      await undo();
    } catch (error) {
      failure ??= reasonOf(error);
    }
  }
  run.stack.resources = new Map(before);
  return failure;
}
