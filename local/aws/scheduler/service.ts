/** The embedded EventBridge Scheduler: groups and schedules, in process and over REST-JSON. */
import type { AwsContext, AwsService } from '../context.ts';
import { createDeliveries } from '../delivery/index.ts';
import { unknownOperation } from '../errors.ts';
import { schedulerAuthorization } from './authorization.ts';
import { createScheduleTimers } from '../schedules/index.ts';
import { conflict, notFound, validationError } from './errors.ts';
import { type Input, optionalText, readName, readSettings } from './input.ts';
import { invokeSchedule } from './invocation.ts';
import type { Schedule, ScheduleGroup } from './model.ts';
import { schedulerRoutes } from './routes.ts';

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
/** Items of a page of a List action. */
const PAGE_SIZE = 100;

export function createSchedulerService(context: AwsContext): SchedulerService {
  const groups = new Map<string, ScheduleGroup>();
  const deliveries = createDeliveries(context);
  const timers = createScheduleTimers(context.clock);

  const createGroup = (name: string): ScheduleGroup => {
    const group: ScheduleGroup = {
      name,
      arn: `arn:aws:scheduler:${context.region}:${context.accountId}:schedule-group/${name}`,
      createdAt: context.clock.now(),
      schedules: new Map(),
    };
    groups.set(name, group);
    return group;
  };
  createGroup('default');

  const existingGroup = (name: string): ScheduleGroup => {
    const group = groups.get(name);
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
    groups.get(schedule.groupName)?.schedules.delete(schedule.name);
  };

  const arm = (schedule: Schedule): void => {
    timers.stop(schedule.arn);
    if (!schedule.enabled) return;
    const next = (after: number) => nextInvocation(schedule, after);
    timers.start(schedule.arn, next, (due) => {
      // A flexible window spreads invocations; the schedule itself keeps its beat.
      const spread = Math.floor(context.faults.random() * schedule.windowMinutes * MINUTE_MS);
      const key = `${schedule.arn} ${due}`;
      const last = schedule.deleteWhenDone && next(due) === undefined;
      const invoke = () => {
        void invokeSchedule(context, deliveries, schedule, due);
        if (last) remove(schedule);
      };
      if (spread === 0) invoke();
      else timers.once(key, spread, invoke);
    });
  };

  const put = (input: Input, group: ScheduleGroup, before: Schedule | undefined) => {
    const name = readName(input);
    const now = context.clock.now();
    const schedule: Schedule = {
      ...readSettings(input),
      name,
      arn: `arn:aws:scheduler:${context.region}:${context.accountId}:schedule/${group.name}/${name}`,
      groupName: group.name,
      createdAt: before?.createdAt ?? now,
      modifiedAt: now,
    };
    group.schedules.set(name, schedule);
    arm(schedule);
    return { ScheduleArn: schedule.arn };
  };

  const createSchedule = (input: Input) => {
    const group = groupOf(input);
    const name = readName(input);
    if (group.schedules.has(name)) throw conflict('Schedule', name);
    return put(input, group, undefined);
  };

  const createScheduleGroup = (input: Input) => {
    const name = readName(input);
    if (groups.has(name)) throw conflict('Schedule group', name);
    return { ScheduleGroupArn: createGroup(name).arn };
  };

  const deleteScheduleGroup = (input: Input) => {
    const group = existingGroup(readName(input));
    if (group.name === 'default') throw validationError('The default schedule group can not be deleted.');
    for (const schedule of group.schedules.values()) timers.stop(schedule.arn);
    groups.delete(group.name);
    return {};
  };

  const listSchedules = (input: Input) => {
    const groupName = optionalText(input, 'GroupName');
    const wanted = groupName === undefined ? [...groups.values()] : [existingGroup(groupName)];
    const prefix = optionalText(input, 'NamePrefix') ?? '';
    const state = optionalText(input, 'State');
    const all = wanted
      .flatMap(({ schedules }) => [...schedules.values()])
      .filter((one) => one.name.startsWith(prefix) && (state === undefined || stateOf(one) === state));
    const { items, next } = page(all, input);
    return { Schedules: items.map(summary), ...next };
  };

  const listScheduleGroups = (input: Input) => {
    const prefix = optionalText(input, 'NamePrefix') ?? '';
    const all = [...groups.values()].filter(({ name }) => name.startsWith(prefix));
    const { items, next } = page(all, input);
    return { ScheduleGroups: items.map(describeGroup), ...next };
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateSchedule: createSchedule,
    UpdateSchedule: (input) => put(input, groupOf(input), existing(input)),
    GetSchedule: (input) => describe(existing(input)),
    DeleteSchedule: (input) => {
      remove(existing(input));
      return {};
    },
    ListSchedules: listSchedules,
    CreateScheduleGroup: createScheduleGroup,
    GetScheduleGroup: (input) => describeGroup(existingGroup(readName(input))),
    DeleteScheduleGroup: deleteScheduleGroup,
    ListScheduleGroups: listScheduleGroups,
  };

  const service: SchedulerService = {
    name: 'scheduler',
    protocols: { routes: schedulerRoutes(context, () => service) },
    authorization: (action, input) => schedulerAuthorization(context, action, input),
    async handle(action, input) {
      const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (!run) throw unknownOperation('EventBridge Scheduler', action);
      return run(input);
    },
    createSchedule,
    createScheduleGroup,
    schedules: () => [...groups.values()].flatMap(({ schedules }) => [...schedules.values()]),
    busy: () => deliveries.pending(),
    close() {
      timers.close();
      deliveries.close();
    },
  };
  return service;
}

/** The next time within the schedule's dates. rate() counts from the start date, or from when it was made. */
function nextInvocation(schedule: Schedule, after: number): number | undefined {
  const { startDate, endDate, due, modifiedAt } = schedule;
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

function page<Item>(all: readonly Item[], input: Input) {
  const token = optionalText(input, 'NextToken');
  const from = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(from) || from < 0) throw validationError('Invalid NextToken.');
  const size = input['MaxResults'] === undefined ? PAGE_SIZE : Number(input['MaxResults']);
  const end = from + size;
  return { items: all.slice(from, end), next: end < all.length ? { NextToken: String(end) } : {} };
}
