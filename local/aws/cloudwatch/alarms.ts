/** Alarms: kept, evaluated by the clock, acted upon when their state changes. */
import type { AwsContext } from '../context.ts';
import { asAwsError } from '../errors.ts';
import { EXTRA_DATA_POINTS, evaluate } from './alarm-evaluation.ts';
import { putStateChangeEvent, runAction } from './alarm-actions.ts';
import { createAlarmHistory, type AlarmHistory } from './alarm-history.ts';
import { metricAlarmSettings, compositeSettings } from './alarm-input.ts';
import {
  NOT_SUPPRESSED,
  type Alarm,
  type AlarmState,
  type CompositeAlarm,
  type MetricAlarm,
  type StateValue,
} from './alarm-model.ts';
import { dataPointOf, reasonData, reasonText, UNCHECKED_REASON, type Observed } from './alarm-reason.ts';
import type { Input } from './errors.ts';
import { isList, isText, type Grid } from './math-values.ts';
import { evaluateQuery, statPoints } from './metric-query.ts';
import type { MetricStore } from './metric-store.ts';
import { suppress, suppressedNow } from './suppression.ts';

/** Metric alarms are evaluated each minute, those with a shorter period each 10 seconds. alarm-evaluation.html */
export const EVALUATION_INTERVAL = 60_000;
export const SHORT_EVALUATION_INTERVAL = 10_000;

export interface Alarms {
  readonly history: AlarmHistory;
  find(name: string): Alarm | undefined;
  all(): readonly Alarm[];
  put(alarm: Alarm, input: Input): void;
  delete(alarm: Alarm): void;
  /** Keeps an alarm whose configuration changed in place. */
  save(alarm: Alarm): void;
  /** Gives an alarm a state; acts when its value changed. */
  setState(alarm: Alarm, value: StateValue, reason: string, reasonData: string | undefined): void;
  /** Evaluates what is due at this full minute or 10 seconds. */
  evaluateAll(at: number): void;
}

