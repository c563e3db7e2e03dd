/** Messages that no consumer can read, for every topic: each must end in the dead-letter queues, with a reason. */
import type { SubscribesEdge, Topology, TopologyNode } from '../../lib/topology/index.ts';
import { sampleTenantId } from './tenants.ts';

export interface MalformedMessage {
  /** The topology's node of the topic to publish it to. */
  readonly topic: TopologyNode;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** For a FIFO topic. */
  readonly messageGroupId: string | null;
  readonly messageDeduplicationId: string | null;
  /** Consumers whose filters let it through, so whose dead-letter queues it must end in. */
  readonly consumers: readonly string[];
}

/** One message a topic: its attributes pass the filters, its body is not JSON. */
export function malformedMessages(topology: Topology): readonly MalformedMessage[] {
  const consumerOf = new Map(
    topology.edges.flatMap((edge) => (edge.kind === 'consumes' ? [[edge.from, edge.consumer] as const] : [])),
  );
  return topology.nodes
    .filter((node) => node.kind === 'topic')
    .flatMap((topic) => {
      const subscriptions = topology.edges.filter(
        (edge): edge is SubscribesEdge =>
          edge.kind === 'subscribes' &&
          edge.from === topic.id &&
          // A filter on the body lets nothing through that has none.
          edge.filterPolicyScope === 'MessageAttributes',
      );
      const eventType = subscriptions[0]?.events[0];
      if (eventType === undefined) return [];
      // A tenant that no tenant filter of the sample environment names.
      const tenantId = sampleTenantId(98);
      const consumers = subscriptions
        .filter((edge) => edge.events.includes(eventType) && edge.filterPolicy?.['tenantId'] === undefined)
        .flatMap((edge) => consumerOf.get(edge.to) ?? []);
      return [
        {
          topic,
          body: '{"eventId": "this body ends too soon',
          attributes: { eventType, eventVersion: '1.0', tenantId, priority: 'normal' },
          messageGroupId: topic.fifo === true ? tenantId : null,
          messageDeduplicationId: topic.fifo === true ? `malformed-${topic.name}` : null,
          consumers,
        },
      ];
    });
}
