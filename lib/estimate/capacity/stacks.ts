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
  const { assembly } = context;
  return assembly.stacks.map((stack) => {
    const resources = assembly.resources.filter((resource) => resource.stack === stack);
    const scopes = consumerScopes(context, stack);
    const ofConsumers = resources.filter(({ constructPath }) =>
      scopes.some((scope) => constructPath.startsWith(`${scope}/`)),
    ).length;
    const resourcesPerConsumer = scopes.length === 0 ? undefined : ofConsumers / scopes.length;
    const limit = QUOTAS.stackResources.value;
    return {
      stack,
      resources: resources.length,
      limit,
      consumers: scopes.length,
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

/** The construct of each consumer of the stack that gets events: the parent of its queue. */
function consumerScopes({ topology, nodeOf }: EstimateContext, stack: AssemblyStack): readonly string[] {
  const scopes = topology.edges.flatMap((edge) =>
    edge.kind === 'consumes' && edge.events.length > 0 && nodeOf(edge.from)?.stack === stack.stackName
      ? [edge.from.slice(0, edge.from.lastIndexOf('/'))]
      : [],
  );
  return [...new Set(scopes)];
}

/** The path that all of a stack's resources begin with: the stack's. */
function pathOf(resources: readonly Resource[]): string | undefined {
  const paths = resources.map(({ constructPath }) => constructPath.split('/').slice(0, -1));
  const first = paths[0];
  if (first === undefined) return undefined;
  const shared = first.filter((part, index) => paths.every((path) => path[index] === part));
  return shared.length === 0 ? undefined : shared.join('/');
}
