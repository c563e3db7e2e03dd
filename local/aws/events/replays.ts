/** Replays: archived events put on their bus again, marked with the replay's name. */
import type { AwsContext } from '../context.ts';
import type { ScheduleTimers } from '../schedules/index.ts';
import { existingArchive, keptEvents } from './archives.ts';
import { alreadyExists, limitExceeded, notFound, validationError } from './errors.ts';
import {
  checkName,
  type Input,
  optionalText,
  optionalTime,
  record,
  requiredText,
  texts,
  pageOf,
} from './input.ts';
import { MAX_ACTIVE_REPLAYS } from './limits.ts';
import type { BusEvent, Replay } from './model.ts';
import type { EventsState } from './state.ts';

/** API_StartReplay.html */
const MAX_NAME_LENGTH = 64;
/** Events between two looks at whether the replay was cancelled. */
const EVENTS_PER_STEP = 100;

/** What a replay works with. */
export interface ReplayRun {
  /** Puts an event on a bus for these rules, or for all of them when there are none. */
  readonly put: (busArn: string, event: BusEvent, ruleArns: readonly string[]) => void;
  readonly timers: ScheduleTimers;
}

/** Starts a replay; it runs on timers of the context's clock and is over when they have run. */
export function startReplay(context: AwsContext, state: EventsState, input: Input, replayRun: ReplayRun) {
  const name = requiredText(input, 'ReplayName');
  checkName(name, 'replayName', MAX_NAME_LENGTH);
  if (state.replays.has(name)) throw alreadyExists(`Replay ${name} already exists.`);
  const archiveName = requiredText(input, 'EventSourceArn').split(':archive/')[1] ?? '';
  const archive = state.archives.get(archiveName);
  if (!archive) {
    throw validationError(
      `Parameter EventSourceArn is not valid. Reason: Archive ${archiveName} does not exist.`,
    );
  }
  const destination = record(input['Destination']);
  if (optionalText(destination, 'Arn') !== archive.busArn) {
    throw validationError(
      'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
    );
  }
  const from = optionalTime(input, 'EventStartTime');
  const to = optionalTime(input, 'EventEndTime');
  if (from === undefined || to === undefined || from >= to) {
    throw validationError(
      'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    );
  }
  const active = [...state.replays.values()].filter((one) => one.endedAt === undefined).length;
  if (active >= MAX_ACTIVE_REPLAYS) throw limitExceeded();

  const replay: Replay = {
    name,
    arn: `arn:aws:events:${context.region}:${context.accountId}:replay/${name}`,
    archiveArn: archive.arn,
    busArn: archive.busArn,
    filterArns: texts(destination, 'FilterArns'),
    description: optionalText(input, 'Description'),
    from,
    to,
    startedAt: context.clock.now(),
    state: 'STARTING',
    endedAt: undefined,
    lastEventAt: undefined,
  };
  state.replays.set(name, replay);
  state.saveReplay(replay);
  replayRun.timers.once(replay.arn, 0, () => run(context, state, replay, replayRun));
  return { ReplayArn: replay.arn, State: replay.state, ReplayStartTime: replay.startedAt / 1_000 };
}

/** Runs again what an earlier process had not ended: an event may come twice, none is left out. */
export function resumeReplays(context: AwsContext, state: EventsState, replayRun: ReplayRun): void {
  for (const replay of state.replays.values()) {
    if (replay.endedAt !== undefined) continue;
    replayRun.timers.once(replay.arn, 0, () => run(context, state, replay, replayRun));
  }
}

function run(context: AwsContext, state: EventsState, replay: Replay, { put, timers }: ReplayRun): void {
  const archive = existingArchive(state, replay.archiveArn.split(':archive/')[1] ?? '');
  const events = keptEvents(context, state, archive).filter(({ at }) => at >= replay.from && at < replay.to);
  const step = (position: number) => {
    if (replay.state === 'CANCELLING') {
      end(context, state, replay, 'CANCELLED');
      return;
    }
    replay.state = 'RUNNING';
    for (const { at, event } of events.slice(position, position + EVENTS_PER_STEP)) {
      put(replay.busArn, markReplayed(event, replay.name), replay.filterArns);
      replay.lastEventAt = at;
    }
    const next = position + EVENTS_PER_STEP;
    if (next < events.length) timers.once(replay.arn, 0, () => step(next));
    else end(context, state, replay, 'COMPLETED');
  };
  step(0);
}

function end(context: AwsContext, state: EventsState, replay: Replay, outcome: Replay['state']): void {
  replay.state = outcome;
  replay.endedAt = context.clock.now();
  state.saveReplay(replay);
}

/** The member stands before `resources`, as AWS writes it. */
function markReplayed(event: BusEvent, replayName: string): BusEvent {
  const { resources, detail, ...head } = event;
  return { ...head, 'replay-name': replayName, resources, detail };
}

export function cancelReplay(state: EventsState, input: Input) {
  const replay = existingReplay(state, input);
  if (replay.endedAt !== undefined) {
    throw validationError(`Replay ${replay.name} is not in a valid state for this operation.`);
  }
  replay.state = 'CANCELLING';
  state.saveReplay(replay);
  return { ReplayArn: replay.arn, State: replay.state };
}

export function describeReplay(state: EventsState, input: Input) {
  const replay = existingReplay(state, input);
  return {
    ...describe(replay),
    ReplayArn: replay.arn,
    Destination: {
      Arn: replay.busArn,
      ...(replay.filterArns.length === 0 ? {} : { FilterArns: replay.filterArns }),
    },
    ...(replay.description === undefined ? {} : { Description: replay.description }),
  };
}

function describe(replay: Replay) {
  return {
    ReplayName: replay.name,
    EventSourceArn: replay.archiveArn,
    State: replay.state,
    EventStartTime: replay.from / 1_000,
    EventEndTime: replay.to / 1_000,
    ReplayStartTime: replay.startedAt / 1_000,
    ...(replay.lastEventAt === undefined ? {} : { EventLastReplayedTime: replay.lastEventAt / 1_000 }),
    ...(replay.endedAt === undefined ? {} : { ReplayEndTime: replay.endedAt / 1_000 }),
  };
}

export function listReplays(state: EventsState, input: Input) {
  const prefix = optionalText(input, 'NamePrefix') ?? '';
  const wanted = optionalText(input, 'State');
  const archiveArn = optionalText(input, 'EventSourceArn');
  const all = [...state.replays.values()].filter(
    (replay) =>
      replay.name.startsWith(prefix) &&
      (wanted === undefined || replay.state === wanted) &&
      (archiveArn === undefined || replay.archiveArn === archiveArn),
  );
  const { items, next } = pageOf(all, input);
  return { Replays: items.map(describe), ...next };
}

function existingReplay(state: EventsState, input: Input): Replay {
  const name = requiredText(input, 'ReplayName');
  const replay = state.replays.get(name);
  if (!replay) throw notFound(`Replay ${name} does not exist.`);
  return replay;
}
