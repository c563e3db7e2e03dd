/** Takes resources of a stack away: those that refer to others first. */
import { randomUUID } from 'node:crypto';

import { reasonOf } from '../../lib/assembly/errors.ts';
import { providerOf } from './providers/index.ts';
import { CannotRun } from './providers/provider.ts';
import { providerContextOf } from './resource-context.ts';
import { addEvent, inDependencyOrder } from './stack.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks, Surroundings } from './surroundings.ts';
import { withSecrets } from './walk.ts';

export interface Removal {
  /** True for those that stay although the stack loses them. */
  readonly retained?: (resource: StackResource) => boolean;
  readonly token?: string | undefined;
}

/** The failures, by logical id. Each resource is tried. */
export async function removeResources(
  stacks: Stacks,
  stack: Stack,
  resources: readonly StackResource[],
  surroundings: Surroundings,
  nested: NestedStacks,
  { retained = () => false, token }: Removal,
): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  const byId = new Map(resources.map((resource) => [resource.logicalId, resource]));
  const tell = (resource: StackResource, status: string, reason?: string): void =>
    addEvent(stack, {
      id: `${resource.logicalId}-${status}-${randomUUID()}`,
      logicalId: resource.logicalId,
      physicalId: resource.physicalId,
      type: resource.type,
      status,
      at: stacks.aws.clock.now(),
      ...(reason !== undefined && { reason }),
      ...(token !== undefined && { token }),
    });

  for (const logicalId of inDependencyOrder(byId).toReversed()) {
    const resource = byId.get(logicalId);
    if (resource === undefined) continue;
    if (retained(resource)) {
      tell(resource, 'DELETE_SKIPPED');
      continue;
    }
    const provider = providerOf(resource.type);
    const isNothing =
      resource.bookkeeping === true ||
      resource.notRunBecause !== undefined ||
      (resource.inertBecause !== undefined && provider?.delete === undefined);
    if (isNothing) {
      tell(resource, 'DELETE_COMPLETE');
      continue;
    }
    if (provider?.delete === undefined) {
      const reason = `${resource.type} ${logicalId} stays: the embedded AWS cannot take it away`;
      tell(resource, 'DELETE_SKIPPED', reason);
      stacks.log(`${stack.name}: ${reason}`);
      continue;
    }
    tell(resource, 'DELETE_IN_PROGRESS');
    try {
      const { physicalId, attributes, inertBecause } = resource;
      await provider.delete(
        { physicalId, attributes, ...(inertBecause !== undefined && { inertBecause }) },
        await secretsOrNone(stacks, resource),
        providerContextOf(stacks, stack, resource, surroundings, nested),
      );
      tell(resource, 'DELETE_COMPLETE');
    } catch (error) {
      if (isGone(error)) {
        tell(resource, 'DELETE_COMPLETE');
        continue;
      }
      failures.set(logicalId, reasonOf(error));
      tell(resource, 'DELETE_FAILED', reasonOf(error));
    }
  }
  return failures;
}

/** A secret that is gone already must not keep what used it. */
async function secretsOrNone(
  stacks: Stacks,
  { properties }: StackResource,
): Promise<StackResource['properties']> {
  return withSecrets(stacks.aws, properties).catch(() => properties);
}

/** Somebody took it away by hand, or its service does not run: CloudFormation counts that as deleted. */
function isGone(error: unknown): boolean {
  if (error instanceof CannotRun) return true;
  const code = error instanceof Error ? error.name : '';
  return /NotFound|NonExistent|DoesNotExist|NoSuch/i.test(code);
}
