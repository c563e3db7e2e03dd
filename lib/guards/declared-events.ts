/**
 * What the topology says about an assembly's resources: which events are published where, and whether a filter or
 * pattern that is really deployed lets one through. Of an event only what its contract fixes is looked at; what a
 * publisher fills in (the tenant, the data, ids and times) counts as whatever the filter asks for.
 */
import type { Assembly, Resource, Rule, Subscriber, Subscription } from '../assembly/index.ts';
import { isUnknown } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import {
  EVENT_BUS_PROFILE,
  EVENT_SOURCE_MAPPING_PROFILE,
  PatternError,
  readPattern,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
} from '../matching/index.ts';
import type { MatchingProfile } from '../matching/index.ts';
import type { Topology, TopologyEvent } from '../topology/index.ts';

type JsonRecord = Readonly<Record<string, unknown>>;

export interface DeclaredEvents {
  readonly topology: Topology;
  /** The resource of a node; undefined where it is not in these templates. */
  resourceOf(nodeId: string): Resource | undefined;
  nodeIdOf(resource: Resource): string | undefined;
  /** The events that are published to a topic or bus; undefined where the topology does not know it. */
  publishedTo(originArn: string): readonly TopologyEvent[] | undefined;
}

/** Undefined for an assembly without Waybill's constructs. */
export function declaredEventsOf(assembly: Assembly): DeclaredEvents | undefined {
  const { topology } = assembly;
  if (topology === undefined) return undefined;
  const key = (stackName: string | null, logicalId: string | null) => `${stackName} ${logicalId}`;
  const resources = new Map(
    assembly.resources.map((resource) => [key(resource.stack.stackName, resource.logicalId), resource]),
  );
  const nodes = new Map(
    topology.nodes.flatMap((node) => {
      const resource = resources.get(key(node.stack, node.logicalId));
      return resource === undefined ? [] : [[node.id, resource] as const];
    }),
  );
  const ids = new Map([...nodes].map(([id, resource]) => [resource, id]));
  const events = new Map(topology.events.map((event) => [event.name, event]));
  const published = new Map<string, Set<TopologyEvent>>();
  for (const edge of topology.edges) {
    const arn = edge.kind === 'publishes' ? nodes.get(edge.to)?.arn : undefined;
    if (edge.kind !== 'publishes' || arn === undefined) continue;
    const known = published.get(arn) ?? new Set();
    for (const name of edge.events) {
      const event = events.get(name);
      if (event !== undefined) known.add(event);
    }
    published.set(arn, known);
  }
  return {
    topology,
    resourceOf: (nodeId) => nodes.get(nodeId),
    nodeIdOf: (resource) => ids.get(resource),
    publishedTo: (originArn) => {
      const known = published.get(originArn);
      return known === undefined ? undefined : [...known];
    },
  };
}

/** `unknown`: holds values that only AWS has, or a pattern that AWS refuses (which is another guard's finding). */
export type Passage = 'passes' | 'stopped' | 'unknown';

export interface PassageOptions {
  /** The event's data, to be looked at too. @default - whatever the filter asks for */
  readonly data?: unknown;
}

export function passesSubscription(
  { filterPolicy, filterPolicyScope }: Pick<Subscription, 'filterPolicy' | 'filterPolicyScope'>,
  event: TopologyEvent,
  { data }: PassageOptions = {},
): Passage {
  if (filterPolicy === undefined) return 'passes';
  return filterPolicyScope === 'MessageBody'
    ? passage(filterPolicy, envelopeOf(event, data), SNS_BODY_PROFILE, freeIn('', data))
    : passage(filterPolicy, attributesOf(event), SNS_ATTRIBUTES_PROFILE, ['tenantId']);
}

export function passesRule(
  { eventPattern, enabled }: Pick<Rule, 'eventPattern' | 'enabled'>,
  event: TopologyEvent,
  { data }: PassageOptions = {},
): Passage {
  if (eventPattern === undefined || !enabled) return 'stopped';
  return passage(eventPattern, busEventOf(event, data), EVENT_BUS_PROFILE, [
    ...FREE_ON_BUS,
    ...freeIn('detail.', data),
  ]);
}

