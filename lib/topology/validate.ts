/** Checks that a value read from a file is a topology this version understands. */
import { TopologyError } from './errors.ts';
import { TOPOLOGY_SCHEMA_VERSION } from './types.ts';
import type { Topology, TopologyEdgeKind, TopologyNodeKind } from './types.ts';

/**
 * @param where the file, for the message
 * @throws TopologyError WAYBILL_TOPOLOGY_VERSION_UNSUPPORTED for another major version
 * @throws TopologyError WAYBILL_TOPOLOGY_INVALID with every mistake at once
 */
export function validateTopology(value: unknown, where: string): Topology {
  if (!isRecord(value) || typeof value['schemaVersion'] !== 'string') {
    throw new TopologyError(
      'WAYBILL_TOPOLOGY_INVALID',
      `${where}: not a topology: it has no schemaVersion; synthesize again`,
    );
  }
  if (majorOf(value['schemaVersion']) !== majorOf(TOPOLOGY_SCHEMA_VERSION)) {
    throw new TopologyError(
      'WAYBILL_TOPOLOGY_VERSION_UNSUPPORTED',
      `${where}: schemaVersion ${value['schemaVersion']} cannot be read by this version of waybill, which reads ${majorOf(TOPOLOGY_SCHEMA_VERSION)}.x; synthesize again with the same version`,
    );
  }
  const mistakes = mistakesOf(value);
  if (mistakes.length > 0) {
    throw new TopologyError(
      'WAYBILL_TOPOLOGY_INVALID',
      `${where}: ${mistakes.join('; ')}; the file is written by synth and not meant to be edited: synthesize again`,
    );
  }
  return value as unknown as Topology;
}

function mistakesOf(value: Readonly<Record<string, unknown>>): string[] {
  const { environment, events, nodes, edges } = value;
  if (!Array.isArray(events) || !Array.isArray(nodes) || !Array.isArray(edges)) {
    return ['events, nodes and edges must be lists'];
  }
  const mistakes: string[] = [];
  if (typeof environment !== 'string') mistakes.push('environment must be a string');
  for (const [index, event] of events.entries()) {
    if (!isRecord(event) || !hasStrings(event, ['name', 'version', 'source'])) {
      mistakes.push(`events[${index}] must have name, version and source`);
    }
  }
  const ids = new Set<unknown>();
  for (const [index, node] of nodes.entries()) {
    if (!isRecord(node) || !hasStrings(node, ['id', 'kind', 'name'])) {
      mistakes.push(`nodes[${index}] must have id, kind and name`);
      continue;
    }
    if (!NODE_KINDS.has(node['kind'] as string)) {
      mistakes.push(`nodes[${index}] has the unknown kind '${String(node['kind'])}'`);
    }
    if (ids.has(node['id'])) mistakes.push(`two nodes have the id '${String(node['id'])}'`);
    ids.add(node['id']);
  }
  for (const [index, edge] of edges.entries()) {
    if (!isRecord(edge) || !hasStrings(edge, ['kind', 'from', 'to'])) {
      mistakes.push(`edges[${index}] must have kind, from and to`);
      continue;
    }
    const wanted = EDGE_FIELDS[edge['kind'] as TopologyEdgeKind] as readonly string[] | undefined;
    if (wanted === undefined) {
      mistakes.push(`edges[${index}] has the unknown kind '${String(edge['kind'])}'`);
      continue;
    }
    const absent = wanted.filter((field) => edge[field] === undefined);
    if (absent.length > 0)
      mistakes.push(`edges[${index}] (${String(edge['kind'])}) lacks ${absent.join(', ')}`);
    for (const end of ['from', 'to', 'via']) {
      if (edge[end] !== undefined && !ids.has(edge[end])) {
        mistakes.push(`edges[${index}].${end} names no node: ${JSON.stringify(edge[end])}`);
      }
    }
  }
  return mistakes;
}

const NODE_KINDS: ReadonlySet<string> = new Set(
  Object.keys({
    service: true,
    topic: true,
    subscription: true,
    queue: true,
    deadLetterQueue: true,
    bus: true,
    rule: true,
    archive: true,
    function: true,
    relay: true,
    database: true,
    schedule: true,
    alertTopic: true,
    httpApi: true,
    stream: true,
    kafkaCluster: true,
    kafkaTopic: true,
    broker: true,
    brokerQueue: true,
    mapping: true,
    stateMachine: true,
    table: true,
    webSocketApi: true,
    restApi: true,
    process: true,
    redis: true,
    principal: true,
  } satisfies Record<TopologyNodeKind, true>),
);

/** What a reader may rely on in each kind of edge, besides its two ends. */
const EDGE_FIELDS: Readonly<Record<TopologyEdgeKind, readonly string[]>> = {
  publishes: ['events', 'source'],
  subscribes: ['via', 'events', 'filterPolicy', 'filterPolicyScope', 'rawMessageDelivery'],
  routes: ['via', 'events', 'pattern', 'inputPath'],
  forwards: ['via', 'pattern'],
  consumes: [
    'consumer',
    'events',
    'batchSize',
    'maxConcurrency',
    'visibilityTimeoutSeconds',
    'timeoutSeconds',
  ],
  reads: ['via', 'consumer', 'events', 'batchSize', 'timeoutSeconds', 'maximumRetryAttempts'],
  follows: ['consumer', 'events', 'role'],
  retries: ['delaySeconds'],
  deadLetters: ['hop', 'attempts'],
  drains: [],
  invokes: ['expression'],
  nudges: [],
  starts: [],
  accesses: ['actions'],
  pushes: ['methods'],
  archives: ['retentionDays'],
  alerts: ['alarm', 'metric', 'threshold'],
};

function hasStrings(value: Readonly<Record<string, unknown>>, fields: readonly string[]): boolean {
  return fields.every((field) => typeof value[field] === 'string');
}

function majorOf(version: string): string {
  return version.split('.', 1)[0] ?? '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
