/** The graphs of long-running processes, of who they read for, and of servers of Redis Streams. */
import { FargateService } from 'aws-cdk-lib/aws-ecs';
import type { IConstruct } from 'constructs';
import type { Topology, TopologyNode } from '../../topology/index.ts';
import { RedisServer } from '../redis-server.ts';
import { graphs } from './widgets.ts';
import type { Series, Widget } from './widgets.ts';

export interface ProcessesFlow {
  /** An environment may share its account with others. */
  readonly environment: string;
  readonly processes: readonly { readonly name: string; readonly service: FargateService }[];
  readonly servers: readonly RedisServer[];
  /** Of event stores and streams: those that are live, and mirrors. */
  readonly consumers: readonly string[];
}

const WIDTH = 8;
const HEIGHT = 6;

/** @param nodes those that the dashboard is about, by id */
export function processesFlow(
  topology: Topology,
  nodes: ReadonlyMap<string, TopologyNode>,
  resources: ReadonlyMap<string, IConstruct>,
): ProcessesFlow {
  return {
    environment: topology.environment,
    processes: [...nodes.values()].flatMap(({ id, name }) => {
      const service = resources.get(id);
      return service instanceof FargateService ? [{ name, service }] : [];
    }),
    servers: [...nodes.keys()].flatMap((id) => {
      const server = resources.get(id)?.node.scope;
      return server instanceof RedisServer ? [server] : [];
    }),
    consumers: [
      ...new Set(
        topology.edges.flatMap((edge) =>
          edge.kind === 'follows' && nodes.has(edge.to) && (edge.role === 'live' || edge.role === 'mirror')
            ? edge.consumer
            : [],
        ),
      ),
    ],
  };
}

/** How far consumers are behind, what they gave up, and what their processes and servers use. */
export function processWidgets({ environment, processes, servers, consumers }: ProcessesFlow): Widget[][] {
  const measured = (metric: string) =>
    consumers.map((consumer) =>
      series('Waybill/EventStore', { Environment: environment, Consumer: consumer }, metric, consumer),
    );
  return [
    [
      ...graph('Oldest unprocessed event (s)', measured('OldestUnprocessedSeconds')),
      ...graph('Events given up', measured('DeadLetters')),
    ],
    processes.flatMap(({ name, service }) => {
      const dimensions = { ClusterName: service.cluster.clusterName, ServiceName: service.serviceName };
      return graph(`${name}: process`, [
        series('AWS/ECS', dimensions, 'CPUUtilization', 'processor (%)'),
        series('AWS/ECS', dimensions, 'MemoryUtilization', 'memory (%)'),
        series('ECS/ContainerInsights', dimensions, 'RunningTaskCount', 'tasks'),
      ]);
    }),
    servers.flatMap(({ node, watched: { namespace, nodes } }) =>
      graph(
        `${node.id}: Redis Streams, memory (%)`,
        nodes.map((dimensions) =>
          series(
            namespace,
            dimensions,
            'DatabaseMemoryUsagePercentage',
            Object.values(dimensions).find((value) => value.includes('-')) ?? '',
          ),
        ),
      ),
    ),
  ];
}

function graph(title: string, all: readonly Series[]): Widget[] {
  return all.length === 0 ? [] : graphs({ title, series: [...all], width: WIDTH, height: HEIGHT });
}

function series(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metric: string,
  label: string,
): Series {
  return { namespace, dimensions, metric, stat: 'Maximum', label };
}
