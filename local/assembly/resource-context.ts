/** What a provider is given for one resource of one stack. */
import { generatedName } from './providers/provider.ts';
import type { ProviderContext } from './providers/provider.ts';
import type { Stack, StackResource } from './stack.ts';
import type { Stacks } from './stacks.ts';
import type { NestedStacks, Surroundings } from './surroundings.ts';
import { callDirectly } from './walk.ts';

export function providerContextOf(
  stacks: Stacks,
  stack: Stack,
  resource: Pick<StackResource, 'logicalId' | 'type' | 'generation'>,
  surroundings: Surroundings,
  nested: NestedStacks,
): ProviderContext {
  const { logicalId, type, generation } = resource;
  const { aws } = stacks;
  return {
    type,
    logicalId,
    stackName: stack.name,
    stackId: stack.id,
    aws,
    records: stacks.records,
    startDatabase: stacks.startDatabase,
    workDirectory: surroundings.workDirectory,
    asset: surroundings.asset,
    image: (repositoryAndTag) => surroundings.image?.(repositoryAndTag),
    call: (service, action, input) => callDirectly(aws, service, action, input),
    deployNestedStack: (name, template, parameters) =>
      nested.apply(stack, name, template, parameters, surroundings),
    removeNestedStack: (name) => nested.remove(name, surroundings),
    // A replacement needs a name of its own.
    generatedName: (maximumLength) =>
      generatedName(stack.name, logicalId, maximumLength, generation, aws.elsewhere && aws.region),
  };
}
