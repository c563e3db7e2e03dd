/**
 * The functions of metric math that alarms use.
 * "Functions supported for metric math", AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
import { validationError } from './errors.ts';
import {
  asSeries,
  finite,
  isList,
  isText,
  pointOf,
  type Grid,
  type MathValue,
  type Points,
  type SeriesValue,
} from './math-values.ts';

/** What a function may ask for besides its parameters. */
export interface MathScope {
  readonly grid: Grid;
  metrics(idPart: string): MathValue;
}

export type MathFunction = (parameters: readonly MathValue[], scope: MathScope) => MathValue;

export const FUNCTIONS: Readonly<Record<string, MathFunction>> = {
  ABS: each(Math.abs),
  CEIL: each(Math.ceil),
  FLOOR: each(Math.floor),
  LOG: each(Math.log),
  LOG10: each(Math.log10),
  AVG: across((values) => sumOf(values) / values.length),
  SUM: across(sumOf),
  MIN: across((values) => Math.min(...values)),
  MAX: across((values) => Math.max(...values)),
  STDDEV: across((values) => {
    const mean = sumOf(values) / values.length;
    return Math.sqrt(sumOf(values.map((value) => (value - mean) ** 2)) / values.length);
  }),
  METRICS: ([part], scope) => scope.metrics(part && isText(part) ? part.text : ''),
  METRIC_COUNT: ([value]) => (value !== undefined && isList(value) ? value.items.length : 1),
  DATAPOINT_COUNT: across((values) => values.length),
  IF: ([condition = 0, then = 0, otherwise]) => choose(condition, then, otherwise),
  FILL: ([value = 0, filling = 0]) => overSeries(value, (points) => fill(points, filling)),
  RATE: ([value = 0], { grid }) =>
    overSeries(value, (points) => differences(points).map((point) => divided(point, grid.period / 1000))),
  DIFF: ([value = 0]) => overSeries(value, differences),
  RUNNING_SUM: ([value = 0]) =>
    overSeries(value, (points) => {
      let sum = 0;
      return points.map((point) => (point === undefined ? undefined : (sum += point)));
    }),
  TIME_SERIES: ([value = 0], { grid }) =>
    typeof value === 'number'
      ? { kind: 'series', points: Array.from({ length: grid.length }, () => value) }
      : value,
  PERIOD: (_, { grid }) => grid.period / 1000,
};

/** Point by point. */
function each(run: (value: number) => number): MathFunction {
  return ([value = 0]) =>
    typeof value === 'number'
      ? run(value)
      : overSeries(value, (points) =>
          points.map((point) => (point === undefined ? undefined : finite(run(point)))),
        );
}

/** Over the points of one series: a number. Across several: a series, of the points there are at each time. */
function across(run: (values: readonly number[]) => number): MathFunction {
  return ([value = 0]) => {
    if (typeof value === 'number') return run([value]);
    if (isText(value)) throw validationError('This function takes metrics, not text.');
    if (!isList(value)) {
      const values = present(value.points);
      return values.length === 0 ? { kind: 'series', points: value.points } : run(values);
    }
    const length = value.items[0]?.points.length ?? 0;
    const points = Array.from({ length }, (_, index) => {
      const values = present(value.items.map((item) => item.points[index]));
      return values.length === 0 ? undefined : finite(run(values));
    });
    return { kind: 'series', points };
  };
}

function overSeries(value: MathValue, run: (points: Points) => Points): MathValue {
  const one = ({ points, label }: SeriesValue): SeriesValue => ({
    kind: 'series',
    points: run(points),
    ...(label !== undefined && { label }),
  });
  return isList(value) ? { kind: 'list', items: value.items.map(one) } : one(asSeries(value));
}

function choose(condition: MathValue, then: MathValue, otherwise: MathValue | undefined): MathValue {
  if (isText(condition) || isList(condition) || isText(then) || isList(then)) {
    throw validationError('IF takes numbers and time series.');
  }
  if (otherwise !== undefined && (isText(otherwise) || isList(otherwise)))
    throw validationError('IF takes numbers and time series.');
  if (typeof condition === 'number') {
    const chosen = condition === 0 ? otherwise : then;
    if (chosen === undefined)
      throw validationError('IF with a number as condition needs all three parameters.');
    return chosen;
  }
  const points = condition.points.map((point, index) => {
    if (point === undefined) return undefined;
    const chosen = point === 0 ? otherwise : then;
    return chosen === undefined ? undefined : pointOf(chosen, index);
  });
  return { kind: 'series', points };
}

function fill(points: Points, filling: MathValue): Points {
  if (isText(filling)) return filling.text === 'REPEAT' ? repeated(points) : interpolated(points);
  if (isList(filling)) throw validationError('FILL takes a number, a metric, REPEAT or LINEAR.');
  return points.map((point, index) => point ?? pointOf(filling, index));
}

function repeated(points: Points): Points {
  let last: number | undefined;
  return points.map((point) => (last = point ?? last));
}

function interpolated(points: Points): Points {
  return points.map((point, index) => {
    if (point !== undefined) return point;
    const before = points.findLastIndex((other, at) => at < index && other !== undefined);
    const after = points.findIndex((other, at) => at > index && other !== undefined);
    const [from, to] = [points[before], points[after]];
    if (from === undefined || to === undefined) return undefined;
    return from + ((to - from) * (index - before)) / (after - before);
  });
}

function differences(points: Points): Points {
  return points.map((point, index) => {
    const before = points[index - 1];
    return point === undefined || before === undefined ? undefined : point - before;
  });
}

function divided(point: number | undefined, by: number): number | undefined {
  return point === undefined ? undefined : point / by;
}

function present(points: Points): number[] {
  return points.filter((point) => point !== undefined);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
