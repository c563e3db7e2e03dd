/**
 * The state of a metric alarm from its data points, missing ones included.
 * "Alarm evaluation", AmazonCloudWatch/latest/monitoring/alarm-evaluation.html, and
 * "Configuring how CloudWatch alarms treat missing data", .../alarms-and-missing-data.html
 */
import type { StateValue, TreatMissingData } from './alarm-model.ts';

/**
 * Data points looked at beyond the evaluation periods, so that late ones count. The page gives no number, only
 * the example that 3 evaluation periods look at 5.
 */
export const EXTRA_DATA_POINTS = 2;

/** A data point of the evaluation range, which is ordered oldest first. */
export type DataPoint = 'breaching' | 'ok' | 'missing';

export interface Evaluation {
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly treatMissingData: TreatMissingData;
  readonly current: StateValue;
}

/**
 * The alarm's state. Real data points come before missing ones: a missing one is filled in only as often as
 * real ones are too few for the evaluation periods.
 *
 * `missing` and `ignore` keep the current state when what is there decides nothing. A breaching data point that
 * is at least `datapointsToAlarm` periods old, with none that is well after it, raises the alarm when missing data
 * is `missing`; a younger one alone does not yet ("premature alarm state").
 */
export function evaluate(range: readonly DataPoint[], alarm: Evaluation): StateValue {
  const { evaluationPeriods, datapointsToAlarm, treatMissingData, current } = alarm;
  const real = range.filter((point) => point !== 'missing').slice(-evaluationPeriods);
  const breaching = real.filter((point) => point === 'breaching').length;
  const filled = evaluationPeriods - real.length;
  if (filled === 0) return breaching >= datapointsToAlarm ? 'ALARM' : 'OK';

  if (treatMissingData === 'breaching') return breaching + filled >= datapointsToAlarm ? 'ALARM' : 'OK';
  if (breaching >= datapointsToAlarm) return 'ALARM';
  if (treatMissingData === 'notBreaching') return 'OK';
  if (breaching < real.length) return 'OK';
  if (treatMissingData === 'ignore') return current;
  if (real.length === 0) return 'INSUFFICIENT_DATA';
  const oldestAge = range.length - range.indexOf('breaching');
  return oldestAge >= datapointsToAlarm ? 'ALARM' : current;
}

/** Whether a value is on the wrong side of the threshold. */
export function breaches(comparisonOperator: string, value: number, threshold: number): boolean {
  switch (comparisonOperator) {
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'LessThanThreshold':
      return value < threshold;
    default:
      return value <= threshold;
  }
}

export const COMPARISON_OPERATORS: readonly string[] = [
  'GreaterThanOrEqualToThreshold',
  'GreaterThanThreshold',
  'LessThanThreshold',
  'LessThanOrEqualToThreshold',
];
