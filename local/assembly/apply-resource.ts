/** Makes one resource of a stack what its template says: new, changed, replaced, or as it was. */
import { changeOf, fixedName } from './change.ts';
import { AssemblyError, reasonOf } from '../../lib/assembly/errors.ts';
import { event } from './apply-run.ts';
import type { Run } from './apply-run.ts';
import { isBookkeeping, providerOf } from './providers/index.ts';
import { CannotRun } from './providers/provider.ts';
import type { Created, Provider, ProviderContext } from './providers/provider.ts';
import { removeResources } from './remove.ts';
import { providerContextOf } from './resource-context.ts';
import type { StackResource } from './stack.ts';
import type { JsonObject } from '../../lib/assembly/template.ts';
import { absentResource, withSecrets } from './walk.ts';
import type { Walked, WantedResource } from './walk.ts';

/** @throws AssemblyError, with the event of the resource that failed */
export async function applyResource(run: Run, wanted: WantedResource): Promise<Walked> {
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
