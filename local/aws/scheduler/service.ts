/** The embedded EventBridge Scheduler: groups and schedules, in process and over REST-JSON. */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { createDeliveries, createDeliveryJournal, patientAfterRestart } from '../delivery/index.ts';

import { schedulerAuthorization } from './authorization.ts';
import { tagMap } from '../json.ts';
import { createScheduleTimers } from '../schedules/index.ts';
import { conflict, notFound, quotaExceeded, validationError } from './errors.ts';
import {
  type Input,
  optionalText,
  pageOf,
  readExpression,
  readName,
  readSettings,
  requiredText,
  textList,
} from './input.ts';
import { type Execution, invokeSchedule, newExecution } from './invocation.ts';
import type { Schedule, ScheduleGroup } from './model.ts';
import { schedulerRoutes } from './routes.ts';
import { createSchedulerState } from './state.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly scheduler: SchedulerService;
  }
}

/** Scheduler as other code in this process uses it. Inputs and outputs have the shapes of the API. */
export interface SchedulerService extends AwsService {
  readonly name: 'scheduler';
  createSchedule(input: Input): { ScheduleArn: string };
  createScheduleGroup(input: Input): { ScheduleGroupArn: string };
  /** What is there, for the console and for assertions. */
  schedules(): readonly Schedule[];
  /** Invocations that have not ended. */
  busy(): number;
  close(): void;
}

const MINUTE_MS = 60_000;
/** API_CreateScheduleGroup.html, "Quotas for EventBridge Scheduler" */
const MAX_GROUPS = 500;
const MAX_TAGS = 200;

interface KeptExecution {
  readonly schedule: Pick<Schedule, 'arn' | 'target'>;
  readonly execution: Execution;
}

