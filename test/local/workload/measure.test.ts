import { describe, expect, test } from '@jest/globals';
import type { Topology, TopologyEdge, TopologyNode } from '../../../lib/topology/index.ts';
import { countOrderViolations, expectedByConsumer, measure } from '../../../local/workload/measure.ts';
import { malformedMessages } from '../../../local/workload/malformed.ts';

function node(id: string, kind: TopologyNode['kind'], fifo = false): TopologyNode {
  return {
    id,
    kind,
    name: id,
    stack: 'S',
    logicalId: id,
    resourceType: null,
    physicalName: null,
    owner: null,
    fifo,
  };
}
function subscribes(from: string, to: string, tenants?: readonly string[]): TopologyEdge {
  return {
    kind: 'subscribes',
    from,
    to,
    via: `${from}-${to}`,
    events: ['IssueChanged'],
    filterPolicy: { eventType: ['IssueChanged'], ...(tenants !== undefined && { tenantId: tenants }) },
    filterPolicyScope: 'MessageAttributes',
    rawMessageDelivery: true,
  };
}
function consumes(from: string, consumer: string): TopologyEdge {
  return {
    kind: 'consumes',
    from,
    to: `${consumer}-function`,
    consumer,
    events: ['IssueChanged'],
    batchSize: 10,
    maxBatchingWindowSeconds: 0,
    maxConcurrency: 2,
    visibilityTimeoutSeconds: 180,
    timeoutSeconds: 30,
  };
}
const routes: TopologyEdge = {
  kind: 'routes',
  from: 'bus',
  to: 'queue-all',
  via: 'rule',
  events: ['IssueChanged'],
  pattern: { 'detail-type': ['IssueChanged'] },
  inputPath: '$.detail',
};

function topology(edges: readonly TopologyEdge[]): Topology {
  return {
    schemaVersion: '1.0',
    environment: 'local',
    events: [
      {
        name: 'IssueChanged',
        version: '1.0',
        source: 'adapters',
        orderingKey: 'subject',
        pii: [],
        priority: 'normal',
        traffic: { peakPerSecond: 1, averageBytes: 1 },
        description: null,
        examples: [],
      },
    ],
    nodes: [
      node('topic', 'topic', true),
      node('bus', 'bus'),
      node('queue-all', 'queue', true),
      node('queue-premium', 'queue'),
    ],
    edges,
  };
}
const TOPOLOGY = topology([
  subscribes('topic', 'queue-all'),
  subscribes('topic', 'queue-premium', ['tenant-1']),
  routes,
  consumes('queue-all', 'everyone'),
  consumes('queue-premium', 'premium'),
]);
const EVENTS = [
  { eventId: 'a', eventType: 'IssueChanged', tenantId: 'tenant-1' },
  { eventId: 'b', eventType: 'IssueChanged', tenantId: 'tenant-2' },
  { eventId: 'c', eventType: 'NobodyListens', tenantId: 'tenant-1' },
];

describe('what each consumer should have handled', () => {
  test('follows the tenant filter, and counts an event that comes on two paths once', () => {
    const expected = expectedByConsumer(TOPOLOGY, EVENTS);

    expect([...(expected.get('everyone') ?? [])]).toEqual(['a', 'b']);
    expect([...(expected.get('premium') ?? [])]).toEqual(['a']);
  });

  test('a tenant filter it does not know is an error, not a wrong number', () => {
    const prefix = { prefix: 'tenant' } as unknown as string;
    const edges = [subscribes('topic', 'queue-all', [prefix]), consumes('queue-all', 'everyone')];

    expect(() => expectedByConsumer(topology(edges), EVENTS)).toThrow(/filter on 'tenantId'/);
  });
});

describe('a filter on data', () => {
  const byChannel = {
    ...subscribes('topic', 'queue-all'),
    filterPolicy: { eventType: ['IssueChanged'], data: { channel: ['sms'] } },
    filterPolicyScope: 'MessageBody' as const,
  };
  const edges = [byChannel, consumes('queue-all', 'texts')];

  test('lets through what has one of its values', () => {
    const events = [
      { ...EVENTS[0]!, eventId: 'text', data: { channel: 'sms' } },
      { ...EVENTS[0]!, eventId: 'mail', data: { channel: 'email' } },
    ];

    expect([...(expectedByConsumer(topology(edges), events).get('texts') ?? [])]).toEqual(['text']);
  });
});

describe('order', () => {
  const POSITIONS = new Map([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ]);
  const effects = (...ids: readonly string[]) =>
    ids.map((eventId) => ({ eventId, orderingKey: 'tenant#key' }));

  test('is kept when effects follow the outbox', () => {
    expect(countOrderViolations(effects('a', 'b', 'c'), POSITIONS)).toBe(0);
  });

  test('is violated once for each event that comes after a later one', () => {
    expect(countOrderViolations(effects('b', 'a', 'c'), POSITIONS)).toBe(1);
    expect(countOrderViolations(effects('c', 'b', 'a'), POSITIONS)).toBe(2);
  });

  test('is not violated by a repetition, nor between keys', () => {
    expect(countOrderViolations(effects('a', 'b', 'a'), POSITIONS)).toBe(0);
    expect(
      countOrderViolations(
        [
          { eventId: 'b', orderingKey: 'tenant#one' },
          { eventId: 'a', orderingKey: 'tenant#two' },
        ],
        POSITIONS,
      ),
    ).toBe(0);
  });
});

test('an event without an ordering key has no order to violate', () => {
  const positions = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const effects = ['b', 'a'].map((eventId) => ({ eventId, orderingKey: 'tenant' }));

  expect(countOrderViolations(effects, positions)).toBe(0);
});

test('duplicates, missing and uninvited effects are told apart', async () => {
  const effect = (consumer: string, eventId: string) => ({ consumer, eventId, orderingKey: 'k' });
  const database = {
    query: async (text: string) => {
      if (text.includes('count(*)')) return { rows: [{ published: '2', waiting: '1', quarantined: '0' }] };
      if (text.includes('percentile')) return { rows: [{ p50: 4, p99: 9 }] };
      if (text.includes('.event_outbox order by')) {
        return { rows: EVENTS.map((event, index) => ({ ...event, position: String(index) })) };
      }
      return { rows: [effect('everyone', 'a'), effect('everyone', 'a'), effect('premium', 'b')] };
    },
  };

  expect(await measure(database, TOPOLOGY)).toEqual({
    published: 2,
    waiting: 1,
    quarantined: 0,
    latencyMs: { p50: 4, p99: 9 },
    consumers: {
      everyone: {
        expected: 2,
        handled: 1,
        duplicates: 1,
        missing: ['b'],
        uninvited: 0,
        orderViolations: 0,
        fifo: true,
      },
      premium: {
        expected: 1,
        handled: 0,
        duplicates: 0,
        missing: ['a'],
        uninvited: 1,
        orderViolations: 0,
        fifo: false,
      },
    },
  });
});

test('a malformed message passes the filters of the consumers it names', () => {
  expect(malformedMessages(TOPOLOGY)).toEqual([
    expect.objectContaining({
      topic: expect.objectContaining({ id: 'topic' }),
      attributes: expect.objectContaining({ eventType: 'IssueChanged' }),
      messageGroupId: 'tenant-99',
      consumers: ['everyone'],
    }),
  ]);
  expect(() => JSON.parse(malformedMessages(TOPOLOGY)[0]!.body)).toThrow(SyntaxError);
});
