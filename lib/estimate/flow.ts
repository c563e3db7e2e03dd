/**
 * Messages and bytes per second on every edge and node of a topology, from the traffic that the events declare.
 * Fan-out is multiplied through the graph; filters on the event's type are applied, filters on other attributes
 * (tenants) are not, so that a figure is the most it can be.
 */
import type { PublishesEdge, Topology, TopologyEdge } from '../topology/index.ts';

export interface Flow {
  readonly perSecond: number;
  readonly bytesPerSecond: number;
}

export interface EventRate extends Flow {
  /** Of one message, over all versions that are published. */
  readonly averageBytes: number;
  /** False: its group on FIFO is the tenant. */
  readonly hasOrderingKey: boolean;
}

export interface TrafficFlow {
  /** By name; the versions of an event are published side by side, so their rates add up. */
  readonly events: ReadonlyMap<string, EventRate>;
  /** What arrives at a topic, bus, queue, function or relay, by node id. */
  readonly into: (nodeId: string) => Flow;
  /** What leaves a publisher, topic or bus, by node id. */
  readonly outOf: (nodeId: string) => Flow;
  /** What goes along an edge. Undefined for edges that carry no events: alerts, dead letters, nudges, schedules. */
  readonly along: (edge: TopologyEdge) => Flow | undefined;
  /** Events per second that a relay takes out of its database, each once however often it is published. */
  readonly drainedBy: (relayId: string) => Flow;
}

const NONE: Flow = { perSecond: 0, bytesPerSecond: 0 };
/** A nudge says no more than that there is something to publish. */
const NUDGE_BYTES = 100;

export interface FlowOptions {
  /**
   * Of the declared peak.
   * @default 1
   */
  readonly share?: number;
  /**
   * Paths that deliver nothing, such as rules that are disabled.
   * @default - none
   */
  readonly isOff?: (edge: TopologyEdge) => boolean;
}

/**
 * The flow of a topology.
 *
 * An event's declared rate is what all of its publishers send together. It enters a topic or bus once, however many
 * publishers may send it there, and what consumers publish again has a rate of its own in its contract: so nothing
 * is counted twice.
 */
export function flowOf(
  topology: Topology,
  { share = 1, isOff = () => false }: FlowOptions = {},
): TrafficFlow {
  const events = ratesOf(topology, share);
  const sum = (names: Iterable<string>): Flow => total([...names].map((name) => events.get(name) ?? NONE));

  const along = new Map<TopologyEdge, Flow>();
  const publishedInto = new Map<string, Set<string>>();
  const drained = new Map<string, Set<string>>();
  for (const edge of topology.edges) {
    if (edge.kind === 'publishes') {
      along.set(edge, sum(edge.events));
      addAll(publishedInto, edge.to, edge.events);
      addAll(drained, edge.from, edge.events);
    } else if (edge.kind === 'subscribes' || edge.kind === 'routes') {
      along.set(edge, isOff(edge) ? NONE : sum(edge.events));
    }
  }
  for (const edge of topology.edges) {
    if (edge.kind === 'forwards') along.set(edge, sum(publishedInto.get(edge.from) ?? []));
  }
  const into = new Map<string, Flow>();
  for (const [target, names] of publishedInto) into.set(target, sum(names));
  const outOf = new Map<string, Flow>();
  for (const [edge, flow] of along) {
    outOf.set(edge.from, total([outOf.get(edge.from) ?? NONE, flow]));
    if (edge.kind !== 'publishes') into.set(edge.to, total([into.get(edge.to) ?? NONE, flow]));
  }
  for (const [relay, queue] of nudgeQueues(topology)) into.set(queue, nudges(sum(drained.get(relay) ?? [])));
  for (const edge of topology.edges) {
    if (edge.kind === 'consumes') {
      along.set(edge, into.get(edge.from) ?? NONE);
      into.set(edge.to, total([into.get(edge.to) ?? NONE, into.get(edge.from) ?? NONE]));
    } else if (edge.kind === 'reads') {
      // Each reader gets everything it takes; what failed and comes again by a retry topic is not declared.
      const flow = edge.retry === true ? NONE : sum(edge.events);
      along.set(edge, flow);
      outOf.set(edge.from, total([outOf.get(edge.from) ?? NONE, flow]));
      into.set(edge.to, total([into.get(edge.to) ?? NONE, flow]));
    } else if (edge.kind === 'follows') {
      // One that is to move here takes nothing yet: its live transport has its flow.
      const flow = edge.role === 'next' ? NONE : sum(edge.events);
      along.set(edge, flow);
      outOf.set(edge.from, total([outOf.get(edge.from) ?? NONE, flow]));
      into.set(edge.to, total([into.get(edge.to) ?? NONE, flow]));
    } else if (edge.kind === 'archives') {
      along.set(edge, into.get(edge.from) ?? NONE);
    } else if (edge.kind === 'drains') {
      along.set(edge, sum(drained.get(edge.to) ?? []));
    }
  }
  return {
    events,
    into: (nodeId) => into.get(nodeId) ?? NONE,
    outOf: (nodeId) => outOf.get(nodeId) ?? NONE,
    along: (edge) => along.get(edge),
    drainedBy: (relayId) => sum(drained.get(relayId) ?? []),
  };
}

