/** Alarms in the shapes that others see: DescribeAlarms, the notification, the event. */
import type { AwsContext } from '../context.ts';
import type { Alarm, AlarmState, CompositeAlarm, MetricAlarm } from './alarm-model.ts';
import type { MetricQuery, MetricStat } from './metric-query.ts';
import { SIMPLE_STATISTICS } from './statistics.ts';

/** The names that regions have in notifications. Only the ones that tests and demos use; others show their code. */
const REGION_NAMES: Readonly<Record<string, string>> = {
  'us-east-1': 'US East (N. Virginia)',
  'us-east-2': 'US East (Ohio)',
  'us-west-1': 'US West (N. California)',
  'us-west-2': 'US West (Oregon)',
  'eu-central-1': 'EU (Frankfurt)',
  'eu-west-1': 'EU (Ireland)',
  'eu-west-2': 'EU (London)',
};

export function regionName(context: AwsContext): string {
  return REGION_NAMES[context.region] ?? context.region;
}

/** As DescribeAlarms shows it. */
export function shownAlarm(alarm: Alarm): Record<string, unknown> {
  const { state } = alarm;
  const common = {
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    ...(alarm.description !== undefined && { AlarmDescription: alarm.description }),
    AlarmConfigurationUpdatedTimestamp: alarm.configuredAt / 1000,
    ActionsEnabled: alarm.actionsEnabled,
    OKActions: alarm.actions.OK,
    AlarmActions: alarm.actions.ALARM,
    InsufficientDataActions: alarm.actions.INSUFFICIENT_DATA,
    StateValue: state.value,
    StateReason: state.reason,
    ...(state.reasonData !== undefined && { StateReasonData: state.reasonData }),
    StateUpdatedTimestamp: state.updatedAt / 1000,
    StateTransitionedTimestamp: state.transitionedAt / 1000,
  };
  if (alarm.kind === 'metric') return { ...common, Dimensions: [], ...alarm.shown };
  return { ...common, AlarmRule: alarm.ruleText, ...shownSuppression(alarm) };
}

function shownSuppression({ suppressor, suppression }: CompositeAlarm): Record<string, unknown> {
  if (!suppressor) return {};
  return {
    ActionsSuppressor: suppressor.alarm,
    ActionsSuppressorWaitPeriod: suppressor.waitSeconds,
    ActionsSuppressorExtensionPeriod: suppressor.extensionSeconds,
    ...(suppression.by !== undefined && {
      ActionsSuppressedBy: suppression.by,
      ActionsSuppressedReason: suppression.reason,
    }),
  };
}

/** The text of a notification. AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html */
export function notification(context: AwsContext, alarm: Alarm, previous: AlarmState): string {
  const { state, actions } = alarm;
  return JSON.stringify({
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: context.accountId,
    AlarmConfigurationUpdatedTimestamp: offsetTime(alarm.configuredAt),
    NewStateValue: state.value,
    NewStateReason: state.reason,
    StateChangeTime: offsetTime(state.updatedAt),
    Region: regionName(context),
    AlarmArn: alarm.arn,
    OldStateValue: previous.value,
    OKActions: actions.OK,
    AlarmActions: actions.ALARM,
    InsufficientDataActions: actions.INSUFFICIENT_DATA,
    ...(alarm.kind === 'metric' ? { Trigger: trigger(alarm) } : { AlarmRule: alarm.ruleText }),
  });
}

function trigger(alarm: MetricAlarm): Record<string, unknown> {
  const common = {
    Period: alarm.period,
    EvaluationPeriods: alarm.evaluationPeriods,
    DatapointsToAlarm: alarm.datapointsToAlarm,
    ComparisonOperator: alarm.comparisonOperator,
    Threshold: alarm.threshold,
    TreatMissingData: alarm.treatMissingData,
    EvaluateLowSampleCountPercentile: alarm.evaluateLowSampleCount ?? '',
  };
  if (!alarm.stat) return { ...common, Metrics: alarm.queries.map(triggerQuery) };
  const { metric, statistic, unit } = alarm.stat;
  const simple = SIMPLE_STATISTICS.includes(statistic);
  return {
    MetricName: metric.name,
    Namespace: metric.namespace,
    StatisticType: simple ? 'Statistic' : 'ExtendedStatistic',
    ...(simple ? { Statistic: STATISTIC_WORDS[statistic] } : { ExtendedStatistic: statistic }),
    Unit: unit ?? null,
    Dimensions: Object.entries(metric.dimensions).map(([name, value]) => ({ value, name })),
    ...common,
  };
}

/** Statistics as notifications spell them. */
const STATISTIC_WORDS: Readonly<Record<string, string>> = {
  SampleCount: 'SAMPLE_COUNT',
  Sum: 'SUM',
  Average: 'AVERAGE',
  Minimum: 'MINIMUM',
  Maximum: 'MAXIMUM',
};

function triggerQuery({ id, expressionText, label, returnData, stat }: MetricQuery): Record<string, unknown> {
  return {
    Id: id,
    ...(expressionText !== undefined && { Expression: expressionText }),
    ...(label !== undefined && { Label: label }),
    ...(stat && {
      MetricStat: {
        Metric: {
          Dimensions: Object.entries(stat.metric.dimensions).map(([name, value]) => ({ value, name })),
          MetricName: stat.metric.name,
          Namespace: stat.metric.namespace,
        },
        Period: stat.period,
        Stat: stat.statistic,
      },
    }),
    ReturnData: returnData,
  };
}

/** The detail of an event. AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
export function eventDetail(alarm: Alarm, previous: AlarmState): Record<string, unknown> {
  return {
    alarmName: alarm.name,
    configuration: configuration(alarm),
    previousState: eventState(previous),
    state: eventState(alarm.state),
  };
}

function configuration(alarm: Alarm): Record<string, unknown> {
  const description = alarm.description === undefined ? {} : { description: alarm.description };
  if (alarm.kind === 'composite') {
    return {
      alarmRule: alarm.ruleText,
      ...(alarm.suppressor && {
        actionsSuppressor: alarm.suppressor.alarm,
        actionsSuppressorWaitPeriod: alarm.suppressor.waitSeconds,
        actionsSuppressorExtensionPeriod: alarm.suppressor.extensionSeconds,
      }),
      ...description,
    };
  }
  const metrics = alarm.stat
    ? [{ id: 'm1', metricStat: eventStat(alarm.stat), returnData: true }]
    : alarm.queries.map(({ id, stat, expressionText, label, returnData }) => ({
        id,
        ...(stat ? { metricStat: eventStat(stat) } : { expression: expressionText }),
        ...(label !== undefined && { label }),
        returnData,
      }));
  return { ...description, metrics };
}

function eventStat({ metric, period, statistic, unit }: MetricStat): Record<string, unknown> {
  return {
    metric: { namespace: metric.namespace, name: metric.name, dimensions: metric.dimensions },
    period,
    stat: statistic,
    ...(unit !== undefined && { unit }),
  };
}

function eventState({ value, reason, reasonData, updatedAt }: AlarmState): Record<string, unknown> {
  return {
    value,
    reason,
    ...(reasonData !== undefined && { reasonData }),
    timestamp: offsetTime(updatedAt),
  };
}

/** `2026-01-01T00:00:00.000+0000`, as CloudWatch writes times. */
export function offsetTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '+0000');
}
