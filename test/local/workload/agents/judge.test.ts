/** The judge must be able to fail: each thing that can go wrong, alone, turns the verdict red. */
import { describe, expect, test } from '@jest/globals';
import { agentConsumes, agentNames } from '../../../../catalog/agents/index.ts';
import type { AgentName } from '../../../../catalog/agents/index.ts';
import type { Effect } from '../../../../local/workload/agents/effects.ts';
import {
  agentsFailures,
  agentsReport,
  agentsSummary,
  verdictsOf,
} from '../../../../local/workload/agents/judge.ts';
import type { AgentsOutcome, TakenEntry } from '../../../../local/workload/agents/judge.ts';
import type { HandledEvent, RecordedEvent } from '../../../../local/workload/agents/judge-handled.ts';

const TYPES = [
  'FeedbackReceived',
  'SentimentRated',
  'FeedbackCategorised',
  'DuplicateFound',
  'PriorityAssigned',
  'FeedbackVoted',
] as const;

/** Three feedbacks of one product, each with an event of each type. */
const RECORD: readonly RecordedEvent[] = [0, 1, 2].flatMap((feedback) =>
  TYPES.map((eventType, index) => ({
    position: feedback * 10 + index,
    eventId: `evt-${feedback}-${eventType}`,
    eventType,
    tenantId: 'tenant-1',
    occurredAt: '2026-11-21T09:30:00.000Z',
    data: {
      feedbackId: `fbk-${feedback}`,
      productId: 'atlas',
      ...(eventType === 'FeedbackVoted' && { userId: 'usr_1', weight: 1 }),
    },
  })),
);

const ROUTE = ['postgres', 'redis', 'sns-sqs'];

/** The first feedback's events by the first transport, and so on. */
const HANDLED: readonly HandledEvent[] = agentNames.flatMap((agent, lane) => {
  const own = new Set<string>(agentConsumes[agent].map(({ name }) => name));
  return RECORD.filter(({ eventType }) => own.has(eventType)).map(({ eventId, position }) => ({
    sequence: lane * 1_000 + position,
    agent,
    eventId,
    transport: ROUTE[Number(eventId.split('-')[1])]!,
  }));
});

const EFFECTS: readonly Effect[] = agentNames.flatMap((agent) =>
  ['tenant-1/fbk-0', 'tenant-1/fbk-1'].map((key) => ({ agent, key, value: { score: 1, of: ['a', 'b'] } })),
);

const TAKEN: readonly TakenEntry[] = [0, 1, 2].flatMap((feedback) => [
  { kind: 'feedback' as const, tenantId: 'tenant-1', feedbackId: `fbk-${feedback}` },
  {
    kind: 'vote' as const,
    tenantId: 'tenant-1',
    feedbackId: `fbk-${feedback}`,
    userId: 'usr_1',
    weight: 1,
  },
]);

function outcome(more: Partial<AgentsOutcome> = {}): AgentsOutcome {
  return {
    consumers: [],
    deadLetters: [],
    denials: [],
    alarms: [],
    retried: 0,
    seconds: 12,
    waitingFor: [],
    record: RECORD,
    handled: HANDLED,
    expectedEffects: EFFECTS,
    effects: EFFECTS.toReversed(),
    taken: TAKEN,
    route: ROUTE,
    moves: ROUTE.slice(1).flatMap((to, index) =>
      agentNames.map((agent) => ({
        agent,
        from: ROUTE[index]!,
        to,
        command: 'move' as const,
        milliseconds: 5,
        cutOff: 0,
        leftGivenUp: 0,
      })),
    ),
    parity: [],
    status: agentNames.map((agent) => ({ agent, liveOn: 'sns-sqs', moves: 2 })),
    receiver: { taken: 0, repeated: 0, badSignatures: 0 },
    agentDeadLetters: [],
    unexpectedAnswers: {},
    refused: 9,
    killed: undefined,
    latencyMs: { p50: 9, p99: 40 },
    ...more,
  };
}

const rowsOf = (agent: AgentName): readonly HandledEvent[] => HANDLED.filter((row) => row.agent === agent);
const without = (agent: AgentName, eventId: string): readonly HandledEvent[] =>
  HANDLED.filter((row) => row.agent !== agent || row.eventId !== eventId);