interface KeptAlarm {
  readonly kind: Alarm['kind'];
  readonly input: Input;
  readonly state: AlarmState;
  readonly actionsEnabled: boolean;
  readonly configuredAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

export function createAlarms(
  context: AwsContext,
  store: MetricStore,
  base: (input: Input) => Pick<Alarm, 'name' | 'arn' | 'description' | 'actions'>,
): Alarms {
  const kept = context.state.collection<KeptAlarm>('cloudwatch.alarms');
  const alarms = new Map<string, Alarm>();
  const inputs = new Map<string, Input>();
  const history = createAlarmHistory(context);

  const stateOf = (name: string) => alarms.get(name)?.state.value;

  const save = (alarm: Alarm): void => {
    if (!context.state.persistent) return;
    const { kind, name, state, actionsEnabled, configuredAt, tags } = alarm;
    const input = inputs.get(name) ?? {};
    kept.put(name, { kind, input, state, actionsEnabled, configuredAt, tags: Object.fromEntries(tags) });
  };

  const act = (alarm: Alarm, previous: AlarmState): void => {
    if (!alarm.actionsEnabled) return;
    for (const actionArn of alarm.actions[alarm.state.value]) {
      void runAction(context, actionArn, alarm, previous).then((error) => {
        history.acted(alarm, actionArn, error && `${error.code}: ${error.message}`);
        if (!error) return;
        context.events.emit({
          kind: 'delivery-failed',
          service: 'cloudwatch',
          resourceArn: alarm.arn,
          detail: { target: actionArn, errorCode: error.code },
        });
      });
    }
  };

  const setState = (alarm: Alarm, value: StateValue, reason: string, data: string | undefined): void => {
    const previous = alarm.state;
    const now = context.clock.now();
    const changed = previous.value !== value;
    if (!changed && previous.reason === reason) return;
    alarm.state = {
      value,
      reason,
      reasonData: data,
      updatedAt: now,
      transitionedAt: changed ? now : previous.transitionedAt,
    };
    save(alarm);
    if (!changed) return;
    history.changed(alarm, previous);
    context.events.emit({
      kind: 'alarm',
      service: 'cloudwatch',
      resourceArn: alarm.arn,
      detail: { name: alarm.name, state: value, previous: previous.value },
    });
    putStateChangeEvent(context, alarm, previous);
    if (alarm.kind === 'composite' && suppress(alarm, previous, stateOf, now)) return;
    act(alarm, previous);
  };

  const evaluateMetricAlarm = (alarm: MetricAlarm, at: number): void => {
    let range: readonly Observed[];
    try {
      range = observed(store, alarm, at);
    } catch (error) {
      // Some mistakes of an expression show only with its data.
      return setState(
        alarm,
        'INSUFFICIENT_DATA',
        `Evaluation error: ${asAwsError(error).message}`,
        undefined,
      );
    }
    const value = evaluate(
      range.map((point) => dataPointOf(alarm, point)),
      { ...alarm, current: alarm.state.value },
    );
    if (value === alarm.state.value && alarm.state.reason !== UNCHECKED_REASON) return;
    setState(alarm, value, reasonText(alarm, value, range), reasonData(alarm, range, at));
  };

  const evaluateComposite = (alarm: CompositeAlarm): void => {
    const now = context.clock.now();
    const released = suppressedNow(alarm, stateOf, now);
    const value = alarm.rule.holds(stateOf) ? 'ALARM' : 'OK';
    if (value !== alarm.state.value) {
      setState(alarm, value, compositeReason(alarm, value, alarms), compositeReasonData(alarm, alarms));
    } else if (released) {
      act(alarm, { ...alarm.state, value: released });
    }
  };

  /** A composite alarm may be on composite alarms: again until nothing changes, which ends even with a cycle. */
  const evaluateComposites = (): void => {
    const composites = [...alarms.values()].filter((alarm) => alarm.kind === 'composite');
    for (let round = 0; round < composites.length; round++) {
      const before = composites.map(({ state }) => state);
      for (const alarm of composites) evaluateComposite(alarm);
      if (composites.every(({ state }, index) => state === before[index])) return;
    }
  };

  for (const [name, { kind, input, tags, ...state }] of kept.entries()) {
    const common = { ...base(input), ...state, tags: new Map(Object.entries(tags)) };
    inputs.set(name, input);
    alarms.set(
      name,
      kind === 'metric'
        ? { kind, ...common, ...metricAlarmSettings(input) }
        : { kind, ...common, ...compositeSettings(input), suppression: NOT_SUPPRESSED },
    );
  }

  return {
    history,
    find: (name) => alarms.get(name),
    all: () => [...alarms.values()],
    put(alarm, input) {
      const change = alarms.has(alarm.name) ? 'updated' : 'created';
      alarms.set(alarm.name, alarm);
      inputs.set(alarm.name, input);
      save(alarm);
      history.configured(alarm, change);
    },
    delete(alarm) {
      alarms.delete(alarm.name);
      inputs.delete(alarm.name);
      kept.delete(alarm.name);
      history.configured(alarm, 'deleted');
    },
    save,
    setState(alarm, value, reason, data) {
      setState(alarm, value, reason, data);
      evaluateComposites();
    },
    evaluateAll(at) {
      const wholeMinute = at % EVALUATION_INTERVAL === 0;
      for (const alarm of alarms.values()) {
        if (alarm.kind === 'metric' && (wholeMinute || alarm.period < 60)) evaluateMetricAlarm(alarm, at);
      }
      evaluateComposites();
    },
  };
}

/** The data points of the evaluation range that ends at `at`, oldest first. */
function observed(store: MetricStore, alarm: MetricAlarm, at: number): readonly Observed[] {
  const length = alarm.evaluationPeriods + EXTRA_DATA_POINTS;
  const period = alarm.period * 1000;
  const grid: Grid = { start: at - length * period, period, length };
  return points(store, alarm, grid).map((value, index) => ({ at: grid.start + index * period, value }));
}

function points(store: MetricStore, alarm: MetricAlarm, grid: Grid): readonly (number | undefined)[] {
  if (alarm.stat) {
    return statPoints(store, alarm.stat, grid, alarm.evaluateLowSampleCount === 'ignore');
  }
  const value = evaluateQuery(store, alarm.queries, alarm.watched!, grid);
  if (typeof value === 'number') return Array.from({ length: grid.length }, () => value);
  if (isText(value)) return [];
  return isList(value) ? (value.items[0]?.points ?? []) : value.points;
}

function compositeReason(
  alarm: CompositeAlarm,
  value: StateValue,
  alarms: ReadonlyMap<string, Alarm>,
): string {
  const shown = triggering(alarm, alarms).map(({ arn, state }) => `${arn} is in ${state.value}`);
  return `${value === 'ALARM' ? 'The rule holds' : 'The rule does not hold'}: ${shown.join(', ') || 'it names no alarm'}`;
}

function compositeReasonData(alarm: CompositeAlarm, alarms: ReadonlyMap<string, Alarm>): string {
  return JSON.stringify({
    triggeringAlarms: triggering(alarm, alarms).map(({ arn, state }) => ({
      arn,
      state: {
        value: state.value,
        timestamp: new Date(state.transitionedAt).toISOString().replace('Z', '+0000'),
      },
    })),
  });
}

function triggering({ rule }: CompositeAlarm, alarms: ReadonlyMap<string, Alarm>): readonly Alarm[] {
  return [...rule.alarms].flatMap((name) => alarms.get(name) ?? []);
}
