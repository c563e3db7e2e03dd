/** The outcome of a generation run: one JSON object, and everything that makes it a failure. */
import { failuresOf, lostEventsOf } from '../../run/report.ts';
import type { Observed } from '../../run/systems/system.ts';
import { keyOf } from './measure.ts';
import type { GenerationMeasure, Note, ToldEvent } from './measure.ts';
import type { GenerationFate, PlannedUser } from './plan.ts';
import type { Viewer } from './viewer.ts';

/** A callback that should have had no effect, and what became of it. */
export interface Probe {
  readonly what: string;
  readonly wanted: number;
  readonly answered: number;
}

/** What of a viewer is judged. */
export type SeenBy = Pick<Viewer, 'name' | 'user' | 'shown' | 'gaps' | 'received' | 'connections' | 'isLive'>;

export interface GenerationOutcome extends Observed, GenerationMeasure {
  readonly users: readonly PlannedUser[];
  /** The generations that the API took. */
  readonly taken: readonly {
    readonly generationId: string;
    readonly user: number;
    readonly fate: GenerationFate;
  }[];
  readonly viewers: readonly SeenBy[];
  readonly probes: readonly Probe[];
  readonly unexpectedAnswers: Readonly<Record<string, number>>;
  readonly poisoned: readonly string[];
}

const END_OF_FATE: Readonly<Record<GenerationFate, string>> = {
  complete: 'COMPLETE',
  failed: 'ERROR',
  silent: 'ERROR',
};

export function generationReport(outcome: GenerationOutcome): object {
  const { taken, rows, told, notes, viewers, measured, deadLetters, denials, alarms } = outcome;
  const count = (status: string): number => rows.filter((row) => row.status === status).length;
  return {
    generations: {
      taken: taken.length,
      complete: count('COMPLETE'),
      failed: count('ERROR'),
      pending: count('PENDING'),
    },
    notifications: {
      told: told.length,
      stored: [...notes.values()].reduce((sum, own) => sum + own.length, 0),
      shown: viewers.reduce((sum, { shown }) => sum + shown.length, 0),
      received: viewers.reduce((sum, { received }) => sum + received(), 0),
      missed: viewers.reduce((sum, viewer) => sum + missedBy(outcome, viewer).length, 0),
    },
    clients: {
      users: outcome.users.length,
      tabs: viewers.length,
      connections: viewers.reduce((sum, { connections }) => sum + connections(), 0),
    },
    probes: outcome.probes,
    consumers: Object.fromEntries(
      Object.entries(measured.consumers).map(([name, { expected, handled, missing, duplicates }]) => [
        name,
        { expected, handled, missing: missing.length, duplicates },
      ]),
    ),
    published: measured.published,
    retried: outcome.retried,
    deadLettered: deadLetters.length,
    lost: lostEventsOf(outcome).length,
    denied: denials.reduce((sum, { times }) => sum + times, 0),
    alarms: alarms.map(({ name }) => name),
    seconds: outcome.seconds,
  };
}

export function generationSummary({ taken, viewers, told, seconds, ...outcome }: GenerationOutcome): string {
  const shown = viewers.reduce((sum, viewer) => sum + viewer.shown.length, 0);
  const connections = viewers.reduce((sum, viewer) => sum + viewer.connections(), 0);
  return [
    `${taken.length} generations ended`,
    `${told.length} notifications, ${shown} shown in ${viewers.length} tabs over ${connections} connections`,
    `${outcome.deadLetters.length} dead-lettered`,
    `${seconds.toFixed(1)} s`,
  ].join('; ');
}

/** Every reason why the run is not a success, in words; empty when it is one. */
export function generationFailures(outcome: GenerationOutcome): string[] {
  return [
    ...failuresOf(outcome),
    ...endFailures(outcome),
    ...noteFailures(outcome),
    ...outcome.viewers.flatMap((viewer) => viewerFailures(outcome, viewer)),
    ...outcome.probes
      .filter(({ wanted, answered }) => wanted !== answered)
      .map(({ what, wanted, answered }) => `${what} was answered ${answered} instead of ${wanted}`),
  ];
}

