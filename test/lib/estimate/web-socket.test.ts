/** What WebSocket APIs cost, and whether the account carries them. */
import { describe, expect, test } from '@jest/globals';
import { assemblyOf } from '../../../lib/assembly/index.ts';
import { capacityOf } from '../../../lib/estimate/capacity/index.ts';
import { estimateContext } from '../../../lib/estimate/context.ts';
import { webSocketCost } from '../../../lib/estimate/cost/web-socket.ts';
import type { LoadProfile } from '../../../lib/estimate/load.ts';
import type { Topology, TopologyEdge, TopologyNode } from '../../../lib/topology/index.ts';

const STACK = 'page';
const node = (id: string, kind: TopologyNode['kind'], resourceType: string): TopologyNode => ({
  id: `${STACK}/${id}`,
  kind,
  name: id,
  stack: STACK,
  logicalId: id,
  resourceType,
  physicalName: null,
  owner: null,
});
const to = (id: string) => `${STACK}/${id}`;

interface Page {
  readonly perSecond: number;
  readonly bytes?: number;
  readonly rateLimit?: number;
  readonly load?: LoadProfile & { readonly webSocketConnections?: number };
}

/** A topic whose one consumer sends to the connections of an API; another function does, too, and consumes nothing. */
function page({ perSecond, bytes = 1000, rateLimit, load }: Page) {
  const edges: readonly TopologyEdge[] = [
    { kind: 'publishes', from: to('Publisher'), to: to('Topic'), events: ['Done'], source: 'images' },
    {
      kind: 'subscribes',
      from: to('Topic'),
      to: to('Queue'),
      via: to('Subscription'),
      events: ['Done'],
      filterPolicy: null,
      filterPolicyScope: 'MessageAttributes',
      rawMessageDelivery: true,
    },
    {
      kind: 'consumes',
      from: to('Queue'),
      to: to('Notifier'),
      consumer: 'notifier',
      events: ['Done'],
      batchSize: 10,
      maxBatchingWindowSeconds: 0,
      maxConcurrency: 1000,
      visibilityTimeoutSeconds: 180,
      timeoutSeconds: 30,
    },
    { kind: 'pushes', from: to('Notifier'), to: to('Sockets'), methods: ['POST'] },
    { kind: 'pushes', from: to('Publisher'), to: to('Sockets'), methods: ['POST'] },
  ];
  const topology: Topology = {
    schemaVersion: '1.3',
    environment: 'prod',
    events: [
      {
        name: 'Done',
        version: '1.0',
        source: 'images',
        orderingKey: null,
        pii: [],
        priority: 'normal',
        traffic: { peakPerSecond: perSecond, averageBytes: bytes },
        description: null,
        examples: [],
      },
    ],
    nodes: [
      node('Publisher', 'function', 'AWS::Lambda::Function'),
      node('Notifier', 'function', 'AWS::Lambda::Function'),
      node('Topic', 'topic', 'AWS::SNS::Topic'),
      node('Subscription', 'subscription', 'AWS::SNS::Subscription'),
      node('Queue', 'queue', 'AWS::SQS::Queue'),
      node('Sockets', 'webSocketApi', 'AWS::ApiGatewayV2::Stage'),
    ],
    edges,
  };
  const template = {
    Resources: {
      Publisher: { Type: 'AWS::Lambda::Function', Properties: {} },
      Notifier: { Type: 'AWS::Lambda::Function', Properties: {} },
      Topic: { Type: 'AWS::SNS::Topic', Properties: {} },
      Subscription: { Type: 'AWS::SNS::Subscription', Properties: {} },
      Queue: { Type: 'AWS::SQS::Queue', Properties: {} },
      Sockets: {
        Type: 'AWS::ApiGatewayV2::Stage',
        Properties: {
          ApiId: 'abcdefghij',
          StageName: 'live',
          ...(rateLimit === undefined ? {} : { DefaultRouteSettings: { ThrottlingRateLimit: rateLimit } }),
        },
      },
    },
  };
  return estimateContext(assemblyOf([{ stackName: STACK, template }], topology), { load });
}

const codes = (values: Page) =>
  capacityOf(page(values))
    .map(({ code }) => code)
    .filter((code) => code.includes('WEB_SOCKET'));

describe('the cost', () => {
  const load = { averageShare: 1, webSocketConnections: 1000 };
  const unitsOf = (values: Page) =>
    Object.fromEntries(webSocketCost(page({ load, ...values })).map(({ item, units }) => [item, units.load]));

  test('is of messages to each tab, heartbeats with their answers, and minutes', () => {
    const seconds = 730 * 3600;
    const perSecond = 100 * 1.5 + (1000 / 240) * 2 + (1000 / 7200) * 2;

    expect(unitsOf({ perSecond: 100 })).toEqual({
      'WebSocket messages': expect.closeTo((perSecond * seconds) / 1e6, 6),
      'WebSocket connection minutes': expect.closeTo((1000 * seconds) / 60 / 1e6, 6),
    });
  });

  test('counts a message above 32 KB as several', () => {
    const of = (bytes: number) => unitsOf({ perSecond: 100, bytes })['WebSocket messages'] ?? 0;

    expect(of(32 * 1024 + 1) - of(32 * 1024)).toBeCloseTo((150 * 730 * 3600) / 1e6, 6);
  });
});

describe('the capacity', () => {
  test('C30 more messages than the account may send are warned of, with the quota to ask for', () => {
    expect(codes({ perSecond: 6000 })).toEqual([]);
    const [found] = capacityOf(page({ perSecond: 7000 })).filter(
      ({ code }) => code === 'WAYBILL_CAPACITY_WEB_SOCKET_SENDS',
    );
    expect(found).toMatchObject({ id: 'C30', severity: 'warning', constructPath: 'page/Sockets' });
    expect(found?.received).toContain('10,500 messages a second');
    expect(found?.request?.needed).toBe(12_600);
  });

  test('C31 connections that come back faster than stage or account let them in are warned of', () => {
    const connections = (webSocketConnections: number) => ({ load: { webSocketConnections }, perSecond: 1 });

    expect(codes({ ...connections(30_000) })).toEqual([]);
    expect(codes({ ...connections(30_001) })).toEqual(['WAYBILL_CAPACITY_WEB_SOCKET_CONNECTS']);
    expect(codes({ ...connections(6000), rateLimit: 100 })).toEqual([]);
    expect(codes({ ...connections(6001), rateLimit: 100 })).toEqual(['WAYBILL_CAPACITY_WEB_SOCKET_CONNECTS']);
  });
});
