/**
 * W26: somebody is told when a consumer of an event store, or its mirror, falls behind.
 *
 * | consumer of an event store or of Redis Streams | |
 * |---|---|
 * | a mirror without an alarm on its oldest unprocessed event | found: consumers on the other side starve, and see nothing |
 * | one that is live, without one | found: no queue has an age that an alarm could look at |
 * | a shadow, or one that is to move here | its live transport is watched |
 *
 * docs/event-store.md
 */
import type { Messaging } from '../assembly/index.ts';
import type { FollowsEdge } from '../topology/index.ts';
import type { Finding, Guard } from './guard.ts';

/** As the runtime measures it. */
const METRIC = { namespace: 'Waybill/EventStore', name: 'OldestUnprocessedSeconds' } as const;

export const unwatchedFollower: Guard = {
  id: 'W26',
  title: 'Nobody is told when a mirror or a consumer of an event store stands still',
  explanation:
    'What reads an event store or Redis Streams is no queue: nothing in AWS has an age of it. A mirror that stands still leaves every consumer of the other transport without events, and all of their own alarms green.',
  source: 'docs/event-store.md',
  level: 'error',
  check: (messaging) => followers(messaging).flatMap((edge) => findingOf(messaging, edge)),
};

function followers({ assembly }: Messaging): readonly FollowsEdge[] {
  return (assembly.topology?.edges ?? []).filter(
    (edge): edge is FollowsEdge =>
      edge.kind === 'follows' && (edge.role === 'mirror' || edge.role === 'live'),
  );
}

function findingOf({ assembly, alarms }: Messaging, { consumer, to }: FollowsEdge): Finding[] {
  const isWatched = alarms.some(({ metrics }) =>
    metrics.some(
      ({ namespace, metricName, dimensions }) =>
        namespace === METRIC.namespace && metricName === METRIC.name && dimensions['Consumer'] === consumer,
    ),
  );
  const node = assembly.topology?.nodes.find(({ id }) => id === to);
  const resource = assembly.resources.find(
    ({ stack, logicalId }) => stack.stackName === node?.stack && logicalId === node?.logicalId,
  );
  if (isWatched || resource === undefined) return [];
  return [
    {
      resource,
      property: 'alarms',
      received: `no alarm on ${METRIC.name} of ${consumer}`,
      allowed: `an alarm on ${METRIC.name} of ${METRIC.namespace} with Consumer ${consumer}`,
      fix: 'measure the event store every minute beside its processes, and add the alarm with consumerLate',
    },
  ];
}