export function createSchedulerService(context: AwsContext): SchedulerService {
  const state = createSchedulerState(context);
  const deliveries = createDeliveries(context);
  const journal = createDeliveryJournal<KeptExecution>(context.state, 'scheduler.deliveries');
  const timers = createScheduleTimers(context.clock);

  const existingGroup = (name: string): ScheduleGroup => {
    const group = state.groups.get(name);
    if (!group) throw notFound('Schedule group', name);
    return group;
  };
  const groupOf = (input: Input) => existingGroup(optionalText(input, 'GroupName') ?? 'default');
  const existing = (input: Input): Schedule => {
    const name = readName(input);
    const schedule = groupOf(input).schedules.get(name);
    if (!schedule) throw notFound('Schedule', name);
    return schedule;
  };

  const remove = (schedule: Schedule): void => {
    timers.stop(schedule.arn);
    state.deleteSchedule(schedule);
  };

  const invoke = (schedule: Schedule, due: number): void => {
    const execution = newExecution(context, due);
    const kept = { schedule: { arn: schedule.arn, target: schedule.target }, execution };
    const end = journal.begin(execution.id, () => kept);
    void invokeSchedule(context, deliveries, schedule, execution).then(end);
    journal.save();
  };

  /** `after` is the last time that needs no invocation any more. */
  const arm = (schedule: Schedule, after: number): void => {
    timers.stop(schedule.arn);
    if (!schedule.enabled) return;
    const next = (time: number) => nextInvocation(schedule, time);
    const fire = (due: number) => {
      // A flexible window spreads invocations; the schedule itself keeps its beat.
      const spread = Math.floor(context.faults.random() * schedule.windowMinutes * MINUTE_MS);
      const last = schedule.deleteWhenDone && next(due) === undefined;
      const begin = () => {
        invoke(schedule, due);
        if (last) remove(schedule);
        else if (isCurrent(schedule)) state.saveSchedule({ ...current(schedule), lastDue: due });
      };
      if (spread === 0) begin();
      else timers.once(`${schedule.arn} ${due}`, spread, begin);
    };
    timers.start(schedule.arn, next, fire, after);
  };
  const current = ({ groupName, name }: Schedule) => existingGroup(groupName).schedules.get(name) as Schedule;
  const isCurrent = ({ groupName, name, modifiedAt }: Schedule) =>
    state.groups.get(groupName)?.schedules.get(name)?.modifiedAt === modifiedAt;

  const put = (input: Input, group: ScheduleGroup, before: Schedule | undefined) => {
    const name = readName(input);
    const now = context.clock.now();
    const settings = readSettings(input);
    const schedule: Schedule = {
      ...settings,
      due: readExpression(settings.expression, settings.timeZone),
      name,
      arn: `arn:aws:scheduler:${context.region}:${context.accountId}:schedule/${group.name}/${name}`,
      groupName: group.name,
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
      clientToken: before ? before.clientToken : optionalText(input, 'ClientToken'),
      lastDue: undefined,
    };
    state.saveSchedule(schedule);
    arm(schedule, now - 1);
    return { ScheduleArn: schedule.arn };
  };

  const createSchedule = (input: Input) => {
    const group = groupOf(input);
    const name = readName(input);
    const before = group.schedules.get(name);
    if (before) {
      const token = optionalText(input, 'ClientToken');
      if (token !== undefined && token === before.clientToken) return { ScheduleArn: before.arn };
      throw conflict('Schedule', name);
    }
    return put(input, group, undefined);
  };

  const createScheduleGroup = (input: Input) => {
    const name = readName(input);
    if (state.groups.has(name)) throw conflict('Schedule group', name);
    if (state.groups.size >= MAX_GROUPS) throw quotaExceeded('schedule groups');
    return { ScheduleGroupArn: state.createGroup(name, tagMap(input['Tags'])).arn };
  };

  const deleteScheduleGroup = (input: Input) => {
    const group = existingGroup(readName(input));
    if (group.name === 'default') throw validationError('The default schedule group can not be deleted.');
    for (const schedule of group.schedules.values()) timers.stop(schedule.arn);
    state.deleteGroup(group);
    return {};
  };

  const listSchedules = (input: Input) => {
    const groupName = optionalText(input, 'GroupName');
    const wanted = groupName === undefined ? [...state.groups.values()] : [existingGroup(groupName)];
    const prefix = optionalText(input, 'NamePrefix') ?? '';
    const wantedState = optionalText(input, 'State');
    const all = wanted
      .flatMap(({ schedules }) => [...schedules.values()])
      .filter(
        (one) => one.name.startsWith(prefix) && (wantedState === undefined || stateOf(one) === wantedState),
      );
    const { items, next } = pageOf(all, input);
    return { Schedules: items.map(summary), ...next };
  };

  const listScheduleGroups = (input: Input) => {
    const prefix = optionalText(input, 'NamePrefix') ?? '';
    const all = [...state.groups.values()].filter(({ name }) => name.startsWith(prefix));
    const { items, next } = pageOf(all, input);
    return { ScheduleGroups: items.map(describeGroup), ...next };
  };

  /** Only groups bear tags. */
  const taggedGroup = (input: Input): ScheduleGroup => {
    const arn = requiredText(input, 'ResourceArn');
    const group = [...state.groups.values()].find((one) => one.arn === arn);
    if (!group) throw notFound('Schedule group', arn.split('/').at(-1) ?? arn);
    return group;
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateSchedule: createSchedule,
    UpdateSchedule: (input) => put(input, groupOf(input), existing(input)),
    GetSchedule: (input) => describe(existing(input)),
    DeleteSchedule(input) {
      remove(existing(input));
      return {};
    },
    ListSchedules: listSchedules,
    CreateScheduleGroup: createScheduleGroup,
    GetScheduleGroup: (input) => describeGroup(existingGroup(readName(input))),
    DeleteScheduleGroup: deleteScheduleGroup,
    ListScheduleGroups: listScheduleGroups,
    TagResource(input) {
      const group = taggedGroup(input);
      const merged = new Map([...group.tags, ...tagMap(input['Tags'])]);
      if (merged.size > MAX_TAGS) throw validationError(`A schedule group has at most ${MAX_TAGS} tags.`);
      for (const [key, value] of merged) group.tags.set(key, value);
      state.saveGroup(group);
      return {};
    },
    UntagResource(input) {
      const group = taggedGroup(input);
      for (const key of textList(input, 'TagKeys')) group.tags.delete(key);
      state.saveGroup(group);
      return {};
    },
    ListTagsForResource: (input) => ({
      Tags: [...taggedGroup(input).tags].map(([Key, Value]) => ({ Key, Value })),
    }),
  };

  const service: SchedulerService = {
    name: 'scheduler',
    protocols: { routes: schedulerRoutes(context, () => service) },
    async handle(action, input) {
      return actionNamed(actions, 'EventBridge Scheduler', action)(input);
    },
    authorization: (action, input) => schedulerAuthorization(context, action, input),
    createSchedule,
    createScheduleGroup,
    schedules: () => [...state.groups.values()].flatMap(({ schedules }) => [...schedules.values()]),
    busy: () => deliveries.pending(),
    close() {
      timers.close();
      deliveries.close();
    },
  };

  // What an earlier process kept: a time that passed meanwhile is made up for once. Targets are made after this.
  for (const schedule of service.schedules()) arm(schedule, schedule.lastDue ?? schedule.modifiedAt - 1);
  setImmediate(() => {
    const patient = patientAfterRestart(context);
    for (const [key, kept] of journal.left()) {
      const end = journal.begin(key, () => kept);
      void invokeSchedule(context, deliveries, kept.schedule, kept.execution, patient).then(end);
    }
  });
  return service;
}

