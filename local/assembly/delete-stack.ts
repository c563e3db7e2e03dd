/** Deletes a stack with its resources, but for those its template wants to keep. */
import { randomUUID } from 'node:crypto';

import { AssemblyError } from '../../lib/assembly/errors.ts';
import { removeResources } from './remove.ts';
import { addEvent } from './stack.ts';
import type { Stack } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks, Surroundings } from './surroundings.ts';

export interface DeleteStackOptions {
  /** Logical ids that stay, on top of what the template keeps. */
  readonly retain?: readonly string[];
  readonly token?: string | undefined;
}

/**
 * The stack ends in DELETE_COMPLETE or DELETE_FAILED.
 * @throws AssemblyError when a resource could not be deleted, or another stack uses an export of this one
 */
export async function deleteStackWith(
  stacks: Stacks,
  stack: Stack,
  surroundings: Surroundings,
  nested: NestedStacks,
  { retain = [], token }: DeleteStackOptions,
): Promise<void> {
  const setStatus = (status: string, reason?: string): void => {
    stack.status = status;
    stack.statusReason = reason;
    addEvent(stack, {
      id: randomUUID(),
      logicalId: stack.name,
      physicalId: stack.id,
      type: 'AWS::CloudFormation::Stack',
      status,
      at: stacks.aws.clock.now(),
      ...(reason !== undefined && { reason }),
      ...(token !== undefined && { token }),
    });
  };
  const fail = (reason: string): never => {
    setStatus('DELETE_FAILED', reason);
    stacks.save(stack);
    throw new AssemblyError('WAYBILL_RESOURCE_FAILED', `The stack ${stack.name} was not deleted: ${reason}`);
  };

  setStatus('DELETE_IN_PROGRESS');
  stacks.save(stack);
  for (const { exportName } of stack.outputs) {
    if (exportName === undefined) continue;
    const users = stacks.importers(exportName).filter((each) => each !== stack);
    if (users.length > 0) {
      const names = users.map(({ name }) => name).join(' and ');
      fail(`Export ${exportName} cannot be deleted as it is in use by ${names}`);
    }
  }
  const failures = await removeResources(stacks, stack, [...stack.resources.values()], surroundings, nested, {
    retained: ({ logicalId, deletionPolicy }) =>
      retain.includes(logicalId) || deletionPolicy === 'Retain' || deletionPolicy === 'RetainExceptOnCreate',
    token,
  });
  if (failures.size > 0) {
    stack.resources = new Map([...stack.resources].filter(([logicalId]) => failures.has(logicalId)));
    fail(`The following resource(s) failed to delete: [${[...failures.keys()].join(', ')}].`);
  }
  stack.deletedAt = stacks.aws.clock.now();
  setStatus('DELETE_COMPLETE');
  stacks.remove(stack);
  stacks.save(stack);
}
