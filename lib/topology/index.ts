/** Public surface of the topology: plain data, no CDK. */
export { TopologyError } from './errors.ts';
export type { TopologyErrorCode } from './errors.ts';
export { inStableOrder, readTopology, writeTopology } from './file.ts';
export { nodeOf, subscribersOf } from './queries.ts';
export type { Subscriber } from './queries.ts';
export { TOPOLOGY_FILE_NAME, TOPOLOGY_SCHEMA_VERSION } from './types.ts';
export type {
  AccessesEdge,
  AlarmCondition,
  AlertsEdge,
  ArchivesEdge,
  ConsumesEdge,
  DeadLetterHop,
  DeadLettersEdge,
  DrainsEdge,
  FollowsEdge,
  ForwardsEdge,
  InvokesEdge,
  NudgesEdge,
  PublishesEdge,
  PushesEdge,
  ReadsEdge,
  RetriesEdge,
  RoutesEdge,
  StartsEdge,
  SubscribesEdge,
  Topology,
  TopologyEdge,
  TopologyEdgeKind,
  TopologyEvent,
  TopologyNode,
  TopologyNodeKind,
} from './types.ts';
export { validateTopology } from './validate.ts';