/** Every filter of a subscriber has to let it through. */
export function passesSubscriber({ filters }: Pick<Subscriber, 'filters'>, event: TopologyEvent): Passage {
  const system = { 'aws:Source': event.source, 'aws:DetailType': event.name };
  const results = filters.map(({ scope, pattern }) => {
    const parsed = parsePattern(pattern);
    if (parsed === undefined) return 'unknown';
    return scope === 'SYSTEM_METADATA'
      ? passage(parsed, system, EVENT_BUS_PROFILE, [])
      : passage(parsed, busEventOf(event, undefined), EVENT_BUS_PROFILE, [
          ...FREE_ON_BUS,
          ...freeIn('detail.', undefined),
        ]);
  });
  if (results.includes('stopped')) return 'stopped';
  return results.includes('unknown') ? 'unknown' : 'passes';
}

/** One of a mapping's filters has to let it through. `event` arrives as the envelope in the body. */
export function passesMapping(filters: readonly string[], event: TopologyEvent): Passage {
  if (filters.length === 0) return 'passes';
  const record = { body: envelopeOf(event, undefined) };
  const results = filters.map((filter) => {
    const pattern = parsePattern(filter);
    if (pattern === undefined || !isRecord(pattern['body'])) return 'unknown';
    return passage(
      { body: pattern['body'] },
      record,
      EVENT_SOURCE_MAPPING_PROFILE,
      freeIn('body.', undefined),
    );
  });
  if (results.includes('passes')) return 'passes';
  return results.includes('unknown') ? 'unknown' : 'stopped';
}

/** True where a filter looks at nothing but what the contract fixes, so that `passes` holds for every such event. */
export function looksAtContractOnly(filters: readonly string[]): boolean {
  return filters.every((filter) => {
    const pattern = parsePattern(filter);
    return (
      pattern !== undefined &&
      JSON.stringify(without(pattern, freeIn('body.', undefined))) === JSON.stringify(pattern) &&
      Object.keys(pattern).every((key) => key === 'body')
    );
  });
}

function passage(
  pattern: JsonRecord,
  event: JsonRecord,
  profile: MatchingProfile,
  free: readonly string[],
): Passage {
  if (isUnknown(JSON.stringify(pattern))) return 'unknown';
  const fixed = without(pattern, free);
  if (fixed === undefined) return 'passes';
  try {
    return readPattern(fixed, profile).matches(event) ? 'passes' : 'stopped';
  } catch (error) {
    if (error instanceof PatternError) return 'unknown';
    throw error;
  }
}

/** The pattern without what it asks of free fields; undefined where nothing is left, so that everything gets through. */
function without(pattern: JsonRecord, free: readonly string[], parent = ''): JsonRecord | undefined {
  const kept = Object.entries(pattern).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
    if (key === '$or' && Array.isArray(value)) {
      const branches = value.map(
        (branch) => (isRecord(branch) ? without(branch, free, parent) : branch) as unknown,
      );
      return branches.includes(undefined) ? [] : [[key, branches]];
    }
    const path = `${parent}${key}`;
    if (free.some((each) => path === each || path.startsWith(`${each}.`))) return [];
    if (!isRecord(value)) return [[key, value]];
    const inner = without(value, free, `${path}.`);
    return inner === undefined ? [] : [[key, inner]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function parsePattern(text: string): JsonRecord | undefined {
  if (isUnknown(text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** What EventBridge and the publisher's call fill in, eventbridge/latest/userguide/eb-events-structure.html. */
const FREE_ON_BUS = ['version', 'id', 'time', 'account', 'region', 'resources', 'replay-name'] as const;
/** What each envelope has of its own. The data, where an example of it is not given. */
const FREE_IN_ENVELOPE = [
  'eventId',
  'timestamp',
  'correlationId',
  'causationId',
  'tenantId',
  'metadata',
] as const;

function freeIn(prefix: string, data: unknown): readonly string[] {
  return [...FREE_IN_ENVELOPE, ...(data === undefined ? ['data'] : [])].map((field) => `${prefix}${field}`);
}

/** lambda/runtime/transports/message-attributes.ts */
function attributesOf({ name, version, priority }: TopologyEvent): JsonRecord {
  return { eventType: name, eventVersion: version, priority };
}

function envelopeOf({ name, version, source }: TopologyEvent, data: unknown): JsonRecord {
  return { eventType: name, eventVersion: version, source, ...(data === undefined ? {} : { data }) };
}

/** lambda/runtime/transports/event-bridge.ts */
function busEventOf(event: TopologyEvent, data: unknown): JsonRecord {
  return { source: event.source, 'detail-type': event.name, detail: envelopeOf(event, data) };
}
