/** Per agent: whether it handled each of its events, once, and those of a key in the order of the record. */
import { agentConsumes, agentNames } from '../../../catalog/agents/index.ts';
import type { AgentName } from '../../../catalog/agents/index.ts';

/** An event of the event store, which is the record of what happened. */
export interface RecordedEvent {
  /** Of the global order: larger is later. */
  readonly position: number;
  readonly eventId: string;
  readonly eventType: string;
  readonly tenantId: string;
  /** ISO 8601. */
  readonly occurredAt: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A row of `agents.handled`: written by an agent in the transaction of its effect. */
export interface HandledEvent {
  /** Drawn when the row was written: larger is later, within an agent and a key. */
  readonly sequence: number;
  readonly agent: string;
  readonly eventId: string;
  readonly transport: string;
}

/**
 * | in the record | rows of the agent | told as |
 * |---|---|---|
 * | yes | one | handled |
 * | yes | none | lost |
 * | yes | two or more | twice |
 * | no, or of a type that is not the agent's | any | uninvited |
 * | before another one of its key | after it | out of order |
 */
export interface AgentHandling {
  readonly agent: AgentName;
  /** Events of the record that are the agent's. */
  readonly expected: number;
  readonly handled: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
  readonly uninvited: readonly string[];
  /** Events that were handled after one that comes later in the record, of the same key. */
  readonly outOfOrder: readonly string[];
  /** How many by which transport, one after the other: a transport that comes again was left, and came back. */
  readonly legs: readonly Leg[];
}

export interface Leg {
  readonly transport: string;
  readonly events: number;
}

export function judgeHandled(
  record: readonly RecordedEvent[],
  handled: readonly HandledEvent[],
): readonly AgentHandling[] {
  const inOrder = record.toSorted((left, right) => left.position - right.position);
  const rowsOf = Map.groupBy(handled, ({ agent }) => agent);
  return agentNames.map((agent) => {
    const types = new Set<string>(agentConsumes[agent].map(({ name }) => name));
    const expected = inOrder.filter(({ eventType }) => types.has(eventType));
    return handlingOf(agent, expected, rowsOf.get(agent) ?? []);
  });
}

function handlingOf(
  agent: AgentName,
  expected: readonly RecordedEvent[],
  rows: readonly HandledEvent[],
): AgentHandling {
  const known = new Map(expected.map((event) => [event.eventId, event]));
  const rowsOf = Map.groupBy(rows, ({ eventId }) => eventId);
  const inSequence = rows.toSorted((left, right) => left.sequence - right.sequence);
  return {
    agent,
    expected: expected.length,
    handled: expected.filter(({ eventId }) => rowsOf.has(eventId)).length,
    lost: expected.flatMap(({ eventId }) => (rowsOf.has(eventId) ? [] : [eventId])),
    twice: [...rowsOf].flatMap(([eventId, { length }]) => (length > 1 ? [eventId] : [])),
    uninvited: [...rowsOf.keys()].filter((eventId) => !known.has(eventId)),
    outOfOrder: outOfOrderOf(known, inSequence),
    legs: legsOf(inSequence),
  };
}

function outOfOrderOf(
  known: ReadonlyMap<string, RecordedEvent>,
  rows: readonly HandledEvent[],
): readonly string[] {
  const latestOf = new Map<string, number>();
  return rows.flatMap(({ eventId }) => {
    const event = known.get(eventId);
    if (event === undefined) return [];
    const key = keyOf(event);
    const latest = latestOf.get(key) ?? -1;
    latestOf.set(key, Math.max(latest, event.position));
    return event.position < latest ? [eventId] : [];
  });
}

function legsOf(rows: readonly HandledEvent[]): readonly Leg[] {
  const legs: { transport: string; events: number }[] = [];
  for (const { transport } of rows) {
    const leg = legs.at(-1);
    if (leg?.transport === transport) leg.events += 1;
    else legs.push({ transport, events: 1 });
  }
  return legs;
}

/** Order is kept within a product of a tenant. */
export function keyOf({ tenantId, data }: Pick<RecordedEvent, 'tenantId' | 'data'>): string {
  return `${tenantId}#${String(data['productId'])}`;
}
