/** The outcome of an agents run: one JSON object, and everything that makes it a failure. */
import { agentNames } from '../../../catalog/agents/index.ts';
import type { Observed } from '../../run/systems/system.ts';
import { compareEffects } from './effects.ts';
import type { Effect, EffectsComparison } from './effects.ts';
import { judgeHandled } from './judge-handled.ts';
import type { AgentHandling, HandledEvent, Leg, RecordedEvent } from './judge-handled.ts';

export interface AgentsOutcome extends Observed {
  /** Every event of the event store. */
  readonly record: readonly RecordedEvent[];
  readonly handled: readonly HandledEvent[];
  /** What the agents should have left, by a model that never saw them. */
  readonly expectedEffects: readonly Effect[];
  readonly effects: readonly Effect[];
  /** Ids of what the API took: each is one event of the record. */
  readonly taken: readonly TakenEntry[];
  /** Transports by which every agent has to be live, one after the other; the first is where it began. */
  readonly route: readonly string[];
  readonly moves: readonly AgentMove[];
  /** What the shadows saw of the transports that the agents moved to. */
  readonly parity: readonly AgentParity[];
  /** Where `waybill transport status` says that the agents are in the end; of agents that moved. */
  readonly status: readonly AgentStatus[];
  /** What the tenants' endpoints got. */
  readonly receiver: { readonly taken: number; readonly repeated: number; readonly badSignatures: number };
  /** Dead letters of the event store and of Redis; those of queues are among the others. */
  readonly agentDeadLetters: readonly AgentDeadLetter[];
  readonly unexpectedAnswers: Readonly<Record<string, number>>;
  /** Bad requests that were refused as they should be. */
  readonly refused: number;
  /** Processes and functions that were killed while they worked; undefined where none was to be. */
  readonly killed: number | undefined;
  /** Milliseconds from the append of an event to the effect of an agent. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

export interface TakenEntry {
  readonly kind: 'feedback' | 'vote';
  readonly tenantId: string;
  readonly feedbackId: string;
  /** Of a vote. */
  readonly userId?: string;
  readonly weight?: number;
}

export interface AgentMove {
  readonly agent: string;
  readonly from: string;
  readonly to: string;
  /** Of `waybill transport`. */
  readonly command: 'move' | 'rollback';
  /** Milliseconds until it was live there, and the command had ended. */
  readonly milliseconds: number;
  /** How often the command was killed, and another one had to end what it began. */
  readonly cutOff: number;
  /** Events that the old transport had given up. */
  readonly leftGivenUp: number;
  /** Why it did not come about. */
  readonly refused?: string;
}

export interface AgentStatus {
  readonly agent: string;
  readonly liveOn: string;
  /** How often it has moved. */
  readonly moves: number;
}

/** What came to an agent's shadow, against the record; or why nobody knows. */
export type AgentParity =
  | { readonly agent: string; readonly transport: string; readonly unknown: string }
  | ComparedParity;

export interface ComparedParity {
  readonly agent: string;
  readonly transport: string;
  readonly arrived: number;
  readonly missing: number;
  readonly extra: number;
  readonly reordered: number;
  readonly repeated: number;
  /** Median of how much later than the effect an event came; null where nothing can be compared. */
  readonly differenceMs: number | null;
}

export interface AgentDeadLetter {
  readonly agent: string;
  readonly transport: string;
  readonly eventId: string;
  readonly reason: string;
}

/** Shown of a kind of failure; the rest is counted. */
const EXAMPLES = 1;

export function agentsReport(outcome: AgentsOutcome): object {
  const { record, taken, moves, deadLetters, agentDeadLetters, denials, alarms, seconds } = outcome;
  const verdicts = verdictsOf(outcome);
  const sum = (of: (verdict: AgentVerdict) => number): number =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0);
  return {
    published: record.length,
    accepted: taken.length,
    route: outcome.route,
    agents: Object.fromEntries(
      verdicts.map(({ handling, effects, ok }) => [
        handling.agent,
        {
          ok,
          expected: handling.expected,
          handled: handling.handled,
          lost: handling.lost.length,
          duplicates: handling.twice.length,
          outOfOrder: handling.outOfOrder.length,
          effects: effects.found,
          effectsAsInControl: effectsAgree(effects),
          legs: handling.legs,
        },
      ]),
    ),
    moves,
    parity: outcome.parity,
    status: outcome.status,
    receiver: outcome.receiver,
    lost: sum(({ handling, effects }) => handling.lost.length + effects.missing.length),
    duplicates: sum(({ handling, effects }) => handling.twice.length + effects.doubled.length),
    outOfOrder: sum(({ handling }) => handling.outOfOrder.length),
    refused: outcome.refused,
    killed: outcome.killed ?? 0,
    retried: outcome.retried,
    deadLettered: deadLetters.length + agentDeadLetters.length,
    denied: denials.reduce((total, { times }) => total + times, 0),
    alarms: alarms.map(({ name }) => name),
    latencyMs: outcome.latencyMs,
    seconds,
  };
}

