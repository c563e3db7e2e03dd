import { describe, expect, test } from '@jest/globals';
import { assemblyOf, messagingOf } from '../../../lib/assembly/index.ts';
import type { Messaging, Template } from '../../../lib/assembly/index.ts';
import { evictedStreams, volatileStreams } from '../../../lib/guards/w24-evicted-streams.ts';
import { cutOffProcess } from '../../../lib/guards/w25-cut-off-process.ts';
import { unwatchedFollower } from '../../../lib/guards/w26-unwatched-follower.ts';
import { TOPOLOGY_SCHEMA_VERSION } from '../../../lib/topology/index.ts';
import type { FollowsEdge, Topology, TopologyNode } from '../../../lib/topology/index.ts';
import { findingsOf, template } from './support.ts';

type Resources = Readonly<Record<string, { readonly Type: string; readonly Properties?: object }>>;

/** Resources with a node of the topology for each of these. */
function declared(
  resources: Resources,
  nodes: readonly Pick<TopologyNode, 'kind' | 'logicalId'>[],
  edges: readonly FollowsEdge[] = [],
): Messaging {
  const topology: Topology = {
    schemaVersion: TOPOLOGY_SCHEMA_VERSION,
    environment: 'test',
    events: [],
    nodes: nodes.map(({ kind, logicalId }) => ({
      id: `Bare/${logicalId}`,
      kind,
      name: String(logicalId),
      stack: 'Bare',
      logicalId,
      resourceType: null,
      physicalName: null,
      owner: null,
    })),
    edges,
  };
  const bare = { Resources: resources } as Template;
  return messagingOf(
    assemblyOf(
      [{ stackName: 'Bare', account: '111111111111', region: 'eu-west-1', template: bare }],
      topology,
    ),
  );
}

const asServer = [{ kind: 'redis', logicalId: 'Server' }] as const;

function elastiCache(policy: string | undefined, more: object = {}): Resources {
  return {
    Parameters: {
      Type: 'AWS::ElastiCache::ParameterGroup',
      Properties: { Properties: policy === undefined ? {} : { 'maxmemory-policy': policy } },
    },
    Server: {
      Type: 'AWS::ElastiCache::ReplicationGroup',
      Properties: { CacheParameterGroupName: { Ref: 'Parameters' }, ...more },
    },
  };
}

describe('W24 a server of Redis Streams keeps what it has accepted', () => {
  test.each([
    ['noeviction', 'noeviction', []],
    ['another policy', 'allkeys-lru', ['Bare/Parameters maxmemory-policy']],
    ["ElastiCache's own, volatile-lru", undefined, ['Bare/Parameters maxmemory-policy']],
  ])('%s', (_, policy, expected) => {
    expect(findingsOf(evictedStreams, declared(elastiCache(policy), asServer))).toEqual(expected);
  });

  test('without a parameter group of its own, and with the default of the service', () => {
    const bare = (Properties: object) =>
      declared({ Server: { Type: 'AWS::ElastiCache::ReplicationGroup', Properties } }, asServer);

    expect(findingsOf(evictedStreams, bare({}))).toEqual(['Bare/Server maxmemory-policy']);
    expect(findingsOf(evictedStreams, bare({ CacheParameterGroupName: 'default.valkey8' }))).toEqual([
      'Bare/Server maxmemory-policy',
    ]);
    // A group outside the assembly says what it says.
    expect(findingsOf(evictedStreams, bare({ CacheParameterGroupName: 'ours' }))).toEqual([]);
    expect(
      findingsOf(evictedStreams, declared({ Server: { Type: 'AWS::MemoryDB::Cluster' } }, asServer)),
    ).toEqual([]);
  });

  test.each([
    ['disabled', ['Bare/Server Durability']],
    ['async', ['Bare/Server Durability']],
    [undefined, ['Bare/Server Durability']],
    ['sync', []],
  ])('W24A durability %s', (Durability, expected) => {
    const resources = elastiCache('noeviction', Durability === undefined ? {} : { Durability });

    expect(findingsOf(volatileStreams, declared(resources, asServer))).toEqual(expected);
  });

  test('MemoryDB is durable; a cache that is no server of streams may do as it likes', () => {
    expect(
      findingsOf(volatileStreams, declared({ Server: { Type: 'AWS::MemoryDB::Cluster' } }, asServer)),
    ).toEqual([]);
    const cache = declared(elastiCache('allkeys-lru'), []);
    expect([...findingsOf(evictedStreams, cache), ...findingsOf(volatileStreams, cache)]).toEqual([]);
  });
});

