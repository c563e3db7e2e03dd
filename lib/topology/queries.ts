/** Questions that several tools ask of a topology. */
import type { ConsumesEdge, RoutesEdge, SubscribesEdge, Topology, TopologyNode } from './types.ts';

export interface Subscriber {
  /** The consumer's name. */
  readonly consumer: string;
  /** The topic or bus the event comes from. */
  readonly origin: TopologyNode;
  readonly queue: TopologyNode;
  /** The path from the origin to the queue: a subscription with its filter, or a rule with its pattern. */
  readonly path: SubscribesEdge | RoutesEdge;
  /** The path from the queue to the handler. */
  readonly consumes: ConsumesEdge;
}

/**
 * Everyone who gets an event, in the order of the topology. A consumer that is reached by two paths is
 * listed twice. Filters on the tenant are not evaluated: see each path.
 *
 * @param event the event's name
 */
export function subscribersOf(topology: Topology, event: string): readonly Subscriber[] {
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const consumersOf = new Map<string, ConsumesEdge[]>();
  for (const edge of topology.edges) {
    if (edge.kind === 'consumes') consumersOf.set(edge.from, [...(consumersOf.get(edge.from) ?? []), edge]);
  }
  return topology.edges.flatMap((path) => {
    if ((path.kind !== 'subscribes' && path.kind !== 'routes') || !path.events.includes(event)) return [];
    const origin = nodes.get(path.from);
    const queue = nodes.get(path.to);
    if (origin === undefined || queue === undefined) return [];
    return (consumersOf.get(path.to) ?? []).map((consumes) => ({
      consumer: consumes.consumer,
      origin,
      queue,
      path,
      consumes,
    }));
  });
}

/** The node of an id. Undefined where there is none. */
export function nodeOf(topology: Topology, id: string): TopologyNode | undefined {
  return topology.nodes.find((node) => node.id === id);
}
