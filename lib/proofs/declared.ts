/** From what the topology declares to what is in the templates. */
import type { Messaging, Resource } from '../assembly/index.ts';
import type { Topology, TopologyEvent, TopologyNode } from '../topology/index.ts';

export interface Declared {
  readonly topology: Topology;
  node(id: string): TopologyNode | undefined;
  /** The resource of a node; undefined where the templates do not hold it. */
  resource(id: string): Resource | undefined;
  /** Every version of an event. */
  events(name: string): readonly TopologyEvent[];
}

export function declaredIn(messaging: Messaging, topology: Topology): Declared {
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const byPlace = new Map(
    messaging.assembly.resources.map((resource) => [
      placeOf(resource.stack.stackName, resource.logicalId),
      resource,
    ]),
  );
  const byName = Map.groupBy(topology.events, ({ name }) => name);
  return {
    topology,
    node: (id) => nodes.get(id),
    resource(id) {
      const node = nodes.get(id);
      if (node === undefined || node.stack === null || node.logicalId === null) return undefined;
      return byPlace.get(placeOf(node.stack, node.logicalId));
    },
    events: (name) => byName.get(name) ?? [],
  };
}

function placeOf(stackName: string, logicalId: string): string {
  return `${stackName} ${logicalId}`;
}
