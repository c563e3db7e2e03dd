/** Deploying and deleting stacks, and those nested in them: each is a stack of its own that knows its parent. */
import { applyStack } from './apply.ts';
import type { StackRequest } from './apply-run.ts';
import { deleteStackWith } from './delete-stack.ts';
import type { DeleteStackOptions } from './delete-stack.ts';
import type { Stack } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks, Surroundings } from './surroundings.ts';

export type { StackRequest } from './apply-run.ts';

/**
 * The stack ends in CREATE_COMPLETE or UPDATE_COMPLETE.
 * @throws AssemblyError after the stack was rolled back, or left as it is without rollback
 */
export function deployStack(stacks: Stacks, stack: Stack, request: StackRequest): Promise<void> {
  return applyStack(stacks, stack, request, nestedStacksOf(stacks));
}

/**
 * The stack ends in DELETE_COMPLETE or DELETE_FAILED.
 * @throws AssemblyError when a resource could not be deleted, or another stack uses an export of this one
 */
export function deleteStack(
  stacks: Stacks,
  stack: Stack,
  surroundings: Surroundings,
  options: DeleteStackOptions = {},
): Promise<void> {
  return deleteStackWith(stacks, stack, surroundings, nestedStacksOf(stacks), options);
}

function nestedStacksOf(stacks: Stacks): NestedStacks {
  return {
    async apply(parent, name, template, parameters, surroundings) {
      const stack = stacks.byName.get(name) ?? stacks.add(name, parent.id);
      const templateBody = JSON.stringify(template);
      await deployStack(stacks, stack, { ...surroundings, template, templateBody, parameters });
      return {
        stackId: stack.id,
        outputs: Object.fromEntries(stack.outputs.map((output) => [output.name, output.value])),
      };
    },
    async remove(nameOrId, surroundings) {
      const stack = stacks.find(nameOrId);
      if (stack !== undefined && stack.status !== 'DELETE_COMPLETE') {
        await deleteStack(stacks, stack, surroundings);
      }
    },
  };
}
