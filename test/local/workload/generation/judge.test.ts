/** The judge of the generation system's run: a good run passes, and each kind of harm is told. */
import { describe, expect, test } from '@jest/globals';
import { generationFailures, generationReport } from '../../../../local/workload/generation/index.ts';
import type { GenerationOutcome } from '../../../../local/workload/generation/index.ts';
import type { SeenBy } from '../../../../local/workload/generation/judge.ts';
import { keyOf, notesOf } from '../../../../local/workload/generation/measure.ts';
import { planGenerations, planUsers } from '../../../../local/workload/generation/plan.ts';

const users = planUsers(2);
const [ada] = users;
const of = (generationId: string) => ({
  generationId,
  tenantId: ada!.tenantId,
  userId: ada!.userId,
});
const told = [
  { ...of('g1'), eventId: 'e1', status: 'PENDING' },
  { ...of('g1'), eventId: 'e2', status: 'COMPLETE' },
  { ...of('g2'), eventId: 'e3', status: 'ERROR' },
];
const notes = told.map(({ eventId }, index) => ({ cursor: index + 1, id: eventId }));
const shown = told.map(({ eventId, generationId, status }, index) => ({
  cursor: index + 1,
  id: eventId,
  generationId,
  status,
  at: 0,
}));

function viewer(change: Partial<SeenBy> = {}): SeenBy {
  return {
    name: 'tab',
    user: 0,
    shown,
    gaps: [],
    received: () => 3,
    connections: () => 1,
    isLive: () => true,
    ...change,
  };
}

function outcome(change: Partial<GenerationOutcome> = {}): GenerationOutcome {
  return {
    users,
    taken: [
      { generationId: 'g1', user: 0, fate: 'complete' },
      { generationId: 'g2', user: 0, fate: 'silent' },
    ],
    rows: [
      { ...of('g1'), status: 'COMPLETE' },
      { ...of('g2'), status: 'ERROR' },
    ],
    told,
    notes: new Map([[keyOf(ada!), notes]]),
    viewers: [viewer()],
    probes: [{ what: 'a forged callback', wanted: 401, answered: 401 }],
    measured: { published: 5, waiting: 0, quarantined: 0, consumers: {}, latencyMs: null },
    unexpectedAnswers: {},
    poisoned: [],
    consumers: [],
    deadLetters: [],
    denials: [],
    alarms: [],
    retried: 0,
    seconds: 1,
    waitingFor: [],
    ...change,
  };
}

describe('the judge of the generation system', () => {
  test('a good run has no failure', () => {
    expect(generationFailures(outcome())).toEqual([]);
    expect(generationReport(outcome())).toMatchObject({
      generations: { taken: 2, complete: 1, failed: 1, pending: 0 },
      notifications: { told: 3, stored: 3, shown: 3, missed: 0 },
    });
  });

  test.each<readonly [string, Partial<GenerationOutcome>, RegExp]>([
    [
      'a generation that never ended',
      { rows: [{ ...of('g1'), status: 'PENDING' }, outcome().rows[1]!] },
      /g1 should be COMPLETE, and is PENDING/,
    ],
    ['a row that is gone', { rows: [outcome().rows[0]!] }, /g2 should be ERROR, and is no row/],
    [
      'a second end',
      { told: [...told, { ...of('g1'), eventId: 'e4', status: 'COMPLETE' }] },
      /g1 was told to have ended 2 times/,
    ],
    ['an end that nobody was told of', { told: told.slice(0, 2) }, /g2 was told to have ended 0 times/],
    [
      'another end told than stored',
      { told: [told[0]!, { ...told[1]!, status: 'ERROR' }, told[2]!] },
      /g1 is COMPLETE, and was told to be ERROR/,
    ],
    [
      'an end before its beginning',
      { told: [told[1]!, told[0]!, told[2]!] },
      /g1 was told to be pending after/,
    ],
    [
      'a generation twice',
      { rows: [...outcome().rows, { ...of('g3'), status: 'COMPLETE' }] },
      /1 generations that nobody asked for, such as g3/,
    ],
    [
      'a hole in the cursors',
      {
        notes: new Map([
          [keyOf(ada!), [notes[0]!, { ...notes[1]!, cursor: 3 }, { ...notes[2]!, cursor: 4 }]],
        ]),
      },
      /cursor 2 is missing or there twice/,
    ],
    ['a note that is gone', { notes: new Map([[keyOf(ada!), notes.slice(0, 2)]]) }, /3 events, and 2 notes/],
    [
      'notes in another order',
      {
        notes: new Map([[keyOf(ada!), [notes[0]!, { cursor: 2, id: 'e3' }, { cursor: 3, id: 'e2' }]]]),
      },
      /note 2 is not of the event/,
    ],
    [
      'a notification that a tab missed',
      { viewers: [viewer({ shown: [shown[0]!, shown[2]!] })] },
      /tab missed 1 notifications, the first with cursor 2/,
    ],
    [
      'a notification shown twice',
      { viewers: [viewer({ shown: [...shown, shown[2]!] })] },
      /tab was shown 1 notifications twice/,
    ],
    [
      'notifications out of order',
      { viewers: [viewer({ shown: [shown[1]!, shown[0]!, shown[2]!] })] },
      /tab was shown cursor 1 too late/,
    ],
    [
      "somebody else's notification",
      { viewers: [viewer({ shown: [...shown, { ...shown[0]!, cursor: 4, id: 'foreign' }] })] },
      /1 notifications that are not its user's/,
    ],
    ['a gap', { viewers: [viewer({ gaps: ['1 to 2'] })] }, /was told that 1 to 2 are kept no longer/],
    [
      'a forged callback that was taken',
      { probes: [{ what: 'a forged callback', wanted: 401, answered: 200 }] },
      /a forged callback was answered 200 instead of 401/,
    ],
    ['work that is left', { waitingFor: ['outbox: 1 pending'] }, /not quiet in time/],
    [
      'an answer of the API that was not expected',
      { unexpectedAnswers: { 'order: 400': 1 } },
      /did not expect/,
    ],
  ])('%s is told', (_name, change, expected) => {
    expect(generationFailures(outcome(change)).join('\n')).toMatch(expected);
  });
});

test('the notes of a table are those of each user, by cursor', () => {
  const item = (user: string, cursor: number) => ({
    pk: { S: user },
    sk: { S: `NOTE#${String(cursor).padStart(12, '0')}` },
    cursor: { N: String(cursor) },
    id: { S: `e${cursor}` },
  });
  const table = [item('USER#a', 2), { pk: { S: 'USER#a' }, sk: { S: 'COUNTER' } }, item('USER#a', 1)];

  expect(notesOf(table)).toEqual(
    new Map([
      [
        'USER#a',
        [
          { cursor: 1, id: 'e1' },
          { cursor: 2, id: 'e2' },
        ],
      ],
    ]),
  );
});

test('the plan is the same for the same seed, and has each fate', () => {
  const plan = planGenerations(7, 100, 12);

  expect(planGenerations(7, 100, 12)).toEqual(plan);
  const count = (fate: string): number => plan.filter((planned) => planned.fate === fate).length;
  expect([count('silent'), count('failed'), count('complete')]).toEqual([
    2,
    expect.any(Number),
    expect.any(Number),
  ]);
  expect(count('failed')).toBeGreaterThanOrEqual(6);
  expect(new Set(plan.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(100);
});
