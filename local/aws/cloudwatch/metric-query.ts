/** Metric data queries: metrics and expressions over a span of time, for GetMetricData and for alarms. */
import {
  list,
  optionalFlag,
  optionalNumber,
  optionalText,
  requiredText,
  structure,
  validationError,
  wholeNumber,
  type Input,
} from './errors.ts';
import { dimensionsOf } from './metric-identity.ts';
import { parseExpression, type Expression } from './metric-math.ts';
import type { Grid, MathValue, SeriesValue } from './math-values.ts';
import type { MetricIdentity, MetricStore } from './metric-store.ts';
import { statisticNamed } from './statistics.ts';

/** The longest period, in seconds. API_MetricStat */
const LONGEST_PERIOD = 365 * 24 * 60 * 60;

/** One metric with the statistic asked of it. */
export interface MetricStat {
  readonly metric: MetricIdentity;
  /** Seconds. */
  readonly period: number;
  readonly statistic: string;
  readonly unit: string | undefined;
}

export interface MetricQuery {
  readonly id: string;
  readonly label: string | undefined;
  readonly returnData: boolean;
  readonly stat: MetricStat | undefined;
  readonly expression: Expression | undefined;
  readonly expressionText: string | undefined;
  /** Seconds, of an expression that names its own. */
  readonly period: number | undefined;
}

/** The queries of a `Metrics` or `MetricDataQueries` member. */
export function parseQueries(input: Input, member: string): readonly MetricQuery[] {
  const queries = list(input, member).map(parseQuery);
  const ids = new Set(queries.map(({ id }) => id));
  if (ids.size < queries.length)
    throw validationError('The values for parameter id in MetricDataQueries are not unique.');
  for (const { expression, expressionText } of queries) {
    for (const id of expression?.references ?? []) {
      if (!ids.has(id)) {
        throw validationError(
          `Error in expression '${expressionText ?? ''}': the id "${id}" is of no query in this request.`,
        );
      }
    }
  }
  return queries;
}

function parseQuery(input: Input): MetricQuery {
  const id = requiredText(input, 'Id');
  if (!/^[a-z]\w{0,254}$/.test(id)) {
    throw validationError(
      `The value ${id} for parameter id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
    );
  }
  const text = optionalText(input, 'Expression');
  const stat = structure(input, 'MetricStat');
  if ((text === undefined) === (stat === undefined)) {
    throw validationError('Either Expression or MetricStat must be given for each query, and not both.');
  }
  return {
    id,
    label: optionalText(input, 'Label'),
    returnData: optionalFlag(input, 'ReturnData') ?? true,
    stat: stat && parseMetricStat(stat),
    expression: text === undefined ? undefined : parseExpression(text),
    expressionText: text,
    period: optionalNumber(input, 'Period'),
  };
}

function parseMetricStat(input: Input): MetricStat {
  const metric = structure(input, 'Metric') ?? {};
  const statistic = requiredText(input, 'Stat');
  if (!statisticNamed(statistic))
    throw validationError(`The value ${statistic} for parameter Stat is not supported.`);
  const period = wholeNumber(input, 'Period', 1, LONGEST_PERIOD, undefined);
  if (period === undefined) throw validationError('The parameter Period is required.');
  return {
    metric: {
      namespace: requiredText(metric, 'Namespace'),
      name: requiredText(metric, 'MetricName'),
      dimensions: dimensionsOf(metric),
    },
    period: checkedPeriod(period),
    statistic,
    unit: optionalText(input, 'Unit'),
  };
}

export function checkedPeriod(period: number): number {
  if (period % 60 !== 0 && ![1, 5, 10, 20, 30].includes(period)) {
    throw validationError(`Period must be 1, 5, 10, 20, 30 or any multiple of 60; it is ${period}.`);
  }
  return period;
}

/** The period of a query in seconds: its own, or for an expression the longest of what it refers to. */
export function periodOf(queries: readonly MetricQuery[], query: MetricQuery): number {
  if (query.stat) return query.stat.period;
  if (query.period !== undefined) return query.period;
  const referred = queries.filter(
    ({ id, stat }) => query.expression?.references.has(id) || (query.expression?.usesAllMetrics && stat),
  );
  const periods = referred.filter((other) => other !== query).map((other) => periodOf(queries, other));
  return Math.max(60, ...periods);
}

/** Evaluates one query on a grid; metrics have no point where they have no data. */
export function evaluateQuery(
  store: MetricStore,
  queries: readonly MetricQuery[],
  query: MetricQuery,
  grid: Grid,
): MathValue {
  const known = new Map<string, MathValue>();
  const busy = new Set<string>();
  const valueOf = (id: string): MathValue => {
    const found = known.get(id);
    if (found !== undefined) return found;
    const wanted = queries.find((one) => one.id === id);
    if (!wanted) throw validationError(`The id "${id}" is of no query in this request.`);
    if (busy.has(id)) throw validationError(`The expression "${id}" refers to itself.`);
    busy.add(id);
    const value = wanted.stat
      ? statSeries(store, wanted, wanted.stat, grid)
      : wanted.expression!.evaluate(scope);
    known.set(id, value);
    return value;
  };
  const scope = {
    grid,
    valueOf,
    metrics: (part: string): MathValue => ({
      kind: 'list',
      items: queries
        .filter(({ id, stat }) => stat && id.includes(part))
        .map(({ id }) => valueOf(id) as SeriesValue),
    }),
  };
  return valueOf(query.id);
}

/**
 * The points of a metric, one per period of the grid.
 *
 * @param ignoreLowSamples leaves out percentiles of too few samples: 10/(1-p), or 10/p below p50.
 *   "Percentile-based CloudWatch alarms and low data samples"
 */
export function statPoints(
  store: MetricStore,
  stat: MetricStat,
  grid: Grid,
  ignoreLowSamples = false,
): (number | undefined)[] {
  const percentile = Number(/^p(\d+(?:\.\d+)?)$/.exec(stat.statistic)?.[1] ?? Number.NaN) / 100;
  const fewest = ignoreLowSamples ? 10 / (percentile >= 0.5 ? 1 - percentile : percentile) : 0;
  const series = store.find(stat.metric);
  const statistic = statisticNamed(stat.statistic);
  return Array.from({ length: grid.length }, (_, index) => {
    if (!series || !statistic) return undefined;
    const start = grid.start + index * grid.period;
    const bucket = store.between(series, start, start + grid.period, stat.unit);
    return bucket && !(bucket.count < fewest) ? statistic(bucket) : undefined;
  });
}

function statSeries(store: MetricStore, query: MetricQuery, stat: MetricStat, grid: Grid): SeriesValue {
  return { kind: 'series', points: statPoints(store, stat, grid), label: query.label ?? stat.metric.name };
}
