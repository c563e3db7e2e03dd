/** GetMetricStatistics, GetMetricData and ListMetrics. */
import { page } from '../paging.ts';
import {
  invalidCombination,
  invalidNextToken,
  invalidValue,
  list,
  missingParameter,
  notInSet,
  optionalText,
  requiredText,
  requiredTime,
  texts,
  validationError,
  wholeNumber,
  type Input,
} from './errors.ts';
import { LIST_METRICS_PAGE, MAXIMUM_QUERIES, MAXIMUM_STATISTICS_DATA_POINTS } from './limits.ts';
import { isText, type Grid, type MathValue, type SeriesValue } from './math-values.ts';
import { dimensionsOf, shownDimensions } from './metric-identity.ts';
import { checkedPeriod, evaluateQuery, parseQueries, periodOf, type MetricQuery } from './metric-query.ts';
import type { MetricStore, Series } from './metric-store.ts';
import { SIMPLE_STATISTICS, statisticNamed } from './statistics.ts';

/** RecentlyActive=PT3H. API_ListMetrics */
const RECENT = 3 * 60 * 60 * 1000;
/** Metrics without data for so long are listed no more. API_ListMetrics */
const LISTED = 14 * 24 * 60 * 60 * 1000;

export function getMetricStatistics(store: MetricStore, input: Input): unknown {
  const namespace = requiredText(input, 'Namespace');
  const name = requiredText(input, 'MetricName');
  const start = requiredTime(input, 'StartTime');
  const end = requiredTime(input, 'EndTime');
  if (start >= end) {
    throw invalidCombination('The parameter StartTime must be less than the parameter EndTime.');
  }
  const seconds = wholeNumber(input, 'Period', 1, 365 * 24 * 60 * 60, undefined);
  if (seconds === undefined) throw missingParameter('Period');
  const grid = gridOf(start, end, checkedPeriod(seconds));
  if (grid.length > MAXIMUM_STATISTICS_DATA_POINTS) {
    throw invalidCombination(
      `You have requested up to ${grid.length} datapoints, which exceeds the limit of ${MAXIMUM_STATISTICS_DATA_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
  const statistics = statisticsOf(input);
  const series = store.find({ namespace, name, dimensions: dimensionsOf(input) });
  const wantedUnit = optionalText(input, 'Unit');
  const units = [...(series?.units.keys() ?? [])].filter(
    (unit) => wantedUnit === undefined || unit === wantedUnit,
  );
  const datapoints = units.flatMap((unit) =>
    series ? dataPoints(store, series, grid, unit, statistics) : [],
  );
  return { Label: name, Datapoints: datapoints };
}

function statisticsOf(input: Input): {
  readonly simple: readonly string[];
  readonly extended: readonly string[];
} {
  const simple = texts(input, 'Statistics');
  const extended = texts(input, 'ExtendedStatistics');
  if (simple.length + extended.length === 0) {
    throw missingParameter('Statistics or ExtendedStatistics');
  }
  for (const statistic of simple) {
    if (!SIMPLE_STATISTICS.includes(statistic)) throw notInSet('statistics', statistic, SIMPLE_STATISTICS);
  }
  for (const statistic of extended) {
    if (!statisticNamed(statistic))
      throw invalidValue(`The value ${statistic} for parameter ExtendedStatistics is invalid.`);
  }
  return { simple, extended };
}

function dataPoints(
  store: MetricStore,
  series: Series,
  grid: Grid,
  unit: string,
  { simple, extended }: { readonly simple: readonly string[]; readonly extended: readonly string[] },
): unknown[] {
  return timesOf(grid).flatMap((at) => {
    const bucket = store.between(series, at, at + grid.period, unit);
    if (!bucket) return [];
    const told = (statistic: string) => [statistic, statisticNamed(statistic)?.(bucket)] as const;
    const extendedValues = extended.map(told).filter(([, value]) => value !== undefined);
    return [
      {
        Timestamp: at / 1000,
        ...Object.fromEntries(simple.map(told)),
        ...(extended.length > 0 && { ExtendedStatistics: Object.fromEntries(extendedValues) }),
        Unit: unit,
      },
    ];
  });
}

export function getMetricData(store: MetricStore, input: Input): unknown {
  const start = requiredTime(input, 'StartTime');
  const end = requiredTime(input, 'EndTime');
  if (start >= end) throw validationError('The parameter StartTime must be less than the parameter EndTime.');
  const queries = parseQueries(input, 'MetricDataQueries');
  if (queries.length === 0) throw missingParameter('MetricDataQueries');
  if (queries.length > MAXIMUM_QUERIES) {
    throw validationError(
      `The collection MetricDataQueries must not have a size greater than ${MAXIMUM_QUERIES}.`,
    );
  }
  const ascending = input['ScanBy'] === 'TimestampAscending';
  const results = queries
    .filter(({ returnData }) => returnData)
    .flatMap((query) => {
      const grid = gridOf(start, end, periodOf(queries, query));
      return resultSeries(evaluateQuery(store, queries, query, grid), grid).map((series) =>
        shownResult(query, series, grid, ascending),
      );
    });
  return { MetricDataResults: results, Messages: [] };
}

function resultSeries(value: MathValue, grid: Grid): readonly SeriesValue[] {
  if (typeof value === 'number') {
    return [{ kind: 'series', points: Array.from({ length: grid.length }, () => value) }];
  }
  if (isText(value)) throw validationError('An expression must give a time series.');
  return value.kind === 'list' ? value.items : [value];
}

function shownResult(query: MetricQuery, series: SeriesValue, grid: Grid, ascending: boolean) {
  const points = timesOf(grid).flatMap((at, index) => {
    const value = series.points[index];
    return value === undefined ? [] : [{ at, value }];
  });
  const ordered = ascending ? points : points.toReversed();
  return {
    Id: query.id,
    Label: query.label ?? series.label ?? query.id,
    Timestamps: ordered.map(({ at }) => at / 1000),
    Values: ordered.map(({ value }) => value),
    StatusCode: 'Complete',
  };
}

/** The periods that begin within the span; the first one is rounded down to a whole period. */
function gridOf(start: number, end: number, seconds: number): Grid {
  const period = seconds * 1000;
  const first = start - (start % period);
  return { start: first, period, length: Math.max(0, Math.ceil((end - first) / period)) };
}

function timesOf({ start, period, length }: Grid): number[] {
  return Array.from({ length }, (_, index) => start + index * period);
}

export function listMetrics(store: MetricStore, input: Input, now: number): unknown {
  const namespace = optionalText(input, 'Namespace');
  const name = optionalText(input, 'MetricName');
  const filters = list(input, 'Dimensions').map((filter) => ({
    name: requiredText(filter, 'Name'),
    value: optionalText(filter, 'Value'),
  }));
  const since = now - (input['RecentlyActive'] === 'PT3H' ? RECENT : LISTED);
  const found = [...store.all()].filter(
    (series) =>
      series.units.size > 0 &&
      series.lastDataAt >= since &&
      (namespace === undefined || series.namespace === namespace) &&
      (name === undefined || series.name === name) &&
      filters.every(
        (filter) =>
          Object.hasOwn(series.dimensions, filter.name) &&
          (filter.value === undefined || series.dimensions[filter.name] === filter.value),
      ),
  );
  const { items, next } = page(found, {
    size: LIST_METRICS_PAGE,
    token: optionalText(input, 'NextToken'),
    invalidToken: invalidNextToken,
  });
  return {
    Metrics: items.map((series) => ({
      Namespace: series.namespace,
      MetricName: series.name,
      Dimensions: shownDimensions(series.dimensions),
    })),
    ...next,
  };
}
