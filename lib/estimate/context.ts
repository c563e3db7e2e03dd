/** Everything that a check or a cost reads: the assembly, the flow at peak and on average, prices, assumptions. */
import type { Assembly, Resource } from '../assembly/index.ts';
import { TOPOLOGY_SCHEMA_VERSION } from '../topology/index.ts';
import type { ConsumesEdge, Topology, TopologyEdge, TopologyNode } from '../topology/index.ts';
import { flowOf } from './flow.ts';
import type { TrafficFlow } from './flow.ts';
import { assumptionsOf } from './load.ts';
import { ownersOf } from './owners.ts';
import type { OwnerOf } from './owners.ts';
import type { Assumptions, LoadProfile } from './load.ts';
import { pricesOf } from './prices/index.ts';
import type { PricesOfRegion } from './prices/index.ts';

export interface EstimateOptions {
  /** @default - the declared peak, a fifth of it on average */
  readonly load?: LoadProfile | undefined;
  /** Whose prices and quotas. @default - the Region of the stacks, else us-east-1 */
  readonly region?: string | undefined;
}

/** A queue, the function that a mapping invokes with its messages, and what the topology says of them. */
export interface QueueMapping {
  readonly mapping: Resource;
  readonly queue: Resource;
  readonly function: Resource | undefined;
  readonly queueNodeId: string | undefined;
  /** Undefined where the mapping is not of Waybill's constructs. */
  readonly consumes: ConsumesEdge | undefined;
  readonly isFifo: boolean;
}

export interface EstimateContext {
  readonly assembly: Assembly;
  readonly topology: Topology;
  /** That was asked for, else of the first stack that names one; undefined where none does. */
  readonly region: string | undefined;
  /** Of that Region. */
  readonly prices: PricesOfRegion;
  /** Whose prices and quotas hold for a resource: the Region that was asked for, else its stack's. */
  readonly regionOf: (resource: Resource | undefined) => string | undefined;
  readonly assumptions: Assumptions;
  /** In the environment's busiest second. */
  readonly peak: TrafficFlow;
  /** On average over a month. */
  readonly average: TrafficFlow;
  readonly mappings: readonly QueueMapping[];
  readonly nodeOf: (id: string) => TopologyNode | undefined;
  readonly resourceOf: (nodeId: string) => Resource | undefined;
  readonly nodeIdOf: (resource: Resource) => string | undefined;
  readonly ownerOf: OwnerOf;
}

/** Without the topology of Waybill's constructs there is no declared traffic: costs are idle costs. */
const NO_TOPOLOGY: Topology = {
  schemaVersion: TOPOLOGY_SCHEMA_VERSION,
  environment: '',
  events: [],
  nodes: [],
  edges: [],
};

export function estimateContext(assembly: Assembly, options: EstimateOptions = {}): EstimateContext {
  const topology = assembly.topology ?? NO_TOPOLOGY;
  const assumptions = assumptionsOf(options.load);
  const region = options.region ?? assembly.stacks.find(({ isPlaced }) => isPlaced)?.region;
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const keyOf = (stackName: string | null, logicalId: string | null): string => `${stackName}/${logicalId}`;
  const nodeByResource = new Map(
    topology.nodes.flatMap(({ id, stack, logicalId }) =>
      logicalId === null ? [] : [[keyOf(stack, logicalId), id] as const],
    ),
  );
  const resourceByKey = new Map(
    assembly.resources.map((resource) => [keyOf(resource.stack.stackName, resource.logicalId), resource]),
  );
  const nodeIdOf = (resource: Resource): string | undefined =>
    nodeByResource.get(keyOf(resource.stack.stackName, resource.logicalId));
  const resourceOf = (nodeId: string): Resource | undefined => {
    const node = nodes.get(nodeId);
    return node === undefined ? undefined : resourceByKey.get(keyOf(node.stack, node.logicalId));
  };
  // The rules of a replica deliver nothing until they are switched on.
  const isOff = (edge: TopologyEdge): boolean =>
    edge.kind === 'routes' && resourceOf(edge.via)?.properties['State'] === 'DISABLED';
  return {
    assembly,
    topology,
    region,
    prices: pricesOf(region),
    assumptions,
    regionOf: (resource) => options.region ?? (resource?.stack.isPlaced === true ? resource.region : region),
    peak: flowOf(topology, { share: assumptions.peakShare, isOff }),
    average: flowOf(topology, { share: assumptions.peakShare * assumptions.averageShare, isOff }),
    mappings: mappingsOf(assembly, topology, nodeIdOf),
    nodeOf: (id) => nodes.get(id),
    resourceOf,
    nodeIdOf,
    ownerOf: ownersOf(topology, nodeIdOf),
  };
}

function mappingsOf(
  assembly: Assembly,
  topology: Topology,
  nodeIdOf: (resource: Resource) => string | undefined,
): readonly QueueMapping[] {
  return assembly.ofType('AWS::Lambda::EventSourceMapping').flatMap((mapping) => {
    const queue = assembly.find(mapping.properties['EventSourceArn']);
    if (queue?.type !== 'AWS::SQS::Queue') return [];
    const fn = functionNamed(assembly, mapping.properties['FunctionName']);
    const queueNodeId = nodeIdOf(queue);
    const functionNodeId = fn === undefined ? undefined : nodeIdOf(fn);
    const consumes = topology.edges.find(
      (edge): edge is ConsumesEdge =>
        edge.kind === 'consumes' && edge.from === queueNodeId && edge.to === functionNodeId,
    );
    return [{ mapping, queue, function: fn, queueNodeId, consumes, isFifo: isFifo(queue) }];
  });
}

/** A function by ARN or by name. */
export function functionNamed(assembly: Assembly, reference: unknown): Resource | undefined {
  const byArn = assembly.find(reference);
  if (byArn !== undefined) return byArn;
  return assembly
    .ofType('AWS::Lambda::Function')
    .find(({ name, ref }) => name === reference || ref === reference);
}

export function isFifo(queueOrTopic: Resource): boolean {
  const value = queueOrTopic.properties['FifoQueue'] ?? queueOrTopic.properties['FifoTopic'];
  return value === true || value === 'true';
}

/** A number, also where the template has it as text. Undefined for what is absent or only known at deployment. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** A nested value, by keys. Undefined where there is none. */
export function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  let current = value;
  for (const key of keys) {
    if (typeof current !== 'object' || current === null || Array.isArray(current)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}

/** A text; empty for anything else. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function listAt(value: unknown, ...keys: readonly string[]): readonly unknown[] {
  const found = valueAt(value, ...keys);
  return Array.isArray(found) ? found : [];
}
