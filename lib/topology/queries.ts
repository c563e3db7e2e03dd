/** Questions that several tools ask of a topology. */
import type {
  ConsumesEdge,
  PublishesEdge,
  ReadsEdge,
  RoutesEdge,
  SubscribesEdge,
  Topology,
  TopologyNode,
} from './types.ts';

export interface Subscriber {
  /** The consumer's name. */
  readonly consumer: string;
  /** The topic, bus, stream or queue that the event is published to. */
  readonly origin: TopologyNode;
  /** What the function is invoked from: a queue; the stream or Kafka topic itself. */
  readonly queue: TopologyNode;
  /**
   * The path from the origin to the queue: a subscription with its filter, or a rule with its pattern. Where the event
   * is published to the queue or stream itself, its publishing.
   */
  readonly path: SubscribesEdge | RoutesEdge | PublishesEdge;
  /** The path from the queue to the handler. */
  readonly consumes: ConsumesEdge | ReadsEdge;
}

/**
 * Everyone who gets an event, in the order of the topology. A consumer that is reached by two paths is
 * listed twice. Filters on the tenant are not evaluated: see each path.
 *
 * | published to | reached by |
 * |---|---|
 * | a topic or bus | subscribes, routes; then consumes |
 * | a queue | consumes, once however many may publish there |
 * | a stream or Kafka topic | reads, where the reader takes the event; retry topics are no path of their own |
 *
 * @param event the event's name
 */
export function subscribersOf(topology: Topology, event: string): readonly Subscriber[] {
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const takersOf = new Map<string, (ConsumesEdge | ReadsEdge)[]>();
  for (const edge of topology.edges) {
    if (edge.kind !== 'consumes' && edge.kind !== 'reads') continue;
    takersOf.set(edge.from, [...(takersOf.get(edge.from) ?? []), edge]);
  }
  const direct = new Set<string>();
  return topology.edges.flatMap((path) => {
    if (path.kind !== 'subscribes' && path.kind !== 'routes' && path.kind !== 'publishes') return [];
    if (!path.events.includes(event)) return [];
    const isDirect = path.kind === 'publishes';
    if (isDirect && direct.has(path.to)) return [];
    if (isDirect) direct.add(path.to);
    const origin = nodes.get(isDirect ? path.to : path.from);
    const queue = nodes.get(path.to);
    if (origin === undefined || queue === undefined) return [];
    return (takersOf.get(path.to) ?? [])
      .filter((consumes) => consumes.kind === 'consumes' || consumes.events.includes(event))
      .map((consumes) => ({ consumer: consumes.consumer, origin, queue, path, consumes }));
  });
}

/** The node of an id. Undefined where there is none. */
export function nodeOf(topology: Topology, id: string): TopologyNode | undefined {
  return topology.nodes.find((node) => node.id === id);
}
