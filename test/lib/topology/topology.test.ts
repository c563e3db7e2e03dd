import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  nodeOf,
  readTopology,
  subscribersOf,
  TOPOLOGY_FILE_NAME,
  TOPOLOGY_SCHEMA_VERSION,
  TopologyError,
  writeTopology,
} from '../../../lib/topology/index.ts';
import type { Topology, TopologyEdge, TopologyNode, TopologyNodeKind } from '../../../lib/topology/index.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-topology-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const aNode = (id: string, kind: TopologyNodeKind): TopologyNode => ({
  id,
  kind,
  name: id,
  stack: 'waybill-local-core',
  logicalId: id,
  resourceType: null,
  physicalName: null,
  owner: null,
});

const consumes = (from: string, consumer: string): TopologyEdge => ({
  kind: 'consumes',
  from,
  to: `${consumer}/Handler`,
  consumer,
  events: ['OrderPlaced'],
  batchSize: 10,
  maxBatchingWindowSeconds: 0,
  maxConcurrency: 10,
  visibilityTimeoutSeconds: 180,
  timeoutSeconds: 30,
});

const topology: Topology = {
  schemaVersion: TOPOLOGY_SCHEMA_VERSION,
  environment: 'local',
  events: [
    {
      name: 'OrderPlaced',
      version: '1.0',
      source: 'orders',
      orderingKey: 'orderId',
      pii: [],
      priority: 'normal',
      traffic: { peakPerSecond: 1, averageBytes: 1024 },
      description: null,
      examples: [],
    },
  ],
  nodes: [
    aNode('Topic', 'topic'),
    aNode('Bus', 'bus'),
    aNode('Audit/Queue', 'queue'),
    aNode('Audit/From', 'subscription'),
    aNode('audit/Handler', 'function'),
    aNode('Search/Queue', 'queue'),
    aNode('Search/From', 'rule'),
    aNode('search/Handler', 'function'),
  ],
  edges: [
    {
      kind: 'subscribes',
      from: 'Topic',
      to: 'Audit/Queue',
      via: 'Audit/From',
      events: ['OrderPlaced'],
      filterPolicy: { eventType: ['OrderPlaced'] },
      filterPolicyScope: 'MessageAttributes',
      rawMessageDelivery: true,
    },
    {
      kind: 'routes',
      from: 'Bus',
      to: 'Search/Queue',
      via: 'Search/From',
      events: ['OrderPlaced'],
      pattern: { source: ['orders'] },
      inputPath: '$.detail',
    },
    consumes('Audit/Queue', 'audit'),
    consumes('Search/Queue', 'search'),
  ],
};

describe('the file', () => {
  test('what is written is read again, in an order that does not depend on who recorded first', () => {
    writeTopology(directory, topology);
    const first = readFileSync(join(directory, TOPOLOGY_FILE_NAME), 'utf8');
    writeTopology(directory, {
      ...topology,
      nodes: topology.nodes.toReversed(),
      edges: topology.edges.toReversed(),
    });

    expect(readFileSync(join(directory, TOPOLOGY_FILE_NAME), 'utf8')).toBe(first);
    expect(readTopology(directory).nodes.map(({ id }) => id)).toEqual(
      topology.nodes.map(({ id }) => id).toSorted(),
    );
  });

  const refused = (text: string): TopologyError => {
    writeFileSync(join(directory, TOPOLOGY_FILE_NAME), text);
    try {
      readTopology(directory);
    } catch (error) {
      if (error instanceof TopologyError) return error;
    }
    throw new Error('it was not refused');
  };

  test('an absent file says what to run', () => {
    expect(() => readTopology(join(directory, 'nowhere'))).toThrow(/run the synth first/);
  });

  test.each([
    ['WAYBILL_TOPOLOGY_NOT_JSON', '{'],
    ['WAYBILL_TOPOLOGY_INVALID', '[]'],
    ['WAYBILL_TOPOLOGY_VERSION_UNSUPPORTED', JSON.stringify({ ...topology, schemaVersion: '2.0' })],
    ['WAYBILL_TOPOLOGY_INVALID', JSON.stringify({ ...topology, edges: {} })],
  ])('%s', (code, text) => {
    expect(refused(text).code).toBe(code);
  });

  test('a later minor version is read', () => {
    writeFileSync(join(directory, TOPOLOGY_FILE_NAME), JSON.stringify({ ...topology, schemaVersion: '1.9' }));
    expect(readTopology(directory).schemaVersion).toBe('1.9');
  });

  test('every mistake is named at once', () => {
    const broken = {
      ...topology,
      events: [{ name: 'OrderPlaced' }],
      nodes: [...topology.nodes, { id: 'Odd', kind: 'teapot', name: 'Odd' }, aNode('Topic', 'topic'), {}],
      edges: [
        { kind: 'consumes', from: 'Audit/Queue', to: 'nowhere' },
        { kind: 'sings', from: 'Topic', to: 'Bus' },
        { kind: 'drains', from: 'Topic' },
      ],
    };

    expect(refused(JSON.stringify(broken)).message).toBe(
      `${join(directory, TOPOLOGY_FILE_NAME)}: events[0] must have name, version and source; nodes[8] has the unknown kind 'teapot'; two nodes have the id 'Topic'; nodes[10] must have id, kind and name; edges[0] (consumes) lacks consumer, events, batchSize, maxConcurrency, visibilityTimeoutSeconds, timeoutSeconds; edges[0].to names no node: "nowhere"; edges[1] has the unknown kind 'sings'; edges[2] must have kind, from and to; the file is written by synth and not meant to be edited: synthesize again`,
    );
  });
});

describe('queries', () => {
  test('the subscribers of an event come by topic and by bus, each with its path', () => {
    const subscribers = subscribersOf(topology, 'OrderPlaced');

    expect(
      subscribers.map(({ consumer, origin, queue, path }) => [consumer, origin.id, queue.id, path.kind]),
    ).toEqual([
      ['audit', 'Topic', 'Audit/Queue', 'subscribes'],
      ['search', 'Bus', 'Search/Queue', 'routes'],
    ]);
    expect(subscribersOf(topology, 'OrderCancelled')).toEqual([]);
  });

  test('what is published to a queue itself reaches its consumer once, however many publish there', () => {
    const consumed = topology.edges.find((edge) => edge.kind === 'consumes')!;
    const publishes = ['one', 'two'].map((from) => ({
      kind: 'publishes' as const,
      from,
      to: consumed.from,
      source: 'orders',
      events: ['Direct'],
    }));

    const subscribers = subscribersOf({ ...topology, edges: [...topology.edges, ...publishes] }, 'Direct');

    expect(subscribers.map(({ queue, path }) => [queue.id, path.kind])).toEqual([
      [consumed.from, 'publishes'],
    ]);
  });

  test('a node is found by its id', () => {
    expect(nodeOf(topology, 'Bus')?.kind).toBe('bus');
    expect(nodeOf(topology, 'nowhere')).toBeUndefined();
  });
});
