/**
 * Makes a stack what its template says, as CloudFormation does it: new resources and changes in the order of their
 * references, then what was replaced or is no longer wanted goes. When something fails, everything done so far is
 * undone in the opposite order.
 */
import { randomUUID } from 'node:crypto';

import { changeOf, fixedName } from './change.ts';
import { AssemblyError, reasonOf } from '../../lib/assembly/errors.ts';
import { isBookkeeping, providerOf } from './providers/index.ts';
import { CannotRun } from './providers/provider.ts';
import type { Created, Provider, ProviderContext } from './providers/provider.ts';
import { removeResources } from './remove.ts';
import { providerContextOf } from './resource-context.ts';
import { addEvent } from './stack.ts';
import type { IgnoredProperty, Stack, StackOutput, StackResource } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks, Surroundings } from './surroundings.ts';
import type { JsonObject, Template } from '../../lib/assembly/template.ts';
import { absentResource, walkTemplate, withSecrets } from './walk.ts';
import type { Walked, WantedResource } from './walk.ts';

/** What a stack is to become. */
export interface StackRequest extends Surroundings {
  readonly template: Template;
  readonly templateBody: string;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Run {
  readonly stacks: Stacks;
  readonly stack: Stack;
  readonly request: StackRequest;
  readonly nested: NestedStacks;
  /** The number of this deployment. */
  readonly generation: number;
  /** How to undo what was done, the last last. */
  readonly undo: (() => Promise<void>)[];
  /** What was replaced, and goes in the end. */
  readonly replaced: StackResource[];
  readonly ignored: IgnoredProperty[];
}

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
    const walk = walkTemplate({ ...request, stackName, stackId }, stacks, (resource) => make(run, resource));
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

async function make(run: Run, wanted: WantedResource): Promise<Walked> {
  const { stack, stacks } = run;
  const { logicalId, definition } = wanted;
  const type = definition.Type;
  const before = stack.resources.get(logicalId);
  if (before !== undefined && before.type !== type) {
    throw failed(run, wanted, 'Update of resource type is not permitted. Give it another logical id.');
  }
  const provider = isBookkeeping(type) ? undefined : providerOf(type);
  const absent = absentResource(stacks.aws, logicalId, type);
  try {
    const properties = await wanted.properties();
    const base: Omit<StackResource, 'physicalId' | 'attributes'> = {
      logicalId,
      type,
      properties,
      generation: before?.generation ?? run.generation,
      dependsOn: wanted.dependsOn(),
      deletionPolicy: definition.DeletionPolicy ?? 'Delete',
      updateReplacePolicy: definition.UpdateReplacePolicy ?? 'Delete',
      status: before === undefined ? 'CREATE_COMPLETE' : before.status,
      changedAt: stacks.aws.clock.now(),
    };
    if (provider === undefined) {
      const nowhere = { ...base, physicalId: logicalId, attributes: {} };
      keep(run, before, {
        ...nowhere,
        ...(isBookkeeping(type)
          ? { bookkeeping: true }
          : { notRunBecause: 'the embedded AWS has no such service yet' }),
      });
      return absent;
    }
    noteIgnoredProperties(run, provider, wanted, properties);
    await run.request.fetchAssets?.(properties);
    const made =
      before === undefined || before.notRunBecause !== undefined
        ? await create(run, provider, base)
        : await change(run, provider, before, base);
    return made.notRunBecause === undefined ? made : absent;
  } catch (thrown) {
    throw failed(run, wanted, thrown);
  }
}

type Undressed = Omit<StackResource, 'physicalId' | 'attributes'>;

async function create(run: Run, provider: Provider, base: Undressed): Promise<StackResource> {
  event(run, base, base.logicalId, 'CREATE_IN_PROGRESS');
  const context = contextOf(run, base);
  let created: Created;
  try {
    created = await provider.create(await withSecrets(run.stacks.aws, base.properties), context);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    const nowhere = { ...base, physicalId: base.logicalId, attributes: {}, notRunBecause: error.message };
    put(run, { ...nowhere, status: 'CREATE_COMPLETE' });
    event(run, base, base.logicalId, 'CREATE_COMPLETE', `Does not run here: ${error.message}`);
    return nowhere;
  }
  const resource: StackResource = { ...base, ...created, status: 'CREATE_COMPLETE' };
  put(run, resource);
  event(run, base, created.physicalId, 'CREATE_COMPLETE', effectOf(created));
  run.undo.push(async () => {
    await removeResources(run.stacks, run.stack, [resource], run.request, run.nested, {
      retained: ({ deletionPolicy }) => deletionPolicy === 'Retain',
    });
  });
  return resource;
}

async function change(
  run: Run,
  provider: Provider,
  before: StackResource,
  base: Undressed,
): Promise<StackResource> {
  const decided = changeOf(provider, before, base.properties);
  if (decided.kind === 'keep' || decided.kind === 'note') {
    const kept: StackResource = {
      ...before,
      ...base,
      changedAt: decided.kind === 'keep' ? before.changedAt : base.changedAt,
    };
    put(run, kept);
    if (run.stack.restored) return restore(run, provider, kept);
    if (decided.kind === 'note') {
      event(run, base, before.physicalId, 'UPDATE_IN_PROGRESS');
      put(run, { ...kept, status: 'UPDATE_COMPLETE' });
      event(run, base, before.physicalId, 'UPDATE_COMPLETE');
    }
    return kept;
  }
  event(run, base, before.physicalId, 'UPDATE_IN_PROGRESS');
  const resource =
    decided.kind === 'replace'
      ? await replace(run, provider, before, base, decided.because)
      : await update(run, provider, before, base);
  event(run, base, resource.physicalId, 'UPDATE_COMPLETE', effectOf(resource));
  return resource;
}

async function replace(
  run: Run,
  provider: Provider,
  before: StackResource,
  base: Undressed,
  because: readonly string[],
): Promise<StackResource> {
  const name = fixedName(before, base.properties);
  if (name !== undefined) {
    throw new Error(
      `CloudFormation cannot update a stack when a custom-named resource requires replacing. ${because.join(', ')} changed, which takes a new resource, and ${name} is still ${JSON.stringify(base.properties[name])}. Rename it and update the stack again.`,
    );
  }
  const next: Undressed = { ...base, generation: run.generation };
  const created = await provider.create(
    await withSecrets(run.stacks.aws, next.properties),
    contextOf(run, next),
  );
  const resource: StackResource = { ...next, ...created, status: 'UPDATE_COMPLETE' };
  put(run, resource);
  run.replaced.push(before);
  run.undo.push(async () => {
    await removeResources(run.stacks, run.stack, [resource], run.request, run.nested, {});
  });
  return resource;
}

async function update(
  run: Run,
  provider: Provider,
  before: StackResource,
  base: Undressed,
): Promise<StackResource> {
  const context = contextOf(run, base);
  const { aws } = run.stacks;
  const previous = await withSecrets(aws, before.properties);
  const properties = await withSecrets(aws, base.properties);
  const updateTo = async (from: Created, to: JsonObject, instead: JsonObject): Promise<Created> => {
    if (provider.update !== undefined) return provider.update(createdOf(from), to, instead, context);
    // What does nothing is made anew, under the same name.
    await provider.delete?.(createdOf(from), instead, context);
    return provider.create(to, context);
  };
  const updated = await updateTo(before, properties, previous);
  const resource: StackResource = { ...base, ...updated, status: 'UPDATE_COMPLETE' };
  put(run, resource);
  // A custom resource that answers with another id has replaced itself: the old one goes in the end.
  const replaced = updated.physicalId !== before.physicalId;
  if (replaced) run.replaced.push(before);
  run.undo.push(async () => {
    if (replaced) await removeResources(run.stacks, run.stack, [resource], run.request, run.nested, {});
    else await updateTo(updated, previous, properties);
  });
  return resource;
}

/** After a restart: what a service still has is told where its files are now, what it has lost is made again. */
async function restore(run: Run, provider: Provider, kept: StackResource): Promise<StackResource> {
  const properties = await withSecrets(run.stacks.aws, kept.properties);
  const context = contextOf(run, kept);
  if (provider.update === undefined) return kept;
  const again = await provider
    .update(createdOf(kept), properties, properties, context)
    .catch(() => provider.create(properties, context));
  const resource = { ...kept, ...again };
  put(run, resource);
  return resource;
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

/** Bookkeeping and what no provider makes: noted, with the events of a change when there is one. */
function keep(run: Run, before: StackResource | undefined, resource: StackResource): void {
  const decided = before === undefined ? undefined : changeOf(undefined, before, resource.properties);
  if (decided?.kind === 'keep' && before !== undefined) {
    put(run, { ...resource, changedAt: before.changedAt });
    return;
  }
  const verb = before === undefined ? 'CREATE' : 'UPDATE';
  event(run, resource, resource.physicalId, `${verb}_IN_PROGRESS`);
  put(run, { ...resource, status: `${verb}_COMPLETE` });
  const reason =
    resource.notRunBecause === undefined ? undefined : `Does not run here: ${resource.notRunBecause}`;
  event(run, resource, resource.physicalId, `${verb}_COMPLETE`, reason);
}

function refuseExportsInUse(stacks: Stacks, stack: Stack, outputs: readonly StackOutput[]): void {
  const exported = stacks.exports();
  for (const { exportName, name } of outputs) {
    const holder = exportName === undefined ? undefined : exported.get(exportName)?.stack;
    if (holder !== undefined && holder !== stack) {
      throw new AssemblyError(
        'WAYBILL_RESOURCE_FAILED',
        `The output ${name} of ${stack.name}: Export with name ${exportName} is already exported by stack ${holder.name}.`,
      );
    }
  }
  for (const { exportName, value } of stack.outputs) {
    if (exportName === undefined) continue;
    const next = outputs.find((output) => output.exportName === exportName);
    const users = stacks.importers(exportName).filter((each) => each !== stack);
    if (users.length === 0 || JSON.stringify(next?.value) === JSON.stringify(value)) continue;
    const verb = next === undefined ? 'deleted' : 'updated';
    throw new AssemblyError(
      'WAYBILL_RESOURCE_FAILED',
      `Export ${exportName} cannot be ${verb} as it is in use by ${users.map(({ name }) => name).join(' and ')}.`,
    );
  }
}

function noteIgnoredProperties(
  run: Run,
  provider: Provider,
  { logicalId, definition }: WantedResource,
  properties: JsonObject,
): void {
  if (provider.honoured.includes('*')) return;
  for (const property of Object.keys(properties)) {
    if (!provider.honoured.includes(property) && !provider.inert.includes(property)) {
      run.ignored.push({ stack: run.stack.name, logicalId, type: definition.Type, property });
    }
  }
}

/** The error of a resource, with its event. */
function failed(run: Run, { logicalId, definition }: WantedResource, thrown: unknown): unknown {
  const reason = typeof thrown === 'string' ? thrown : reasonOf(thrown);
  const known = run.stack.resources.get(logicalId);
  const verb = known === undefined ? 'CREATE' : 'UPDATE';
  const told = run.stack.events.at(-1)?.status.endsWith('_FAILED') === true;
  if (!told) {
    event(run, { logicalId, type: definition.Type }, known?.physicalId ?? '', `${verb}_FAILED`, reason);
  }
  if (thrown instanceof AssemblyError) return thrown;
  return new AssemblyError(
    'WAYBILL_RESOURCE_FAILED',
    `${definition.Type} ${logicalId} of the stack ${run.stack.name} could not be ${verb === 'CREATE' ? 'created' : 'updated'}: ${reason}`,
    { cause: thrown },
  );
}

function put(run: Run, resource: StackResource): void {
  run.stack.resources.set(resource.logicalId, resource);
  run.stacks.saveResource(run.stack, resource);
}

function contextOf(run: Run, resource: Undressed): ProviderContext {
  return providerContextOf(run.stacks, run.stack, resource, run.request, run.nested);
}

function createdOf({ physicalId, attributes, inertBecause }: Created): Created {
  return { physicalId, attributes, ...(inertBecause !== undefined && { inertBecause }) };
}

function effectOf({ inertBecause }: Created): string | undefined {
  return inertBecause === undefined ? undefined : `Has no effect here: ${inertBecause}`;
}

function event(
  run: Run,
  { logicalId, type }: Pick<StackResource, 'logicalId' | 'type'>,
  physicalId: string,
  status: string,
  reason?: string,
): void {
  addEvent(run.stack, {
    id: `${logicalId}-${status}-${randomUUID()}`,
    logicalId,
    physicalId,
    type,
    status,
    at: run.stacks.aws.clock.now(),
    ...(reason !== undefined && { reason }),
    ...(run.request.token !== undefined && { token: run.request.token }),
  });
}

function setStatus(run: Run, status: string, reason?: string): void {
  const { stack } = run;
  stack.status = status;
  stack.statusReason = reason;
  event(run, { logicalId: stack.name, type: 'AWS::CloudFormation::Stack' }, stack.id, status, reason);
}
