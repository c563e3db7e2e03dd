/** What PutMetricAlarm and PutCompositeAlarm take, and what they refuse. */
import { COMPARISON_OPERATORS } from './alarm-evaluation.ts';
import type { MetricAlarm, StateValue, TreatMissingData } from './alarm-model.ts';
import { parseRule } from './composite-rule.ts';
import {
  invalidCombination,
  list,
  missingParameter,
  notInSet,
  optionalFlag,
  optionalNumber,
  optionalText,
  requiredText,
  structure,
  texts,
  validationError,
  wholeNumber,
  type Input,
} from './errors.ts';
import {
  LONGEST_EVALUATION,
  LONGEST_HOURLY_EVALUATION,
  MAXIMUM_ACTIONS,
  MAXIMUM_ALARM_METRICS,
} from './limits.ts';
import { dimensionsOf } from './metric-identity.ts';
import { checkedPeriod, parseQueries, periodOf, type MetricStat } from './metric-query.ts';
import { SIMPLE_STATISTICS, statisticNamed } from './statistics.ts';

const TREATMENTS: readonly string[] = ['breaching', 'notBreaching', 'ignore', 'missing'];
/** Operators that need an anomaly detector. */
const BAND_OPERATORS: readonly string[] = [
  'LessThanLowerOrGreaterThanUpperThreshold',
  'LessThanLowerThreshold',
  'GreaterThanUpperThreshold',
];
/** Alarms of these metrics ignore missing data, whatever they say. API_PutMetricAlarm, TreatMissingData */
const ALWAYS_IGNORED_NAMESPACE = 'AWS/DynamoDB';

/** Members of the request that DescribeAlarms gives back as they came. */
const SHOWN_MEMBERS = [
  'MetricName Namespace Statistic ExtendedStatistic Dimensions Period Unit Metrics ThresholdMetricId',
  'EvaluationPeriods DatapointsToAlarm Threshold ComparisonOperator TreatMissingData',
  'EvaluateLowSampleCountPercentile',
].flatMap((members) => members.split(' '));

const NUMBERS: ReadonlySet<string> = new Set([
  'Period',
  'EvaluationPeriods',
  'DatapointsToAlarm',
  'Threshold',
]);

/** What an alarm's configuration says, without name, state and tags. */
export type MetricAlarmSettings = Pick<
  MetricAlarm,
  | 'stat'
  | 'queries'
  | 'watched'
  | 'period'
  | 'evaluationPeriods'
  | 'datapointsToAlarm'
  | 'threshold'
  | 'comparisonOperator'
  | 'treatMissingData'
  | 'evaluateLowSampleCount'
  | 'shown'
>;

export function metricAlarmSettings(input: Input): MetricAlarmSettings {
  const comparisonOperator = requiredText(input, 'ComparisonOperator');
  if (BAND_OPERATORS.includes(comparisonOperator) || optionalText(input, 'ThresholdMetricId') !== undefined) {
    throw validationError(
      'The embedded CloudWatch has no anomaly detection: give a Threshold instead of ThresholdMetricId.',
    );
  }
  if (!COMPARISON_OPERATORS.includes(comparisonOperator)) {
    throw notInSet('comparisonOperator', comparisonOperator, COMPARISON_OPERATORS);
  }
  const threshold = optionalNumber(input, 'Threshold');
  if (threshold === undefined)
    throw validationError('Threshold must be specified when ThresholdMetricId is not.');
  const treatMissingData = optionalText(input, 'TreatMissingData') ?? 'missing';
  if (!TREATMENTS.includes(treatMissingData)) {
    throw validationError(
      `Option ${treatMissingData} is not supported for TreatMissingData parameter. Supported options: [${TREATMENTS.join(', ')}]`,
    );
  }
  const evaluationPeriods = wholeNumber(input, 'EvaluationPeriods', 1, 10_080, undefined);
  if (evaluationPeriods === undefined) throw missingParameter('EvaluationPeriods');
  const datapointsToAlarm = wholeNumber(input, 'DatapointsToAlarm', 1, 10_080, evaluationPeriods);
  if (datapointsToAlarm > evaluationPeriods) {
    throw validationError('DatapointsToAlarm must be less than or equal to EvaluationPeriods.');
  }
  const watch = watchedMetric(input);
  const longest = watch.period >= 3600 ? LONGEST_HOURLY_EVALUATION : LONGEST_EVALUATION;
  if (evaluationPeriods * watch.period > longest) {
    throw validationError(
      `Metrics cannot be checked across more than ${watch.period >= 3600 ? 'seven days' : 'a day'} (EvaluationPeriods * Period must be <= ${longest}).`,
    );
  }
  const ignored = watch.stat?.metric.namespace === ALWAYS_IGNORED_NAMESPACE;
  return {
    ...watch,
    evaluationPeriods,
    datapointsToAlarm,
    threshold,
    comparisonOperator,
    treatMissingData: ignored ? 'ignore' : (treatMissingData as TreatMissingData),
    evaluateLowSampleCount: lowSampleCount(input),
    shown: shownMembers(input),
  };
}

