/** What a dashboard shows of a system: its topology with the resources behind it, from left to right. */
import { Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { DatabaseCluster } from 'aws-cdk-lib/aws-rds';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { Topology, TopologyNode, TopologyNodeKind } from '../../topology/index.ts';
import { resourcesOf, topologyOf } from '../topology-recorder.ts';

export interface Named<Resource> {
  readonly name: string;
  readonly resource: Resource;
}

export interface RuleFlow {
  readonly name: string;
  readonly rule: Rule;
  readonly bus: EventBus;
}

export interface ConsumerFlow {
  readonly name: string;
  /** `function`, or `relay`. */
  readonly kind: TopologyNodeKind;
  readonly queue: IQueue;
  readonly function: IFunction;
  /** The consumer's objective. Undefined where it has no alarms. */
  readonly maxAgeSeconds: number | undefined;
  /** What leads to the queue from classic buses. */
  readonly rules: readonly RuleFlow[];
  /** The queue's own, then those of its subscriptions, rules and schedules. */
  readonly deadLetterQueues: readonly Named<IQueue>[];
}

export interface SystemFlow {
  readonly apis: readonly Named<HttpApi>[];
  /** Functions that no queue feeds: handlers of an API, jobs. */
  readonly functions: readonly Named<IFunction>[];
  /** Relays of outboxes, with the queue that wakes them. */
  readonly relays: readonly ConsumerFlow[];
  readonly topics: readonly Named<ITopic>[];
  readonly consumers: readonly ConsumerFlow[];
  readonly databases: readonly Named<DatabaseCluster>[];
}

/**
 * Everything of the topology at or below the scopes, as it is now: call it at synth. What is in another account or
 * region than the dashboard is left out, because its metrics are there.
 */
export function systemFlow(dashboard: IConstruct, scopes: readonly IConstruct[]): SystemFlow {
  const topology = topologyOf(dashboard);
  const resources = resourcesOf(dashboard);
  const { environment } = Stack.of(dashboard);
  const here = (node: TopologyNode): boolean => {
    const resource = resources.get(node.id);
    return (
      resource !== undefined &&
      Stack.of(resource).environment === environment &&
      resource.node.scopes.some((scope) => scopes.includes(scope))
    );
  };
  const nodes = new Map(topology.nodes.filter(here).map((node) => [node.id, node]));
  const resourceOf = <Resource>(id: string) => resources.get(id) as Resource;
  const ofKind = <Resource>(kind: TopologyNodeKind): Named<Resource>[] =>
    [...nodes.values()]
      .filter((node) => node.kind === kind)
      .map(({ id, name, owner }) => ({ name: owner ?? name, resource: resourceOf<Resource>(id) }));

  const consumed = new Set(topology.edges.flatMap((edge) => (edge.kind === 'consumes' ? edge.to : [])));
  const consumers = consumersOf(topology, nodes, resources);
  return {
    apis: ofKind('httpApi'),
    functions: [...nodes.values()]
      .filter(({ id, kind }) => kind === 'function' && !consumed.has(id))
      .map(({ id, name }) => ({ name, resource: resourceOf<IFunction>(id) })),
    topics: [...nodes.values()]
      .filter(({ kind }) => kind === 'topic')
      .map(({ id, name }) => ({ name, resource: resourceOf<ITopic>(id) })),
    relays: consumers.filter(({ kind }) => kind === 'relay'),
    consumers: consumers.filter(({ kind }) => kind === 'function'),
    databases: ofKind<DatabaseCluster>('database').filter(
      ({ resource }) => resource instanceof DatabaseCluster,
    ),
  };
}

function consumersOf(
  topology: Topology,
  nodes: ReadonlyMap<string, TopologyNode>,
  resources: ReadonlyMap<string, IConstruct>,
): ConsumerFlow[] {
  const edges = Object.groupBy(topology.edges, ({ kind }) => kind) as {
    readonly [Kind in Topology['edges'][number]['kind']]?: Extract<
      Topology['edges'][number],
      { kind: Kind }
    >[];
  };
  const routesTo = Map.groupBy(edges.routes ?? [], ({ to }) => to);
  const subscriptionsTo = Map.groupBy(edges.subscribes ?? [], ({ to }) => to);
  const deadLettersFrom = Map.groupBy(edges.deadLetters ?? [], ({ from }) => from);
  const objectives = new Map(
    (edges.alerts ?? [])
      .filter(({ metric }) => metric === 'ApproximateAgeOfOldestMessage')
      .map(({ from, threshold }) => [from, threshold]),
  );
  return (edges.consumes ?? [])
    .filter(({ from, to }) => nodes.has(from) && nodes.has(to))
    .map(({ from, to, consumer }) => {
      const routes = routesTo.get(from) ?? [];
      const paths = [...(subscriptionsTo.get(from) ?? []), ...routes];
      const schedules = (edges.invokes ?? []).filter((edge) => edge.to === to);
      const failing = [from, ...paths.map(({ via }) => via), ...schedules.map((edge) => edge.from)];
      return {
        name: consumer,
        kind: nodes.get(to)?.kind ?? 'function',
        queue: resources.get(from) as IQueue & IConstruct,
        function: resources.get(to) as IFunction & IConstruct,
        maxAgeSeconds: objectives.get(from),
        rules: routes.flatMap(({ from: origin, via }) => {
          const [bus, rule] = [resources.get(origin), resources.get(via)];
          return bus instanceof EventBus && rule instanceof Rule ? [{ name: rule.node.id, rule, bus }] : [];
        }),
        deadLetterQueues: failing.flatMap((id) =>
          (deadLettersFrom.get(id) ?? [])
            .filter((edge) => nodes.has(edge.to))
            .map((edge) => ({
              name: id === from ? 'queue' : (id.split('/').at(-1) ?? id),
              resource: resources.get(edge.to) as IQueue & IConstruct,
            })),
        ),
      };
    });
}