/** Two rows of an agent change places. */
function swapped(agent: AgentName, one: number, other: number): readonly HandledEvent[] {
  const rows = rowsOf(agent);
  const [left, right] = [rows[one]!, rows[other]!];
  return HANDLED.map((row) => {
    if (row === left) return { ...row, sequence: right.sequence };
    return row === right ? { ...row, sequence: left.sequence } : row;
  });
}

test('a run in which every agent did what it should is a success', () => {
  expect(agentsFailures(outcome())).toEqual([]);
  expect(verdictsOf(outcome()).map(({ ok }) => ok)).toEqual(agentNames.map(() => true));
});

describe.each(agentNames)('%s', (agent) => {
  const first = rowsOf(agent)[0]!;
  const last = rowsOf(agent).at(-1)!;

  test.each<[string, Partial<AgentsOutcome>, string]>([
    ['an event that is lost', { handled: without(agent, first.eventId) }, `${agent} lost 1 events`],
    [
      'an event that is handled twice',
      { handled: [...HANDLED, { ...first, sequence: first.sequence + 0.5 }] },
      `${agent} handled 1 events more than once, for example ${first.eventId}`,
    ],
    [
      'an event after a later one of its key',
      { handled: swapped(agent, 0, 1), record: RECORD },
      `${agent} handled 1 events after a later one of the same key, for example ${first.eventId}`,
    ],
    [
      'an event of nobody',
      { handled: [...HANDLED, { ...first, eventId: 'evt-stranger', sequence: first.sequence + 0.5 }] },
      `${agent} handled 1 events that are not its own`,
    ],
    [
      'an effect that is lost',
      { effects: EFFECTS.filter((effect) => effect !== EFFECTS.find((of) => of.agent === agent)) },
      `${agent} lacks 1 effects, for example tenant-1/fbk-0`,
    ],
    [
      'an effect that is there twice',
      { effects: [...EFFECTS, EFFECTS.find((of) => of.agent === agent)!] },
      `${agent} had 1 effects more than once, for example tenant-1/fbk-0`,
    ],
    [
      'an effect of nobody',
      { effects: [...EFFECTS, { agent, key: 'tenant-2/fbk-0', value: {} }] },
      `${agent} had 1 effects that it should not have`,
    ],
    [
      'another effect',
      {
        effects: EFFECTS.map((effect) =>
          effect.agent === agent && effect.key === 'tenant-1/fbk-1'
            ? { ...effect, value: { of: ['a', 'b'], score: 2 } }
            : effect,
        ),
      },
      `${agent} had 1 other effects than in the control run, for example tenant-1/fbk-1: {"of":["a","b"],"score":2} instead of`,
    ],
    [
      'an effect by the transport that was left',
      { handled: HANDLED.map((row) => (row === last ? { ...row, transport: 'postgres' } : row)) },
      `${agent} had its effects by postgres`,
    ],
  ])('%s fails the run, and the agent alone', (_, wrong, reason) => {
    const judged = outcome(wrong);
    expect(agentsFailures(judged).join('\n')).toContain(reason);
    const bad = verdictsOf(judged).filter(({ ok }) => !ok);
    expect(bad.map(({ handling }) => handling.agent)).toEqual([agent]);
  });
});