/**
 * The next time within the schedule's dates, which a one-time schedule ignores. rate() counts from the start date, or
 * from when it was made.
 */
function nextInvocation(schedule: Schedule, after: number): number | undefined {
  const { startDate, endDate, due, modifiedAt } = schedule;
  if (due.once) return due.next(after, modifiedAt);
  const from = startDate === undefined ? after : Math.max(after, startDate - 1);
  const next = due.next(from, startDate ?? modifiedAt);
  return next === undefined || (endDate !== undefined && next > endDate) ? undefined : next;
}

function stateOf(schedule: Schedule): string {
  return schedule.enabled ? 'ENABLED' : 'DISABLED';
}

function summary(schedule: Schedule) {
  return {
    Arn: schedule.arn,
    Name: schedule.name,
    GroupName: schedule.groupName,
    State: stateOf(schedule),
    CreationDate: schedule.createdAt / 1_000,
    LastModificationDate: schedule.modifiedAt / 1_000,
    Target: { Arn: schedule.target.Arn },
  };
}

function describe(schedule: Schedule) {
  const { windowMinutes, startDate, endDate, description, kmsKeyArn } = schedule;
  return {
    ...summary(schedule),
    ScheduleExpression: schedule.expression,
    ScheduleExpressionTimezone: schedule.timeZone,
    FlexibleTimeWindow:
      windowMinutes === 0 ? { Mode: 'OFF' } : { Mode: 'FLEXIBLE', MaximumWindowInMinutes: windowMinutes },
    ActionAfterCompletion: schedule.deleteWhenDone ? 'DELETE' : 'NONE',
    ...(startDate === undefined ? {} : { StartDate: startDate / 1_000 }),
    ...(endDate === undefined ? {} : { EndDate: endDate / 1_000 }),
    ...(description === undefined ? {} : { Description: description }),
    ...(kmsKeyArn === undefined ? {} : { KmsKeyArn: kmsKeyArn }),
    Target: {
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      ...schedule.target,
    },
  };
}

function describeGroup(group: ScheduleGroup) {
  return {
    Arn: group.arn,
    Name: group.name,
    State: 'ACTIVE',
    CreationDate: group.createdAt / 1_000,
    LastModificationDate: group.createdAt / 1_000,
  };
}
