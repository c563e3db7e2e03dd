/** The actions on alarms, in the API's shapes. */
import type { AwsContext } from '../context.ts';
import { page } from '../paging.ts';
import {
  actionsEnabled,
  alarmActions,
  alarmName,
  compositeSettings,
  metricAlarmSettings,
} from './alarm-input.ts';
import { NOT_SUPPRESSED, STATE_VALUES, type Alarm, type AlarmState, type StateValue } from './alarm-model.ts';
import { UNCHECKED_REASON } from './alarm-reason.ts';
import { shownAlarm } from './alarm-view.ts';
import type { Alarms } from './alarms.ts';
import {
  invalidNextToken,
  list,
  notInSet,
  optionalText,
  optionalTime,
  requiredText,
  resourceNotFound,
  texts,
  validationError,
  wholeNumber,
  type Input,
} from './errors.ts';
import { DEFAULT_ALARM_PAGE, MAXIMUM_ALARM_NAMES, MAXIMUM_ALARM_PAGE, MAXIMUM_TAGS } from './limits.ts';
import { dimensionsOf } from './metric-identity.ts';

/** Name, ARN, description and actions of a request. */
export function alarmBase(context: AwsContext, input: Input) {
  const name = alarmName(input);
  return {
    name,
    arn: `arn:aws:cloudwatch:${context.region}:${context.accountId}:alarm:${name}`,
    description: optionalText(input, 'AlarmDescription'),
    actions: alarmActions(input),
  };
}

export function alarmRequests(
  context: AwsContext,
  alarms: Alarms,
): Readonly<Record<string, (input: Input) => unknown>> {
  const existing = (name: string): Alarm => {
    const alarm = alarms.find(name);
    if (!alarm) throw resourceNotFound(`Alarm ${name} does not exist`);
    return alarm;
  };

  const byArn = (input: Input): Alarm => {
    const arn = requiredText(input, 'ResourceARN');
    const alarm = alarms.all().find((one) => one.arn === arn);
    if (!alarm) throw resourceNotFound(`Resource ${arn} does not exist`);
    return alarm;
  };

  /** What a request that puts an alarm keeps of the one there is: its state, and the tags it has. */
  const inherited = (name: string, kind: Alarm['kind'], input: Input) => {
    const previous = alarms.find(name);
    if (previous && previous.kind !== kind) {
      throw validationError(`An alarm named ${name} of another type exists.`);
    }
    const now = context.clock.now();
    const initial: AlarmState = {
      value: 'INSUFFICIENT_DATA',
      reason: UNCHECKED_REASON,
      reasonData: undefined,
      updatedAt: now,
      transitionedAt: now,
    };
    const tags = previous?.tags ?? new Map(tagsOf(input));
    return {
      configuredAt: now,
      state: previous?.state ?? initial,
      tags,
      actionsEnabled: actionsEnabled(input),
    };
  };

  const setActionsEnabled = (input: Input, enabled: boolean): void => {
    for (const name of texts(input, 'AlarmNames')) {
      const alarm = alarms.find(name);
      if (!alarm) continue;
      alarm.actionsEnabled = enabled;
      alarm.configuredAt = context.clock.now();
      alarms.save(alarm);
    }
  };

  return {
    PutMetricAlarm(input) {
      const base = alarmBase(context, input);
      const settings = metricAlarmSettings(input);
      alarms.put({ kind: 'metric', ...base, ...inherited(base.name, 'metric', input), ...settings }, input);
    },
    PutCompositeAlarm(input) {
      const base = alarmBase(context, input);
      const settings = compositeSettings(input);
      for (const name of settings.rule.alarms) {
        if (!alarms.find(name))
          throw validationError(`AlarmRule refers to the alarm ${name}, which does not exist.`);
      }
      if (settings.rule.alarms.has(base.name))
        throw validationError('A composite alarm can not be in its own rule.');
      const rest = inherited(base.name, 'composite', input);
      alarms.put({ kind: 'composite', ...base, ...rest, ...settings, suppression: NOT_SUPPRESSED }, input);
    },
    DescribeAlarms: (input) => describeAlarms(alarms, input),
    DescribeAlarmsForMetric(input) {
      const dimensions = dimensionsText(dimensionsOf(input));
      const found = alarms
        .all()
        .filter(
          (alarm) =>
            alarm.kind === 'metric' &&
            alarm.stat !== undefined &&
            alarm.stat.metric.namespace === input['Namespace'] &&
            alarm.stat.metric.name === input['MetricName'] &&
            dimensionsText(alarm.stat.metric.dimensions) === dimensions,
        );
      return { MetricAlarms: found.map(shownAlarm) };
    },
    DescribeAlarmHistory: (input) => describeAlarmHistory(alarms, input),
    SetAlarmState(input) {
      const alarm = existing(requiredText(input, 'AlarmName'));
      const value = requiredText(input, 'StateValue');
      if (!(STATE_VALUES as readonly string[]).includes(value))
        throw notInSet('stateValue', value, STATE_VALUES);
      const data = optionalText(input, 'StateReasonData');
      if (data !== undefined) checkJson(data);
      alarms.setState(alarm, value as StateValue, requiredText(input, 'StateReason'), data);
    },
    EnableAlarmActions: (input) => setActionsEnabled(input, true),
    DisableAlarmActions: (input) => setActionsEnabled(input, false),
    DeleteAlarms(input) {
      const names = texts(input, 'AlarmNames');
      if (names.length > MAXIMUM_ALARM_NAMES) {
        throw validationError(`AlarmNames must have at most ${MAXIMUM_ALARM_NAMES} names.`);
      }
      const found = names.flatMap((name) => alarms.find(name) ?? []);
      if (found.filter(({ kind }) => kind === 'composite').length > 1) {
        throw validationError('Only one composite alarm can be deleted in one request.');
      }
      for (const alarm of found) checkUnused(alarms, alarm, names);
      for (const alarm of found) alarms.delete(alarm);
    },
    TagResource(input) {
      const alarm = byArn(input);
      const tags = tagsOf(input);
      if (new Set([...alarm.tags.keys(), ...tags.map(([key]) => key)]).size > MAXIMUM_TAGS) {
        throw validationError(`A resource has at most ${MAXIMUM_TAGS} tags.`);
      }
      for (const [key, value] of tags) alarm.tags.set(key, value);
      alarms.save(alarm);
    },
    UntagResource(input) {
      const alarm = byArn(input);
      for (const key of texts(input, 'TagKeys')) alarm.tags.delete(key);
      alarms.save(alarm);
    },
    ListTagsForResource: (input) => ({
      Tags: [...byArn(input).tags].map(([Key, Value]) => ({ Key, Value })),
    }),
  };
}