function service(
  desiredCount: number | undefined,
  stopTimeout: number | undefined,
  drain?: string,
): Resources {
  return {
    Task: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        ContainerDefinitions: [
          {
            Name: 'process',
            ...(stopTimeout === undefined ? {} : { StopTimeout: stopTimeout }),
            Environment: drain === undefined ? [] : [{ Name: 'WAYBILL_DRAIN_SECONDS', Value: drain }],
          },
        ],
      },
    },
    Service: {
      Type: 'AWS::ECS::Service',
      Properties: {
        TaskDefinition: { Ref: 'Task' },
        ...(desiredCount === undefined ? {} : { DesiredCount: desiredCount }),
      },
    },
  };
}

describe('W25 a process runs, and drains before it is killed', () => {
  const stop = 'Bare/Task ContainerDefinitions[process].StopTimeout';

  test.each([
    ['one task, stopped after its drain', 1, 90, '60', []],
    ['exactly its drain', 1, 60, '60', []],
    ['killed a second before', 1, 59, '60', [stop]],
    ["killed by Fargate's own 30 seconds", 1, undefined, '60', [stop]],
    ["a drain within Fargate's own 30 seconds", undefined, undefined, '20', []],
    ['no task', 0, 90, '60', ['Bare/Service DesiredCount']],
    ['neither', 0, 10, '60', ['Bare/Service DesiredCount', stop]],
    ['a service that is not ours', 0, 1, undefined, []],
  ])('%s', (_, count, stopTimeout, drain, expected) => {
    expect(findingsOf(cutOffProcess, template(service(count, stopTimeout, drain)))).toEqual(expected);
  });
});

describe('W26 a mirror and a live consumer of an event store are watched', () => {
  const alarm = (consumer: string, metric = 'OldestUnprocessedSeconds'): Resources => ({
    Alarm: {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        Namespace: 'Waybill/EventStore',
        MetricName: metric,
        Dimensions: [
          { Name: 'Environment', Value: 'test' },
          { Name: 'Consumer', Value: consumer },
        ],
      },
    },
  });
  const follower = (consumer: string, role: FollowsEdge['role'], alarms: Resources = {}) =>
    declared(
      { ...service(1, 90, '60'), Store: { Type: 'AWS::RDS::DBCluster' }, ...alarms },
      [
        { kind: 'process', logicalId: 'Service' },
        { kind: 'database', logicalId: 'Store' },
      ],
      [{ kind: 'follows', from: 'Bare/Store', to: 'Bare/Service', consumer, events: [], role }],
    );

  test.each([
    ['mirror-redis', 'mirror', {}, ['Bare/Service alarms']],
    ['mirror-redis', 'mirror', alarm('mirror-redis'), []],
    ['mirror-redis', 'mirror', alarm('mirror-sns-sqs'), ['Bare/Service alarms']],
    ['mirror-redis', 'mirror', alarm('mirror-redis', 'DeadLetters'), ['Bare/Service alarms']],
    ['sentiment', 'live', {}, ['Bare/Service alarms']],
    ['sentiment', 'live', alarm('sentiment'), []],
    ['sentiment', 'next', {}, []],
    ['sentiment-shadow', 'shadow', {}, []],
  ] as const)('%s, %s', (consumer, role, alarms, expected) => {
    expect(findingsOf(unwatchedFollower, follower(consumer, role, alarms))).toEqual(expected);
  });
});
