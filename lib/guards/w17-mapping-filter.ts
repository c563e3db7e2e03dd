/**
 * W17: the filter of an event source mapping deletes no message that somebody needs.
 *
 * A mapping takes every message from its queue, and deletes those that match none of its filters.
 *
 * | mappings of the queue | W17 | W17A |
 * |---|---|---|
 * | none with a filter | | |
 * | several, of which one has a filter that another has not | found: whichever polls first deletes what the other waits for | |
 * | one; the topology's events that reach the queue: some can never match | found | |
 * | one; all of them match, and the filter looks at nothing but the contract | | |
 * | one; any other filter | | found: what does not match is deleted, and not dead-lettered |
 * | of a stream | others read the same records | |
 *
 * lambda/latest/dg/invocation-eventfiltering.html, "Properly filtering Amazon SQS messages"
 */
import type { EventSourceMapping, Messaging, Queue } from '../assembly/index.ts';
import type { TopologyEvent } from '../topology/index.ts';
import { declaredEventsOf, looksAtContractOnly, passesMapping } from './declared-events.ts';
import type { Finding, Guard } from './guard.ts';

const SOURCE = 'lambda/latest/dg/invocation-eventfiltering.html';

export const competingMappingFilter: Guard = {
  id: 'W17',
  title: 'The filter of an event source mapping deletes messages that nobody else gets',
  explanation:
    'Lambda takes a message from the queue before it looks at the filter. What does not match is deleted: it is neither left for another function of the same queue, nor put into the dead-letter queue.',
  source: SOURCE,
  level: 'error',
  check: (messaging) =>
    filteredMappings(messaging).flatMap(({ mapping, others, stopped }) => {
      if (others.some((other) => !sameFilters(mapping, other))) {
        return [
          finding(
            mapping,
            `a filter, on a queue that ${others.map(({ resource }) => resource.constructPath).join(', ')} polls too`,
            'one mapping of a queue, or the same filters on all',
            'give each function a queue of its own, and filter at the subscription or rule',
          ),
        ];
      }
      if (stopped.length === 0) return [];
      return [
        finding(
          mapping,
          `a filter that deletes ${stopped.map(({ name }) => name).join(', ')}`,
          'a filter that every event of the queue matches',
          'leave the filter out, or subscribe to fewer events',
        ),
      ];
    }),
};

export const deletingMappingFilter: Guard = {
  id: 'W17A',
  title: 'An event source mapping deletes the messages that its filter does not match',
  explanation:
    'A message that does not match is gone, without a trace but the metric FilteredOutEventCount. Where that is meant, acknowledge it; else filter before the queue, where nothing is deleted.',
  source: SOURCE,
  level: 'warning',
  check: (messaging) =>
    filteredMappings(messaging).flatMap(({ mapping, others, stopped, events }) => {
      if (others.some((other) => !sameFilters(mapping, other)) || stopped.length > 0) return [];
      const isComplete =
        events !== undefined &&
        looksAtContractOnly(mapping.filters) &&
        events.every((event) => passesMapping(mapping.filters, event) === 'passes');
      if (isComplete) return [];
      return [
        finding(
          mapping,
          `${mapping.filters.length} filter${mapping.filters.length === 1 ? '' : 's'} on a queue`,
          'none, unless what does not match is to be deleted',
          "filter at the subscription (FilterPolicy) or the rule (EventPattern), where others' messages are not taken",
        ),
      ];
    }),
};

interface FilteredMapping {
  readonly mapping: EventSourceMapping;
  /** Of the same queue. */
  readonly others: readonly EventSourceMapping[];
  /** What reaches the queue; undefined where the topology does not know. */
  readonly events: readonly TopologyEvent[] | undefined;
  /** Those of the events that can never match. */
  readonly stopped: readonly TopologyEvent[];
}

function filteredMappings(messaging: Messaging): FilteredMapping[] {
  const enabled = messaging.mappings.filter((mapping) => mapping.enabled);
  return enabled
    .filter(({ filters, eventSourceArn }) => filters.length > 0 && eventSourceArn?.includes(':sqs:') === true)
    .map((mapping) => {
      const queue = messaging.queue(mapping.eventSourceArn);
      const events = queue === undefined ? undefined : eventsReaching(messaging, queue);
      return {
        mapping,
        others: enabled.filter(
          (other) => other !== mapping && other.eventSourceArn === mapping.eventSourceArn,
        ),
        events,
        stopped: (events ?? []).filter((event) => passesMapping(mapping.filters, event) === 'stopped'),
      };
    });
}

function eventsReaching({ assembly }: Messaging, { resource }: Queue): readonly TopologyEvent[] | undefined {
  const declared = declaredEventsOf(assembly);
  const nodeId = declared?.nodeIdOf(resource);
  if (declared === undefined || nodeId === undefined) return undefined;
  const names = new Set(
    declared.topology.edges.flatMap((edge) =>
      (edge.kind === 'subscribes' || edge.kind === 'routes') && edge.to === nodeId ? edge.events : [],
    ),
  );
  return names.size === 0 ? undefined : declared.topology.events.filter(({ name }) => names.has(name));
}

function sameFilters(left: EventSourceMapping, right: EventSourceMapping): boolean {
  return JSON.stringify(left.filters.toSorted()) === JSON.stringify(right.filters.toSorted());
}

function finding({ resource }: EventSourceMapping, received: string, allowed: string, fix: string): Finding {
  return { resource, property: 'FilterCriteria', received, allowed, fix };
}