export function agentsSummary(outcome: AgentsOutcome): string {
  const { record, taken, route, moves, latencyMs, seconds, killed } = outcome;
  const verdicts = verdictsOf(outcome);
  const handled = verdicts.reduce((total, { handling }) => total + handling.handled, 0);
  const good = verdicts.filter(({ ok }) => ok).length;
  return [
    `${taken.length} requests taken, ${record.length} events, handled ${handled} times by ${verdicts.length} agents`,
    `${good} of ${verdicts.length} agents as in the control run`,
    ...(moves.length > 0
      ? [`${moves.filter(({ refused }) => refused === undefined).length} moves (${route.join(' to ')})`]
      : [`by ${route.join()}`]),
    ...(killed === undefined ? [] : [`${killed} kills`]),
    `${outcome.deadLetters.length + outcome.agentDeadLetters.length} dead-lettered`,
    `${seconds.toFixed(1)} s`,
    ...(latencyMs === null
      ? []
      : [`append to effect p50 ${latencyMs.p50.toFixed(0)} ms, p99 ${latencyMs.p99.toFixed(0)} ms`]),
  ].join('; ');
}

/** Every reason why the run is not a success, in words; empty when it is one. */
export function agentsFailures(outcome: AgentsOutcome): string[] {
  const { denials, waitingFor, unexpectedAnswers, deadLetters, agentDeadLetters, taken } = outcome;
  return [
    ...denials.map(
      ({ principal, action, resourceArn, times }) =>
        `${principal} was denied ${action} on ${resourceArn}, ${times} times`,
    ),
    ...(waitingFor.length > 0 ? [`not quiet in time, still waiting for ${waitingFor.join(', ')}`] : []),
    ...(taken.length === 0 ? ['no feedback was taken'] : []),
    ...recordFailures(outcome),
    ...verdictsOf(outcome).flatMap(({ failures }) => failures),
    ...moveFailures(outcome),
    ...outcome.parity.flatMap(parityFailures),
    ...receiverFailures(outcome),
    // Of events that were given up on Redis nothing else tells here.
    ...outcome.alarms
      .filter(({ name }) => name.includes('GivenUp'))
      .map(({ shortName, reason }) => `${shortName} is in ALARM: ${reason}`),
    ...Object.entries(unexpectedAnswers).map(
      ([answer, count]) => `the API answered what the workload did not expect, ${count} times: ${answer}`,
    ),
    ...deadLetters.map(({ consumer, reason, eventId }) =>
      deadLetterFailure(consumer, 'SQS', reason, eventId),
    ),
    ...agentDeadLetters.map(({ agent, transport, reason, eventId }) =>
      deadLetterFailure(agent, transport, reason, eventId),
    ),
    ...(outcome.killed === 0 ? ['no process and no function was killed, though some were to be'] : []),
  ];
}

function deadLetterFailure(
  consumer: string,
  where: string,
  reason: string,
  eventId: string | null | undefined,
): string {
  return `${consumer} has a dead letter that nobody provoked (${where}): ${reason} ${eventId ?? ''}`.trim();
}

export interface AgentVerdict {
  readonly handling: AgentHandling;
  readonly effects: EffectsComparison;
  readonly ok: boolean;
  readonly failures: readonly string[];
}

/** One for each agent. */
export function verdictsOf(outcome: AgentsOutcome): readonly AgentVerdict[] {
  const { record, handled, expectedEffects, effects, route } = outcome;
  const compared = compareEffects(agentNames, expectedEffects, effects);
  return judgeHandled(record, handled).map((handling, index) => {
    const comparison = compared[index]!;
    const failures = [
      ...handlingFailures(handling),
      ...effectFailures(comparison),
      ...routeFailures(handling, route),
    ];
    return { handling, effects: comparison, ok: failures.length === 0, failures };
  });
}

function handlingFailures({ agent, lost, twice, uninvited, outOfOrder }: AgentHandling): string[] {
  return [
    ...told(lost, (count) => `${agent} lost ${count} events`),
    ...told(twice, (count) => `${agent} handled ${count} events more than once`),
    ...told(uninvited, (count) => `${agent} handled ${count} events that are not its own`),
    ...told(outOfOrder, (count) => `${agent} handled ${count} events after a later one of the same key`),
  ];
}

function effectFailures({ agent, missing, doubled, extra, different }: EffectsComparison): string[] {
  const others = different.map(({ key, expected, found }) => `${key}: ${found} instead of ${expected}`);
  return [
    ...told(missing, (count) => `${agent} lacks ${count} effects`),
    ...told(doubled, (count) => `${agent} had ${count} effects more than once`),
    ...told(extra, (count) => `${agent} had ${count} effects that it should not have`),
    ...told(others, (count) => `${agent} had ${count} other effects than in the control run`),
  ];
}

function effectsAgree({ missing, doubled, extra, different }: EffectsComparison): boolean {
  return [missing, doubled, extra, different].every(({ length }) => length === 0);
}