function dimensionsText(dimensions: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(dimensions).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function checkUnused(alarms: Alarms, alarm: Alarm, deleted: readonly string[]): void {
  const user = alarms
    .all()
    .find(
      (other) =>
        other.kind === 'composite' && other.rule.alarms.has(alarm.name) && !deleted.includes(other.name),
    );
  if (user) {
    throw validationError(
      `Cannot delete ${alarm.name} as there are composite alarm(s) depending on it: ${user.name}`,
    );
  }
}

function tagsOf(input: Input): (readonly [string, string])[] {
  return list(input, 'Tags').map((tag) => [requiredText(tag, 'Key'), optionalText(tag, 'Value') ?? '']);
}

function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw validationError('StateReasonData is not valid JSON.');
  }
}

function pageSize(input: Input): number {
  return wholeNumber(input, 'MaxRecords', 1, MAXIMUM_ALARM_PAGE, DEFAULT_ALARM_PAGE);
}

function describeAlarms(alarms: Alarms, input: Input): unknown {
  const names = texts(input, 'AlarmNames');
  const prefix = optionalText(input, 'AlarmNamePrefix');
  const state = optionalText(input, 'StateValue');
  const actionPrefix = optionalText(input, 'ActionPrefix') ?? '';
  const childrenOf = optionalText(input, 'ChildrenOfAlarmName');
  const parentsOf = optionalText(input, 'ParentsOfAlarmName');
  if (names.length > 0 && prefix !== undefined) {
    throw validationError('AlarmNames and AlarmNamePrefix can not be given together.');
  }
  // AWS shows composite alarms only when they are asked for.
  const asked = texts(input, 'AlarmTypes');
  const types = asked.length === 0 ? ['MetricAlarm'] : asked;
  const children = childrenOf === undefined ? undefined : alarms.find(childrenOf);
  const found = alarms
    .all()
    .filter(({ kind }) => types.includes(kind === 'metric' ? 'MetricAlarm' : 'CompositeAlarm'))
    .filter(({ name }) => names.length === 0 || names.includes(name))
    .filter(({ name }) => name.startsWith(prefix ?? ''))
    .filter((alarm) => state === undefined || alarm.state.value === state)
    .filter(
      ({ actions }) =>
        Object.values(actions)
          .flat()
          .some((action) => action.startsWith(actionPrefix)) || actionPrefix === '',
    )
    .filter(
      ({ name }) =>
        childrenOf === undefined || (children?.kind === 'composite' && children.rule.alarms.has(name)),
    )
    .filter(
      (alarm) => parentsOf === undefined || (alarm.kind === 'composite' && alarm.rule.alarms.has(parentsOf)),
    )
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { items, next } = page(found, {
    size: pageSize(input),
    token: optionalText(input, 'NextToken'),
    invalidToken: invalidNextToken,
  });
  return {
    MetricAlarms: items.filter(({ kind }) => kind === 'metric').map(shownAlarm),
    CompositeAlarms: items.filter(({ kind }) => kind === 'composite').map(shownAlarm),
    ...next,
  };
}

function describeAlarmHistory(alarms: Alarms, input: Input): unknown {
  const name = optionalText(input, 'AlarmName');
  const type = optionalText(input, 'HistoryItemType');
  const start = optionalTime(input, 'StartDate') ?? 0;
  const end = optionalTime(input, 'EndDate') ?? Infinity;
  const asked = texts(input, 'AlarmTypes');
  const types = asked.length === 0 ? ['MetricAlarm'] : asked;
  const found = alarms.history
    .items()
    .filter((item) => name === undefined || item.alarm === name)
    .filter((item) => types.includes(item.alarmType))
    .filter((item) => type === undefined || item.type === type)
    .filter(({ at }) => at >= start && at < end);
  const { items, next } = page(input['ScanBy'] === 'TimestampAscending' ? found.toReversed() : found, {
    size: pageSize(input),
    token: optionalText(input, 'NextToken'),
    invalidToken: invalidNextToken,
  });
  return {
    AlarmHistoryItems: items.map((item) => ({
      AlarmName: item.alarm,
      AlarmType: item.alarmType,
      Timestamp: item.at / 1000,
      HistoryItemType: item.type,
      HistorySummary: item.summary,
      HistoryData: item.data,
    })),
    ...next,
  };
}
