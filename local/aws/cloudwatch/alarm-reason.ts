/** What an alarm says about its state: the reason in words and as data. */
import { breaches, type DataPoint } from './alarm-evaluation.ts';
import type { MetricAlarm, StateValue } from './alarm-model.ts';
import { offsetTime } from './alarm-view.ts';
import { SIMPLE_STATISTICS } from './statistics.ts';

/** A data point of the evaluation range; the time is the start of its period. */
export interface Observed {
  readonly at: number;
  readonly value: number | undefined;
}

const COMPARISON_WORDS: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  GreaterThanThreshold: 'greater than',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};
const TREATMENT_WORDS: Readonly<Record<string, string>> = {
  breaching: 'Breaching',
  notBreaching: 'NonBreaching',
  ignore: 'Ignore',
  missing: 'Missing',
};

export const UNCHECKED_REASON = 'Unchecked: Initial alarm creation';

/** Oldest first. */
export function dataPointOf(alarm: MetricAlarm, { value }: Observed): DataPoint {
  if (value === undefined) return 'missing';
  return breaches(alarm.comparisonOperator, value, alarm.threshold) ? 'breaching' : 'ok';
}

export function reasonText(alarm: MetricAlarm, state: StateValue, range: readonly Observed[]): string {
  const { evaluationPeriods, comparisonOperator, threshold, treatMissingData } = alarm;
  const real = range.filter(({ value }) => value !== undefined).slice(-evaluationPeriods);
  const missing = evaluationPeriods - real.length;
  const plural = missing === 1 ? 'datapoint was' : 'datapoints were';
  if (state === 'INSUFFICIENT_DATA') return `Insufficient Data: ${missing} ${plural} unknown.`;
  if (real.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${missing} ${missing === 1 ? 'period' : 'periods'} and ${missing} missing ${plural} treated as [${TREATMENT_WORDS[treatMissingData]}].`;
  }
  const words = `${COMPARISON_WORDS[comparisonOperator]} the threshold (${decimal(threshold)})`;
  const shown = (points: readonly Observed[]) =>
    points
      .toReversed()
      .map(({ at, value }) => `${decimal(value ?? 0)} (${shortTime(at)})`)
      .join(', ');
  const breaching = real.filter((point) => dataPointOf(alarm, point) === 'breaching');
  if (state === 'ALARM') {
    const transition = `(minimum ${alarm.datapointsToAlarm} ${alarm.datapointsToAlarm === 1 ? 'datapoint' : 'datapoints'} for OK -> ALARM transition)`;
    const verb = breaching.length === 1 ? 'was' : 'were';
    return `Threshold Crossed: ${breaching.length} out of the last ${evaluationPeriods} datapoints [${shown(breaching)}] ${verb} ${words} ${transition}.`;
  }
  const fine = real.filter((point) => dataPointOf(alarm, point) === 'ok');
  const told = fine.length > 0 ? fine : real;
  const noun = told.length === 1 ? 'datapoint' : 'datapoints';
  const verb = told.length === 1 ? 'was' : 'were';
  return `Threshold Crossed: ${told.length} ${noun} [${shown(told)}] ${verb} not ${words}.`;
}

export function reasonData(alarm: MetricAlarm, range: readonly Observed[], now: number): string {
  const real = range.filter(({ value }) => value !== undefined).slice(-alarm.evaluationPeriods);
  const statistic = alarm.stat?.statistic;
  return JSON.stringify({
    version: '1.0',
    queryDate: offsetTime(now),
    ...(real[0] && { startDate: offsetTime(real[0].at) }),
    ...(statistic !== undefined && {
      statistic: SIMPLE_STATISTICS.includes(statistic) ? statistic : undefined,
    }),
    period: alarm.period,
    recentDatapoints: real.map(({ value }) => value),
    threshold: alarm.threshold,
    evaluatedDatapoints: range
      .slice(-alarm.evaluationPeriods)
      .toReversed()
      .map(({ at, value }) => ({ timestamp: offsetTime(at), ...(value !== undefined && { value }) })),
  });
}

/** `1.0` for 1, as AWS's texts have it. */
function decimal(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** `01/02/26 03:04:00` */
function shortTime(milliseconds: number): string {
  const [date = '', time = ''] = new Date(milliseconds).toISOString().split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}