/** Publishers of a topology that are functions, relays or foreign principals, and not the services behind them. */
export function publishersOf(topology: Topology): readonly PublishesEdge[] {
  const services = new Set(topology.nodes.filter(({ kind }) => kind === 'service').map(({ id }) => id));
  return topology.edges.filter(
    (edge) => edge.kind === 'publishes' && !services.has(edge.from),
  ) as PublishesEdge[];
}

export function total(flows: readonly Flow[]): Flow {
  return {
    perSecond: flows.reduce((sum, flow) => sum + flow.perSecond, 0),
    bytesPerSecond: flows.reduce((sum, flow) => sum + flow.bytesPerSecond, 0),
  };
}

/** Average bytes of one message of a flow; 0 where nothing flows. */
export function averageBytes(flow: Flow): number {
  return flow.perSecond === 0 ? 0 : flow.bytesPerSecond / flow.perSecond;
}

function ratesOf(topology: Topology, share: number): ReadonlyMap<string, EventRate> {
  const rates = new Map<string, EventRate>();
  for (const [name, versions] of Map.groupBy(topology.events, (event) => event.name)) {
    const perSecond = versions.reduce((sum, { traffic }) => sum + traffic.peakPerSecond, 0) * share;
    const bytesPerSecond =
      versions.reduce((sum, { traffic }) => sum + traffic.peakPerSecond * traffic.averageBytes, 0) * share;
    rates.set(name, {
      perSecond,
      bytesPerSecond,
      averageBytes: perSecond === 0 ? 0 : bytesPerSecond / perSecond,
      hasOrderingKey: versions.every(({ orderingKey }) => orderingKey !== null),
    });
  }
  return rates;
}

/** The queue that wakes each relay. */
function nudgeQueues(topology: Topology): readonly (readonly [relay: string, queue: string])[] {
  const nudged = new Set(topology.edges.filter(({ kind }) => kind === 'nudges').map(({ to }) => to));
  return topology.edges.flatMap((edge) =>
    edge.kind === 'consumes' && nudged.has(edge.from) ? [[edge.to, edge.from] as const] : [],
  );
}

/** At most one nudge per event: a transaction of several events sends one, and those of one moment are joined. */
function nudges(drained: Flow): Flow {
  return { perSecond: drained.perSecond, bytesPerSecond: drained.perSecond * NUDGE_BYTES };
}

function addAll(sets: Map<string, Set<string>>, key: string, names: readonly string[]): void {
  const set = sets.get(key) ?? new Set();
  for (const name of names) set.add(name);
  sets.set(key, set);
}
