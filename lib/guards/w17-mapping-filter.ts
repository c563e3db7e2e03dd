/**
 * W17: the filter of an event source mapping deletes no message that somebody needs.
 *
 * A mapping takes every message from its queue, and deletes those that match none of its filters; so does a pipe.
 *
 * | mappings and pipes of the queue | W17 | W17A |
 * |---|---|---|
 * | none with a filter | | |
 * | several, of which one has a filter that another has not | found: whichever polls first deletes what the other waits for | |
 * | one; the topology's events that reach the queue: some can never match | found | |
 * | one; all of them match, and the filter looks at nothing but the contract | | |
 * | one; any other filter | | found: what does not match is deleted, and not dead-lettered |
 * | of a stream | others read the same records | |
 *
 * lambda/latest/dg/invocation-eventfiltering.html, "Properly filtering Amazon SQS messages";
 * eventbridge/latest/userguide/eb-pipes-event-filtering.html
 */
import type { Messaging, Queue, Resource } from '../assembly/index.ts';
import type { TopologyEvent } from '../topology/index.ts';
import { declaredEventsOf, looksAtContractOnly, passesMapping } from './declared-events.ts';
import type { Finding, Guard } from './guard.ts';

const SOURCE = 'lambda/latest/dg/invocation-eventfiltering.html';

export const competingMappingFilter: Guard = {
  id: 'W17',
  title: 'The filter of an event source mapping or pipe deletes messages that nobody else gets',
  explanation:
    'Lambda, or a pipe, takes a message from the queue before it looks at the filter. What does not match is deleted: it is neither left for another reader of the same queue, nor put into the dead-letter queue.',
  source: SOURCE,
  level: 'error',
  check: (messaging) =>
    filteredReaders(messaging).flatMap(({ reader, others, stopped }) => {
      if (others.some((other) => !sameFilters(reader, other))) {
        return [
          finding(
            reader,
            `a filter, on a queue that ${others.map(({ resource }) => resource.constructPath).join(', ')} polls too`,
            'one mapping or pipe of a queue, or the same filters on all',
            'give each reader a queue of its own, and filter at the subscription or rule',
          ),
        ];
      }
      if (stopped.length === 0) return [];
      return [
        finding(
          reader,
          `a filter that deletes ${stopped.map(({ name }) => name).join(', ')}`,
          'a filter that every event of the queue matches',
          'leave the filter out, or subscribe to fewer events',
        ),
      ];
    }),
};

export const deletingMappingFilter: Guard = {
  id: 'W17A',
  title: 'An event source mapping or pipe deletes the messages that its filter does not match',
  explanation:
    'A message that does not match is gone, without a trace but the metric FilteredOutEventCount. Where that is meant, acknowledge it; else filter before the queue, where nothing is deleted.',
  source: SOURCE,
  level: 'warning',
  check: (messaging) =>
    filteredReaders(messaging).flatMap(({ reader, others, stopped, events }) => {
      if (others.some((other) => !sameFilters(reader, other)) || stopped.length > 0) return [];
      const isComplete =
        events !== undefined &&
        looksAtContractOnly(reader.filters) &&
        events.every((event) => passesMapping(reader.filters, event) === 'passes');
      if (isComplete) return [];
      return [
        finding(
          reader,
          `${reader.filters.length} filter${reader.filters.length === 1 ? '' : 's'} on a queue`,
          'none, unless what does not match is to be deleted',
          "filter at the subscription (FilterPolicy) or the rule (EventPattern), where others' messages are not taken",
        ),
      ];
    }),
};

/** A mapping or a pipe: both delete what no filter of theirs matches. */
interface Reader {
  readonly resource: Resource;
  readonly property: string;
  readonly sourceArn: string;
  readonly filters: readonly string[];
}

function readersOf({ mappings, pipes }: Messaging): readonly Reader[] {
  return [
    ...mappings.flatMap(({ resource, eventSourceArn, filters, enabled }) =>
      enabled && eventSourceArn !== undefined
        ? [{ resource, property: 'FilterCriteria', sourceArn: eventSourceArn, filters }]
        : [],
    ),
    ...pipes
      .filter(({ resource }) => resource.properties['DesiredState'] !== 'STOPPED')
      .map(({ resource, sourceArn, filters }) => ({
        resource,
        property: 'SourceParameters.FilterCriteria',
        sourceArn,
        filters,
      })),
  ];
}

interface FilteredReader {
  readonly reader: Reader;
  /** Of the same queue. */
  readonly others: readonly Reader[];
  /** What reaches the queue; undefined where the topology does not know. */
  readonly events: readonly TopologyEvent[] | undefined;
  /** Those of the events that can never match. */
  readonly stopped: readonly TopologyEvent[];
}

function filteredReaders(messaging: Messaging): FilteredReader[] {
  const readers = readersOf(messaging).filter(({ sourceArn }) => sourceArn.includes(':sqs:'));
  return readers
    .filter(({ filters }) => filters.length > 0)
    .map((reader) => {
      const queue = messaging.queue(reader.sourceArn);
      const events = queue === undefined ? undefined : eventsReaching(messaging, queue);
      return {
        reader,
        others: readers.filter((other) => other !== reader && other.sourceArn === reader.sourceArn),
        events,
        stopped: (events ?? []).filter((event) => passesMapping(reader.filters, event) === 'stopped'),
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

function sameFilters(left: Reader, right: Reader): boolean {
  return JSON.stringify(left.filters.toSorted()) === JSON.stringify(right.filters.toSorted());
}

function finding({ resource, property }: Reader, received: string, allowed: string, fix: string): Finding {
  return { resource, property, received, allowed, fix };
}
