/** Reads and writes the topology of a cloud assembly directory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TopologyError } from './errors.ts';
import { TOPOLOGY_FILE_NAME } from './types.ts';
import type { Topology } from './types.ts';
import { validateTopology } from './validate.ts';

/**
 * The topology of a synthesized application.
 *
 * @example
 * const topology = readTopology('cdk.out');
 *
 * @param directory the cloud assembly directory
 * @throws TopologyError when the file is absent, is no JSON, is of another major version or contradicts itself
 */
export function readTopology(directory: string): Topology {
  const file = join(directory, TOPOLOGY_FILE_NAME);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TopologyError(
      'WAYBILL_TOPOLOGY_NOT_FOUND',
      `${file} cannot be read: the directory was not synthesized by an application that uses waybill's constructs; run the synth first or give the directory of the cloud assembly`,
      { cause },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TopologyError('WAYBILL_TOPOLOGY_NOT_JSON', `${file} is not JSON; synthesize again`, { cause });
  }
  return validateTopology(value, file);
}

/** Writes the topology in a stable order, so that the same application gives the same bytes. */
export function writeTopology(directory: string, topology: Topology): void {
  writeFileSync(join(directory, TOPOLOGY_FILE_NAME), `${JSON.stringify(inStableOrder(topology), null, 2)}\n`);
}

export function inStableOrder(topology: Topology): Topology {
  return {
    schemaVersion: topology.schemaVersion,
    environment: topology.environment,
    events: sortedBy(topology.events, (event) => [event.name, event.version]),
    nodes: sortedBy(topology.nodes, (node) => [node.id]),
    edges: sortedBy(topology.edges, (edge) => [edge.kind, edge.from, edge.to, JSON.stringify(edge)]),
  };
}

/** By code unit, not by locale: the order must not depend on the machine. */
function sortedBy<Item>(items: readonly Item[], keysOf: (item: Item) => readonly string[]): Item[] {
  return items
    .map((item) => ({ item, key: keysOf(item).join('\u0000') }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}
