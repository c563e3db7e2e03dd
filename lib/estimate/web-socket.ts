/** What goes over the connections of WebSocket APIs, from what their senders consume and how many are assumed to be open. */
import type { Resource } from '../assembly/index.ts';
import type { EstimateContext } from './context.ts';
import type { Flow, TrafficFlow } from './flow.ts';

/** Each push edge of the topology whose sender consumes events. */
export interface WebSocketLoad {
  /** The API's stage. */
  readonly stage: Resource;
  /** Messages to all connections: each event goes to every tab of its user. */
  readonly pushed: Flow;
  /** Open connections. */
  readonly connections: number;
  /** New ones a second: no connection lasts longer than two hours. */
  readonly connectsPerSecond: number;
  /** Messages a second besides: what keeps connections open, with its answer. */
  readonly heartbeatsPerSecond: number;
}

/** apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
const CONNECTION_SECONDS = 2 * 3600;
/** A heartbeat and its answer. */
const MESSAGES_PER_HEARTBEAT = 2;

/** @param share of the connections that are open in the declared peak */
export function webSocketLoads(
  { topology, resourceOf, assumptions }: EstimateContext,
  flow: TrafficFlow,
  share: number,
): readonly WebSocketLoad[] {
  const consumers = new Set(
    topology.edges.flatMap((edge) => (edge.kind === 'consumes' || edge.kind === 'reads' ? edge.to : [])),
  );
  return topology.nodes.flatMap(({ id, kind }) => {
    const stage = resourceOf(id);
    if (kind !== 'webSocketApi' || stage === undefined) return [];
    const senders = new Set(
      topology.edges.flatMap((edge) =>
        edge.kind === 'pushes' && edge.to === id && consumers.has(edge.from) ? edge.from : [],
      ),
    );
    const { connectionsPerUser, webSocketConnections, heartbeatSeconds } = assumptions;
    const sum = (part: (flow: Flow) => number): number =>
      [...senders].reduce((all, sender) => all + part(flow.into(sender)) * connectionsPerUser, 0);
    const connections = webSocketConnections * share;
    return [
      {
        stage,
        pushed: {
          perSecond: sum(({ perSecond }) => perSecond),
          bytesPerSecond: sum(({ bytesPerSecond }) => bytesPerSecond),
        },
        connections,
        connectsPerSecond: connections / CONNECTION_SECONDS,
        heartbeatsPerSecond: (connections / heartbeatSeconds) * MESSAGES_PER_HEARTBEAT,
      },
    ];
  });
}
