/** An alarm as data: what is watched, when it rises, how urgent it is and what to do. */
import { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import type { AlarmSeverity } from './alarm-props.ts';
import type { Runbook } from './runbooks.ts';

export interface AlarmSpecification {
  /**
   * The construct watched, for the topology.
   * @default - the account
   */
  readonly watched?: IConstruct;
  readonly metric: Metric;
  /**
   * Metric math that is compared instead, with `metric` the first of its metrics: what the alarm is about.
   * @default - the metric itself
   */
  readonly expression?: MathExpression;
  readonly threshold: number;
  /**
   * How the value compares to the threshold when the alarm rises.
   * @default '>'
   */
  readonly comparison?: '>' | '>=' | '<';
  /** Minutes in a row. */
  readonly minutes: number;
  readonly severity: AlarmSeverity;
  /** One or two sentences: what has happened, and what to do first. */
  readonly description: string;
  readonly runbook: Runbook;
  /**
   * A symptom of its consumer's or relay's health: where a composite alarm speaks for those, this one is silent.
   * @default false
   */
  readonly symptom?: boolean;
  /**
   * What no data means. `'silence'`: the thing has stopped, and the alarm's state of insufficient data is told too.
   * @default 'nothing' - nothing has happened
   */
  readonly missingData?: 'nothing' | 'silence';
}

export const PERIOD = Duration.minutes(1);

/** A metric that is counted, per minute. */
export function sumOf(namespace: string, metricName: string, dimensionsMap: Record<string, string>): Metric {
  return new Metric({ namespace, metricName, dimensionsMap, period: PERIOD, statistic: Stats.SUM });
}

/** A metric that is measured, its highest value of each minute. */
export function maximumOf(
  namespace: string,
  metricName: string,
  dimensionsMap: Record<string, string>,
): Metric {
  return new Metric({ namespace, metricName, dimensionsMap, period: PERIOD, statistic: Stats.MAXIMUM });
}
