/** What a dashboard shows of streams, Kafka topics and brokers, and of those who read them. */
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import type { ReadsEdge, Topology, TopologyNode } from '../../topology/index.ts';
import { KafkaCluster } from '../kafka-cluster.ts';
import { MessageBroker } from '../message-broker.ts';

export interface ReaderFlow {
  readonly name: string;
  readonly kind: 'stream' | 'kafka' | 'broker';
  readonly function: IFunction;
  readonly deadLetterQueues: readonly IQueue[];
  /** The reader's objective: milliseconds of a stream, records of Kafka. Undefined where it has no alarms. */
  readonly limit: number | undefined;
}

export interface StreamsFlow {
  readonly streams: readonly { readonly name: string; readonly streamName: string }[];
  readonly clusters: readonly { readonly name: string; readonly cluster: KafkaCluster }[];
  readonly brokers: readonly { readonly name: string; readonly brokerName: string }[];
  readonly readers: readonly ReaderFlow[];
}

const KINDS = { stream: 'stream', kafkaTopic: 'kafka', brokerQueue: 'broker' } as const;

/** @param nodes those that the dashboard is about, by id */
export function streamsFlow(
  topology: Topology,
  nodes: ReadonlyMap<string, TopologyNode>,
  resources: ReadonlyMap<string, IConstruct>,
): StreamsFlow {
  const all = [...nodes.values()];
  const kindOf = new Map(topology.nodes.map(({ id, kind }) => [id, kind]));
  const firstReads = topology.edges.filter(
    (edge): edge is ReadsEdge => edge.kind === 'reads' && edge.retry !== true && nodes.has(edge.to),
  );
  return {
    streams: all
      .filter(({ kind }) => kind === 'stream')
      .map(({ id, name }) => ({ name, streamName: (resources.get(id) as Stream & IConstruct).streamName })),
    clusters: constructsOf(all, resources, KafkaCluster).map(({ name, construct }) => ({
      name,
      cluster: construct,
    })),
    brokers: constructsOf(all, resources, MessageBroker).map(({ name, construct }) => ({
      name,
      brokerName: construct.brokerName,
    })),
    readers: firstReads.map((edge) => ({
      name: edge.consumer,
      kind: KINDS[kindOf.get(edge.from) as keyof typeof KINDS],
      function: resources.get(edge.to) as IFunction & IConstruct,
      deadLetterQueues: deadLetterQueuesOf(topology, edge, resources),
      limit: topology.edges.flatMap((alert) =>
        alert.kind === 'alerts' && alert.from === edge.to && BEHIND.has(alert.metric) ? alert.threshold : [],
      )[0],
    })),
  };
}

/** Metrics of a function that say how far its reading is behind. */
const BEHIND: ReadonlySet<string> = new Set(['IteratorAge', 'OffsetLag']);

/** The construct that made a resource, of a class. */
function constructsOf<Made extends IConstruct>(
  nodes: readonly TopologyNode[],
  resources: ReadonlyMap<string, IConstruct>,
  type: abstract new (...args: never[]) => Made,
): readonly { readonly name: string; readonly construct: Made }[] {
  return nodes.flatMap(({ id, name }) => {
    const construct = resources.get(id)?.node.scope;
    return construct instanceof type ? [{ name, construct }] : [];
  });
}

function deadLetterQueuesOf(
  topology: Topology,
  { via, to }: ReadsEdge,
  resources: ReadonlyMap<string, IConstruct>,
): readonly IQueue[] {
  const queues = new Set(
    topology.edges.flatMap((edge) =>
      edge.kind === 'deadLetters' && (edge.from === via || edge.from === to) ? [edge.to] : [],
    ),
  );
  const isQueue = new Set(topology.nodes.flatMap(({ id, kind }) => (kind === 'deadLetterQueue' ? [id] : [])));
  return [...queues].filter((id) => isQueue.has(id)).map((id) => resources.get(id) as IQueue & IConstruct);
}