/** Numbers and flags that came as text are shown as what they are. */
function shownMembers(input: Input): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const name of SHOWN_MEMBERS) {
    const value = input[name];
    if (value === undefined || value === null) continue;
    shown[name] = NUMBERS.has(name) ? optionalNumber(input, name) : value;
  }
  if (Array.isArray(shown['Metrics'])) {
    shown['Metrics'] = list(input, 'Metrics').map((query) => {
      const stat = structure(query, 'MetricStat');
      const returnData = optionalFlag(query, 'ReturnData');
      return {
        ...query,
        ...(stat && { MetricStat: { ...stat, Period: optionalNumber(stat, 'Period') } }),
        ...(returnData !== undefined && { ReturnData: returnData }),
      };
    });
  }
  return shown;
}

function lowSampleCount(input: Input): 'evaluate' | 'ignore' | undefined {
  const option = optionalText(input, 'EvaluateLowSampleCountPercentile');
  if (option === undefined || option === 'evaluate' || option === 'ignore') return option;
  throw validationError(
    `Option ${option} is not supported for EvaluateLowSampleCountPercentile parameter. Supported options: [evaluate, ignore]`,
  );
}

function watchedMetric(input: Input): Pick<MetricAlarm, 'stat' | 'queries' | 'watched' | 'period'> {
  if (list(input, 'Metrics').length > 0) return watchedExpression(input);
  const name = optionalText(input, 'MetricName');
  const namespace = optionalText(input, 'Namespace');
  if (name === undefined || namespace === undefined) {
    throw missingParameter(name === undefined ? 'MetricName' : 'Namespace');
  }
  const statistic = statisticOf(input);
  const period = wholeNumber(input, 'Period', 1, LONGEST_HOURLY_EVALUATION, undefined);
  if (period === undefined) throw missingParameter('Period');
  const stat: MetricStat = {
    metric: { namespace, name, dimensions: dimensionsOf(input) },
    period: alarmPeriod(period),
    statistic,
    unit: optionalText(input, 'Unit'),
  };
  return { stat, queries: [], watched: undefined, period };
}

function statisticOf(input: Input): string {
  const statistic = optionalText(input, 'Statistic');
  const extended = optionalText(input, 'ExtendedStatistic');
  if (statistic !== undefined && extended !== undefined) {
    throw invalidCombination(
      'The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.',
    );
  }
  if (statistic !== undefined) {
    if (!SIMPLE_STATISTICS.includes(statistic)) throw notInSet('statistic', statistic, SIMPLE_STATISTICS);
    return statistic;
  }
  if (extended === undefined) throw missingParameter('Statistic or ExtendedStatistic');
  if (!statisticNamed(extended)) {
    throw validationError(`The value ${extended} for parameter ExtendedStatistic is not supported.`);
  }
  return extended;
}

