/** C22: how full each stack is, and how many more consumers like those it has would fit. */
import type { AssemblyStack, Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import { QUOTAS } from '../quotas.ts';
import type { Verdict } from '../verdict.ts';
import { counted } from './policies.ts';

export interface StackBudget {
  readonly stack: AssemblyStack;
  readonly resources: number;
  readonly limit: number;
  readonly consumers: number;
  /** Resources of a consumer, on average. Undefined where the stack has none. */
  readonly resourcesPerConsumer: number | undefined;
  /** Consumers that still fit. Undefined where the stack has none to go by. */
  readonly moreConsumers: number | undefined;
}

export function stackBudgets(context: EstimateContext): readonly StackBudget[] {
  const { assembly, topology, ownerOf, nodeOf } = context;
  const byStack = Map.groupBy(assembly.resources, ({ stack }) => stack);
  return assembly.stacks.map((stack) => {
    const resources = byStack.get(stack) ?? [];
    const consumers = new Set(
      topology.edges.flatMap((edge) => {
        const queue = edge.kind === 'consumes' && edge.events.length > 0 ? nodeOf(edge.from) : undefined;
        return queue?.stack === stack.stackName && queue.owner !== null ? [queue.owner] : [];
      }),
    );
    const ofConsumers = resources.filter((resource) => consumers.has(ownerOf(resource) ?? '')).length;
    const resourcesPerConsumer = consumers.size === 0 ? undefined : ofConsumers / consumers.size;
    const limit = QUOTAS.stackResources.value;
    return {
      stack,
      resources: resources.length,
      limit,
      consumers: consumers.size,
      resourcesPerConsumer,
      moreConsumers:
        resourcesPerConsumer === undefined || resourcesPerConsumer === 0
          ? undefined
          : Math.max(0, Math.floor((limit - resources.length) / resourcesPerConsumer)),
    };
  });
}

export function stackVerdicts(context: EstimateContext): readonly Verdict[] {
  return stackBudgets(context).flatMap(({ stack, resources, moreConsumers, resourcesPerConsumer }) =>
    counted('WAYBILL_CAPACITY_STACK_RESOURCES', QUOTAS.stackResources, resources, {
      where:
        pathOf(context.assembly.resources.filter((resource) => resource.stack === stack)) ?? stack.stackName,
      of: 'resources',
      fix: 'put new consumers into a stack of their own; do not move queues, topics or tables, which would be replaced',
      ...(moreConsumers === undefined
        ? {}
        : {
            note: `${moreConsumers} more consumers fit, at ${Math.round(resourcesPerConsumer!)} resources each`,
          }),
    }),
  );
}

/** The path that all of a stack's resources begin with: the stack's. */
function pathOf(resources: readonly Resource[]): string | undefined {
  const paths = resources.map(({ constructPath }) => constructPath.split('/').slice(0, -1));
  const first = paths[0];
  if (first === undefined) return undefined;
  const shared = first.filter((part, index) => paths.every((path) => path[index] === part));
  return shared.length === 0 ? undefined : shared.join('/');
}
