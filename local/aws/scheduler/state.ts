/** What EventBridge Scheduler holds, and what of it outlives the process. */
import type { AwsContext } from '../context.ts';
import { readExpression } from './input.ts';
import type { Schedule, ScheduleGroup } from './model.ts';

export interface SchedulerState {
  readonly groups: Map<string, ScheduleGroup>;
  /** Adds a group. */
  createGroup(name: string, tags: ReadonlyMap<string, string>): ScheduleGroup;
  saveGroup(group: ScheduleGroup): void;
  deleteGroup(group: ScheduleGroup): void;
  /** Adds or replaces a schedule in its group. */
  saveSchedule(schedule: Schedule): void;
  deleteSchedule(schedule: Schedule): void;
}

type KeptGroup = Omit<ScheduleGroup, 'schedules' | 'tags'> & {
  readonly tags: Readonly<Record<string, string>>;
};
type KeptSchedule = Omit<Schedule, 'due'>;

/** With the group that every account has, and what an earlier process kept. */
export function createSchedulerState(context: AwsContext): SchedulerState {
  const keptGroups = context.state.collection<KeptGroup>('scheduler.groups');
  const keptSchedules = context.state.collection<KeptSchedule>('scheduler.schedules');
  const groups = new Map<string, ScheduleGroup>();

  const state: SchedulerState = {
    groups,
    createGroup(name, tags) {
      const group: ScheduleGroup = {
        name,
        arn: `arn:aws:scheduler:${context.region}:${context.accountId}:schedule-group/${name}`,
        createdAt: context.clock.now(),
        tags: new Map(tags),
        schedules: new Map(),
      };
      groups.set(name, group);
      state.saveGroup(group);
      return group;
    },
    saveGroup({ schedules: _schedules, tags, ...record }) {
      keptGroups.put(record.name, { ...record, tags: Object.fromEntries(tags) });
    },
    deleteGroup(group) {
      for (const schedule of group.schedules.values()) keptSchedules.delete(schedule.arn);
      groups.delete(group.name);
      keptGroups.delete(group.name);
    },
    saveSchedule(schedule) {
      groups.get(schedule.groupName)?.schedules.set(schedule.name, schedule);
      const { due: _due, ...record } = schedule;
      keptSchedules.put(schedule.arn, record);
    },
    deleteSchedule(schedule) {
      groups.get(schedule.groupName)?.schedules.delete(schedule.name);
      keptSchedules.delete(schedule.arn);
    },
  };

  for (const [name, record] of keptGroups.entries()) {
    groups.set(name, { ...record, tags: new Map(Object.entries(record.tags)), schedules: new Map() });
  }
  if (!groups.has('default')) state.createGroup('default', new Map());
  for (const [, record] of keptSchedules.entries()) {
    const due = readExpression(record.expression, record.timeZone);
    groups.get(record.groupName)?.schedules.set(record.name, { ...ABSENT, ...record, due });
  }
  return state;
}

/** Members that JSON leaves out when they are undefined. */
const ABSENT = {
  startDate: undefined,
  endDate: undefined,
  description: undefined,
  kmsKeyArn: undefined,
  clientToken: undefined,
  lastDue: undefined,
};