/** Each generation ends as planned, exactly once, and is told of in that order; nothing else was made. */
function endFailures({ taken, rows, told }: GenerationOutcome): string[] {
  const failures: string[] = [];
  const byId = new Map(rows.map((row) => [row.generationId, row]));
  const toldOf = Map.groupBy(told, ({ generationId }) => generationId);
  for (const { generationId, fate } of taken) {
    const status = byId.get(generationId)?.status ?? 'no row';
    const wanted = END_OF_FATE[fate];
    if (status !== wanted) failures.push(`${generationId} should be ${wanted}, and is ${status}`);
    const statuses = (toldOf.get(generationId) ?? []).map((event) => event.status);
    const ends = statuses.filter((each) => each !== 'PENDING');
    if (ends.length !== 1) failures.push(`${generationId} was told to have ended ${ends.length} times`);
    else if (ends[0] !== status) failures.push(`${generationId} is ${status}, and was told to be ${ends[0]}`);
    else if (statuses.at(-1) === 'PENDING')
      failures.push(`${generationId} was told to be pending after its end`);
  }
  const known = new Set(taken.map(({ generationId }) => generationId));
  const foreign = rows.filter(({ generationId }) => !known.has(generationId));
  if (foreign.length > 0)
    failures.push(`${foreign.length} generations that nobody asked for, such as ${foreign[0]!.generationId}`);
  return failures;
}

/** The notes of a user are the events of that user, each once, in their order, with cursors 1, 2, 3 and so on. */
function noteFailures({ told, notes }: GenerationOutcome): string[] {
  const failures: string[] = [];
  const toldOf = Map.groupBy(told, keyOf);
  for (const user of new Set([...toldOf.keys(), ...notes.keys()])) {
    const events = toldOf.get(user) ?? [];
    const own = notes.get(user) ?? [];
    const hole = own.findIndex(({ cursor }, index) => cursor !== index + 1);
    if (hole >= 0) failures.push(`${user}: cursor ${hole + 1} is missing or there twice`);
    const difference = firstDifference(events, own);
    if (difference !== undefined) failures.push(`${user}: ${difference}`);
  }
  return failures;
}

function firstDifference(events: readonly ToldEvent[], notes: readonly Note[]): string | undefined {
  if (events.length !== notes.length) return `${events.length} events, and ${notes.length} notes`;
  const index = events.findIndex(({ eventId }, at) => eventId !== notes[at]?.id);
  return index < 0
    ? undefined
    : `note ${index + 1} is not of the event that was written as number ${index + 1}`;
}

/** Each tab was shown every note of its user exactly once, in order. */
function viewerFailures(outcome: GenerationOutcome, viewer: SeenBy): string[] {
  const { name, shown, gaps } = viewer;
  const failures: string[] = [];
  const missed = missedBy(outcome, viewer);
  if (missed.length > 0)
    failures.push(
      `${name} missed ${missed.length} notifications, the first with cursor ${missed[0]!.cursor}`,
    );
  const ids = new Set(shown.map(({ id }) => id));
  if (ids.size < shown.length)
    failures.push(`${name} was shown ${shown.length - ids.size} notifications twice`);
  const backwards = shown.findIndex(({ cursor }, index) => index > 0 && cursor <= shown[index - 1]!.cursor);
  if (backwards > 0) failures.push(`${name} was shown cursor ${shown[backwards]!.cursor} too late`);
  const own = new Set(notesOfViewer(outcome, viewer).map(({ id }) => id));
  const foreign = shown.filter(({ id }) => !own.has(id));
  if (foreign.length > 0)
    failures.push(`${name} was shown ${foreign.length} notifications that are not its user's`);
  if (gaps.length > 0) failures.push(`${name} was told that ${gaps.join(', ')} are kept no longer`);
  return failures;
}

function missedBy(outcome: GenerationOutcome, viewer: SeenBy): readonly Note[] {
  const ids = new Set(viewer.shown.map(({ id }) => id));
  return notesOfViewer(outcome, viewer).filter(({ id }) => !ids.has(id));
}

function notesOfViewer({ users, notes }: GenerationOutcome, { user }: SeenBy): readonly Note[] {
  return notes.get(keyOf(users[user]!)) ?? [];
}