/** Of an agent that is moved, the effects came by each transport of the route, and by one at a time. */
function routeFailures({ agent, legs, expected }: AgentHandling, route: readonly string[]): string[] {
  if (expected === 0) return [`${agent} had nothing to do: give more --events`];
  const went = legs.map(({ transport }) => transport);
  if (went.join() === route.join()) return [];
  return [`${agent} had its effects by ${wayOf(legs)}, and should have had them by ${route.join(', ')}`];
}

function wayOf(legs: readonly Leg[]): string {
  return legs.length === 0
    ? 'none'
    : legs.map(({ transport, events }) => `${transport} (${events})`).join(', ');
}

function moveFailures({ moves, route, status }: AgentsOutcome): string[] {
  const refused = moves.flatMap(({ agent, from, to, command, refused: why }) =>
    why === undefined ? [] : [`${agent} could not be moved from ${from} to ${to} by ${command}: ${why}`],
  );
  const givenUp = moves.flatMap(({ agent, from, leftGivenUp }) =>
    leftGivenUp === 0 ? [] : [`${agent} left ${leftGivenUp} events on ${from} that had been given up there`],
  );
  const legs = route.length - 1;
  const wanted = agentNames.length * legs;
  return [
    ...refused,
    ...givenUp,
    ...(moves.length === wanted ? [] : [`${moves.length} moves were made, and ${wanted} were to be`]),
    ...(legs === 0 ? [] : agentNames.flatMap((agent) => statusFailures(agent, status, route))),
  ];
}

function statusFailures(agent: string, status: readonly AgentStatus[], route: readonly string[]): string[] {
  const said = status.find((one) => one.agent === agent);
  if (said === undefined) return [`waybill transport status does not know ${agent}`];
  const [end, moves] = [route.at(-1), route.length - 1];
  if (said.liveOn === end && said.moves === moves) return [];
  return [
    `waybill transport status has ${agent} on ${said.liveOn} after ${said.moves} moves, and not on ${end} after ${moves}`,
  ];
}

function parityFailures(parity: AgentParity): string[] {
  const { agent, transport } = parity;
  if ('unknown' in parity)
    return [`the shadow of ${agent} on ${transport} could not be compared: ${parity.unknown}`];
  const { missing, extra, reordered } = parity;
  if (missing + extra + reordered === 0) return [];
  return [
    `the shadow of ${agent} on ${transport} saw ${missing} events less, ${extra} more and ${reordered} in another order than the record`,
  ];
}

/** The tenants got each delivery that there is a row of, and know the sender. */
function receiverFailures({ receiver, effects }: AgentsOutcome): string[] {
  const delivered = effects.filter(
    ({ agent, value }) =>
      agent === 'webhook-relay' && (value as { outcome?: unknown }).outcome === 'delivered',
  ).length;
  return [
    ...(receiver.taken === delivered
      ? []
      : [`the tenants' endpoints took ${receiver.taken} deliveries, and ${delivered} are noted`]),
    ...(receiver.badSignatures === 0 ? [] : [`${receiver.badSignatures} deliveries were signed wrongly`]),
  ];
}

/** What the API took is in the record once, and nothing besides but what agents have appended. */
function recordFailures({ record, taken }: AgentsOutcome): string[] {
  const ids = record.map(({ eventId }) => eventId);
  const repeated = ids.length - new Set(ids).size;
  const recorded = countedBy(record.flatMap((event) => entryOf(event) ?? []));
  const accepted = countedBy(taken.map(textOf));
  const lacking = [...accepted].flatMap(([entry, count]) =>
    (recorded.get(entry) ?? 0) < count ? [entry] : [],
  );
  const beyond = [...recorded].flatMap(([entry, count]) =>
    (accepted.get(entry) ?? 0) < count ? [entry] : [],
  );
  return [
    ...(repeated > 0 ? [`${repeated} events are in the record more than once`] : []),
    ...told(lacking, (count) => `${count} requests were taken by the API and are not in the record`),
    ...told(beyond, (count) => `${count} events are in the record that nobody asked for`),
  ];
}

function entryOf({ eventType, tenantId, data }: RecordedEvent): string | undefined {
  const feedbackId = String(data['feedbackId']);
  if (eventType === 'FeedbackReceived') return textOf({ kind: 'feedback', tenantId, feedbackId });
  if (eventType !== 'FeedbackVoted') return undefined;
  const [userId, weight] = [String(data['userId']), Number(data['weight'])];
  return textOf({ kind: 'vote', tenantId, feedbackId, userId, weight });
}

function textOf({ kind, tenantId, feedbackId, userId, weight }: TakenEntry): string {
  return [kind, tenantId, feedbackId, userId, weight].filter((part) => part !== undefined).join(' ');
}

function countedBy(entries: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(entries, (entry) => entry)].map(([entry, { length }]) => [entry, length]));
}

function told(all: readonly string[], text: (count: number) => string): string[] {
  if (all.length === 0) return [];
  return [`${text(all.length)}, for example ${all.slice(0, EXAMPLES).join(', ')}`];
}
