/** What a dashboard shows of a system: its topology with the resources behind it, from left to right. */
import { CfnResource, Stack, Token } from 'aws-cdk-lib';
import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { HttpApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { DatabaseCluster } from 'aws-cdk-lib/aws-rds';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { CfnQueue, IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { Topology, TopologyNode, TopologyNodeKind } from '../../topology/index.ts';
import { ruleNameOf } from '../alarms/index.ts';
import { resourcesOf, topologyOf } from '../topology-recorder.ts';
import { processesFlow } from './process-widgets.ts';
import type { ProcessesFlow } from './process-widgets.ts';
import { streamsFlow } from './stream-flow.ts';
import type { StreamsFlow } from './stream-flow.ts';

export interface Named<Resource> {
  readonly name: string;
  readonly resource: Resource;
}

/** How a bus leads to a queue. */
export interface RouteFlow {
  readonly name: string;
  /** Of a classic bus, or of the new kind, which counts in other words. */
  readonly namespace: 'AWS/Events' | 'AWS/EventsV2';
  readonly dimensions: Readonly<Record<string, string>>;
}

/** A queue's name: the one that was given, which needs no reference from another stack, else the one CloudFormation makes up. */
export function queueNameOf(queue: IQueue): string {
  const given = (queue.node.defaultChild as CfnQueue | undefined)?.queueName;
  return given === undefined || Token.isUnresolved(given) ? queue.queueName : given;
}

export interface ConsumerFlow {
  readonly name: string;
  /** The construct that all of it belongs to, its alarms too. */
  readonly construct: IConstruct;
  /** `function`, or `relay`. */
  readonly kind: TopologyNodeKind;
  readonly queue: IQueue;
  readonly function: IFunction;
  /** The consumer's objective. Undefined where it has no alarms. */
  readonly maxAgeSeconds: number | undefined;
  /** Rules and subscribers that lead to the queue. */
  readonly routes: readonly RouteFlow[];
  /** The queue's own, then those of its subscriptions, rules and schedules. */
  readonly deadLetterQueues: readonly Named<IQueue>[];
}

export interface SystemFlow {
  readonly apis: readonly Named<HttpApi>[];
  readonly restApis: readonly Named<RestApi>[];
  /** Stages of WebSocket APIs. */
  readonly webSocketApis: readonly Named<WebSocketStage>[];
  /** Functions that no queue and no stream feeds: handlers of an API, jobs. */
  readonly functions: readonly Named<IFunction>[];
  /** Relays of outboxes, with the queue that wakes them. */
  readonly relays: readonly ConsumerFlow[];
  readonly topics: readonly Named<ITopic>[];
  readonly consumers: readonly ConsumerFlow[];
  readonly databases: readonly Named<DatabaseCluster>[];
  /** Streams, Kafka clusters and brokers, and who reads them. */
  readonly streaming: StreamsFlow;
  /** Long-running processes and servers of Redis Streams, and who is read for. */
  readonly processing: ProcessesFlow;
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
  const named = <Resource>(kind: TopologyNodeKind): (Named<Resource> & { readonly id: string })[] =>
    [...nodes.values()]
      .filter((node) => node.kind === kind)
      .map(({ id, name }) => ({ id, name, resource: resources.get(id) as Resource }));

  const consumed = new Set(
    topology.edges.flatMap((edge) => (edge.kind === 'consumes' || edge.kind === 'reads' ? edge.to : [])),
  );
  const consumers = consumersOf(topology, nodes, resources);
  return {
    apis: named('httpApi'),
    restApis: named('restApi'),
    webSocketApis: named('webSocketApi'),
    functions: named<IFunction>('function').filter(({ id }) => !consumed.has(id)),
    topics: named('topic'),
    relays: consumers.filter(({ kind }) => kind === 'relay'),
    consumers: consumers.filter(({ kind }) => kind === 'function'),
    streaming: streamsFlow(topology, nodes, resources),
    processing: processesFlow(topology, nodes, resources),
    databases: named<DatabaseCluster>('database').filter(({ resource }) => 'clusterIdentifier' in resource),
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
      const failing = new Set([from, ...paths.map(({ via }) => via), ...schedules.map((edge) => edge.from)]);
      return {
        name: consumer,
        kind: nodes.get(to)?.kind ?? 'function',
        construct: resources.get(from)?.node.scope ?? resources.get(from)!,
        queue: resources.get(from) as IQueue & IConstruct,
        function: resources.get(to) as IFunction & IConstruct,
        maxAgeSeconds: objectives.get(from),
        // A subscriber has an edge for each source.
        routes: [...new Map(routes.map((edge) => [edge.via, edge])).values()].flatMap((edge) =>
          routeFlow(resources.get(edge.from), resources.get(edge.via)),
        ),
        deadLetterQueues: [...failing].flatMap((id) =>
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

function routeFlow(bus: IConstruct | undefined, route: IConstruct | undefined): RouteFlow[] {
  if (bus instanceof EventBus && route instanceof Rule) {
    const dimensions = { EventBusName: bus.eventBusName, RuleName: ruleNameOf(route) };
    return [{ name: route.node.id, namespace: 'AWS/Events', dimensions }];
  }
  if (CfnResource.isCfnResource(bus) && CfnResource.isCfnResource(route)) {
    const dimensions = {
      EventBus: bus.getAtt('EventBusArn').toString(),
      Subscriber: route.getAtt('SubscriberArn').toString(),
    };
    return [{ name: route.node.id, namespace: 'AWS/EventsV2', dimensions }];
  }
  return [];
}