describe('what fails a run besides', () => {
  const [feedback, vote] = TAKEN;
  test.each<[string, Partial<AgentsOutcome>, string]>([
    ['nothing taken', { taken: [], record: [], handled: [] }, 'no feedback was taken'],
    [
      'feedback that was taken, and is not in the record',
      { taken: [...TAKEN, { ...feedback!, feedbackId: 'fbk-9' }] },
      '1 requests were taken by the API and are not in the record, for example feedback tenant-1 fbk-9',
    ],
    [
      'a vote of another weight in the record',
      { taken: TAKEN.map((entry) => (entry === vote ? { ...entry, weight: 3 } : entry)) },
      '1 events are in the record that nobody asked for, for example vote tenant-1 fbk-0 usr_1 1',
    ],
    [
      'an event that is in the record twice',
      { record: [...RECORD, { ...RECORD[1]!, position: 99 }] },
      '1 events are in the record more than once',
    ],
    [
      'a move that was refused',
      { moves: outcome().moves.map((move, index) => (index === 3 ? { ...move, refused: 'no' } : move)) },
      'priority could not be moved from postgres to redis by move: no',
    ],
    [
      'a move that was not made',
      { moves: outcome().moves.slice(1) },
      '15 moves were made, and 16 were to be',
    ],
    [
      'a move that left dead letters',
      { moves: outcome().moves.map((move, index) => (index === 3 ? { ...move, leftGivenUp: 2 } : move)) },
      'left 2 events on postgres that had been given up there',
    ],
    [
      'an agent that is elsewhere in the end',
      { status: outcome().status.map((one, index) => (index === 0 ? { ...one, liveOn: 'redis' } : one)) },
      'on redis after 2 moves, and not on sns-sqs after 2',
    ],
    [
      'an agent that moved once more',
      { status: outcome().status.map((one, index) => (index === 0 ? { ...one, moves: 3 } : one)) },
      'on sns-sqs after 3 moves, and not on sns-sqs after 2',
    ],
    [
      'an agent that nobody knows',
      { status: outcome().status.slice(1) },
      'waybill transport status does not know',
    ],
    [
      'a shadow of which nobody knows what came',
      { parity: [{ agent: 'sentiment', transport: 'redis', unknown: 'no answer' }] },
      'the shadow of sentiment on redis could not be compared: no answer',
    ],
    ['an answer of the API', { unexpectedAnswers: { 'POST: 500': 1 } }, '1 times: POST: 500'],
    ['what still runs', { waitingFor: ['roadmap: 3 unread'] }, 'not quiet in time'],
    ['a kill that hit nobody', { killed: 0 }, 'no process and no function was killed'],
    [
      'a dead letter of an agent',
      {
        agentDeadLetters: [
          { agent: 'roadmap', transport: 'redis', eventId: 'evt-1', reason: 'HANDLER_FAILED' },
        ],
      },
      'roadmap has a dead letter that nobody provoked (redis): HANDLER_FAILED evt-1',
    ],
    [
      'a dead letter of a queue',
      {
        deadLetters: [
          {
            consumer: 'priority',
            eventId: 'evt-2',
            reason: 'MAX_RECEIVES',
            cutOff: false,
            region: 'us-east-1',
          },
        ],
      },
      'priority has a dead letter that nobody provoked (SQS): MAX_RECEIVES evt-2',
    ],
    [
      'a shadow that lacks events',
      {
        parity: [
          {
            agent: 'roadmap',
            transport: 'redis',
            arrived: 3,
            missing: 1,
            extra: 0,
            reordered: 2,
            repeated: 0,
            differenceMs: 4,
          },
        ],
      },
      'the shadow of roadmap on redis saw 1 events less, 0 more and 2 in another order',
    ],
    [
      'a delivery that did not arrive',
      { receiver: { taken: 1, repeated: 0, badSignatures: 0 } },
      "the tenants' endpoints took 1 deliveries, and 0 are noted",
    ],
    [
      'an alarm that events were given up',
      {
        alarms: [
          {
            name: 'agents/RoadmapGivenUpAlarm',
            shortName: 'RoadmapGivenUpAlarm',
            reason: '218 were',
          } as never,
        ],
      },
      'RoadmapGivenUpAlarm is in ALARM: 218 were',
    ],
    [
      'a wrong signature',
      { receiver: { taken: 0, repeated: 0, badSignatures: 2 } },
      '2 deliveries were signed wrongly',
    ],
    [
      'a denied call',
      {
        denials: [{ principal: 'roadmap', action: 'sqs:Receive', resourceArn: 'queue', times: 2 } as never],
      },
      'roadmap was denied sqs:Receive on queue, 2 times',
    ],
  ])('%s', (_, wrong, reason) => {
    expect(agentsFailures(outcome(wrong)).join('\n')).toContain(reason);
  });
});

test('the report has each agent with its verdict, and the sums', () => {
  const lost = outcome({ handled: without('roadmap', rowsOf('roadmap')[0]!.eventId) });
  expect(agentsReport(lost)).toMatchObject({
    published: 18,
    accepted: 6,
    lost: 1,
    duplicates: 0,
    outOfOrder: 0,
    agents: {
      roadmap: { ok: false, expected: 9, handled: 8, lost: 1, effectsAsInControl: true },
      sentiment: {
        ok: true,
        expected: 3,
        legs: [
          { transport: 'postgres', events: 1 },
          { transport: 'redis', events: 1 },
          { transport: 'sns-sqs', events: 1 },
        ],
      },
    },
  });
  expect(agentsSummary(lost)).toContain('7 of 8 agents as in the control run; 16 moves');
});