function watchedExpression(input: Input): Pick<MetricAlarm, 'stat' | 'queries' | 'watched' | 'period'> {
  for (const name of [
    'MetricName',
    'Namespace',
    'Dimensions',
    'Period',
    'Statistic',
    'ExtendedStatistic',
    'Unit',
  ]) {
    if (
      input[name] !== undefined &&
      input[name] !== null &&
      !(Array.isArray(input[name]) && input[name].length === 0)
    ) {
      throw invalidCombination(
        `The parameters ${name} and Metrics are mutually exclusive and you have specified both.`,
      );
    }
  }
  const queries = parseQueries(input, 'Metrics');
  const watched = queries.filter(({ returnData }) => returnData);
  if (watched.length !== 1) {
    throw validationError('Exactly one element of the metrics list should return data.');
  }
  if (queries.filter(({ stat }) => stat).length > MAXIMUM_ALARM_METRICS) {
    throw validationError(`An alarm's expression is based on at most ${MAXIMUM_ALARM_METRICS} metrics.`);
  }
  const periods = new Set(queries.flatMap(({ stat }) => (stat ? [stat.period] : [])));
  if (periods.size > 1) throw validationError('All metrics of an alarm must have the same period.');
  return {
    stat: undefined,
    queries,
    watched: watched[0],
    period: alarmPeriod(periodOf(queries, watched[0]!)),
  };
}

function alarmPeriod(period: number): number {
  if (period === 1 || period === 5) throw validationError('Period must be 10, 20, 30 or a multiple of 60.');
  return checkedPeriod(period);
}

/** The actions of each state. */
export function alarmActions(input: Input): Readonly<Record<StateValue, readonly string[]>> {
  return {
    OK: actionsOf(input, 'OKActions'),
    ALARM: actionsOf(input, 'AlarmActions'),
    INSUFFICIENT_DATA: actionsOf(input, 'InsufficientDataActions'),
  };
}

function actionsOf(input: Input, name: string): readonly string[] {
  const actions = texts(input, name);
  if (actions.length > MAXIMUM_ACTIONS) {
    throw validationError(
      `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must have length less than or equal to ${MAXIMUM_ACTIONS}`,
    );
  }
  for (const action of actions) {
    if (!/^arn:[^:]+:[\w-]+:/.test(action)) throw validationError(`Invalid arn syntax: ${action}`);
  }
  return actions;
}

export function alarmName(input: Input): string {
  const name = requiredText(input, 'AlarmName');
  if (name.length > 255) {
    throw validationError(
      "1 validation error detected: Value at 'alarmName' failed to satisfy constraint: Member must have length less than or equal to 255",
    );
  }
  return name;
}

export function actionsEnabled(input: Input): boolean {
  return optionalFlag(input, 'ActionsEnabled') ?? true;
}

/** What a composite alarm's request says about its rule and its suppressor. */
export function compositeSettings(input: Input) {
  const ruleText = requiredText(input, 'AlarmRule');
  const suppressor = optionalText(input, 'ActionsSuppressor');
  const waitSeconds = wholeNumber(
    input,
    'ActionsSuppressorWaitPeriod',
    0,
    Number.MAX_SAFE_INTEGER,
    undefined,
  );
  const extensionSeconds = wholeNumber(
    input,
    'ActionsSuppressorExtensionPeriod',
    0,
    Number.MAX_SAFE_INTEGER,
    undefined,
  );
  if (suppressor !== undefined && (waitSeconds === undefined || extensionSeconds === undefined)) {
    throw validationError(
      'ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required when ActionsSuppressor is specified.',
    );
  }
  return {
    ruleText,
    rule: parseRule(ruleText),
    suppressor:
      suppressor === undefined
        ? undefined
        : {
            alarm: /^arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:(.+)$/.exec(suppressor)?.[1] ?? suppressor,
            waitSeconds: waitSeconds ?? 0,
            extensionSeconds: extensionSeconds ?? 0,
          },
  };
}
