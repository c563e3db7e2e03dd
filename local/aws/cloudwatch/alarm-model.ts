/** Alarms as they are kept: metric alarms, composite alarms, and the state both have. */
import type { MetricQuery, MetricStat } from './metric-query.ts';

export type StateValue = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export const STATE_VALUES: readonly StateValue[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

export interface AlarmState {
  readonly value: StateValue;
  readonly reason: string;
  /** JSON text. */
  readonly reasonData: string | undefined;
  /** Milliseconds since the epoch: the last change of anything in the state, and of its value. */
  readonly updatedAt: number;
  readonly transitionedAt: number;
}

/** What both kinds have. */
export interface AlarmBase {
  readonly name: string;
  readonly arn: string;
  readonly description: string | undefined;
  actionsEnabled: boolean;
  readonly actions: Readonly<Record<StateValue, readonly string[]>>;
  configuredAt: number;
  state: AlarmState;
  readonly tags: Map<string, string>;
}

export type TreatMissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

export interface MetricAlarm extends AlarmBase {
  readonly kind: 'metric';
  /** One metric; undefined for an alarm on an expression. */
  readonly stat: MetricStat | undefined;
  readonly queries: readonly MetricQuery[];
  /** The query that the alarm watches. */
  readonly watched: MetricQuery | undefined;
  /** Seconds. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparisonOperator: string;
  readonly treatMissingData: TreatMissingData;
  readonly evaluateLowSampleCount: 'evaluate' | 'ignore' | undefined;
  /** The request's own members, as DescribeAlarms shows them. */
  readonly shown: Readonly<Record<string, unknown>>;
}

export interface CompositeAlarm extends AlarmBase {
  readonly kind: 'composite';
  readonly ruleText: string;
  readonly rule: Rule;
  readonly suppressor:
    | { readonly alarm: string; readonly waitSeconds: number; readonly extensionSeconds: number }
    | undefined;
  suppression: Suppression;
}

export type Alarm = MetricAlarm | CompositeAlarm;

/** Whether a composite alarm holds its actions back, and since when. */
export interface Suppression {
  readonly by: 'WaitPeriod' | 'ExtensionPeriod' | 'Alarm' | undefined;
  readonly reason: string | undefined;
  /** Actions held back: those of the state that the alarm came to. */
  readonly pendingFrom: StateValue | undefined;
  /** When the wait or the extension ends. */
  readonly until: number | undefined;
}

export const NOT_SUPPRESSED: Suppression = {
  by: undefined,
  reason: undefined,
  pendingFrom: undefined,
  until: undefined,
};

/** A composite alarm's rule. */
export interface Rule {
  /** Names of the alarms in it. */
  readonly alarms: ReadonlySet<string>;
  holds(stateOf: (name: string) => StateValue | undefined): boolean;
}

export interface HistoryItem {
  readonly alarm: string;
  readonly alarmType: 'MetricAlarm' | 'CompositeAlarm';
  readonly at: number;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  readonly summary: string;
  /** JSON text. */
  readonly data: string;
}
