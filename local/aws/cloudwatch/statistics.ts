/**
 * What is kept of the values of one time span, and the statistics told from it.
 * "CloudWatch statistics definitions", AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */

/** The values of a time span. */
export interface Bucket {
  count: number;
  sum: number;
  minimum: number;
  maximum: number;
  /** How often each value came; undefined when a statistic set without its values went in. */
  values: Map<number, number> | undefined;
}

/** Different values kept exactly; what comes after them is rounded to {@link ROUNDED_DIGITS} digits. */
const EXACT_VALUES = 512;
const ROUNDED_DIGITS = 3;

export function emptyBucket(): Bucket {
  return { count: 0, sum: 0, minimum: Infinity, maximum: -Infinity, values: new Map() };
}

/** Adds a value that came so many times. */
export function addValue(bucket: Bucket, value: number, times = 1): void {
  bucket.count += times;
  bucket.sum += value * times;
  if (value < bucket.minimum) bucket.minimum = value;
  if (value > bucket.maximum) bucket.maximum = value;
  if (bucket.values) countValue(bucket.values, value, times);
}

/** A statistic set as PutMetricData takes it. */
export interface StatisticSet {
  readonly count: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Percentiles are told from a statistic set only when all its values must be the same. API_PutMetricData */
export function addStatisticSet(bucket: Bucket, { count, sum, minimum, maximum }: StatisticSet): void {
  if (minimum === maximum && sum === minimum * count) return addValue(bucket, minimum, count);
  bucket.count += count;
  bucket.sum += sum;
  bucket.minimum = Math.min(bucket.minimum, minimum);
  bucket.maximum = Math.max(bucket.maximum, maximum);
  bucket.values = undefined;
}

/** Adds what `from` holds. */
export function addBucket(bucket: Bucket, from: Bucket): void {
  bucket.count += from.count;
  bucket.sum += from.sum;
  bucket.minimum = Math.min(bucket.minimum, from.minimum);
  bucket.maximum = Math.max(bucket.maximum, from.maximum);
  if (!from.values || !bucket.values) bucket.values = undefined;
  else for (const [value, times] of from.values) countValue(bucket.values, value, times);
}

function countValue(values: Map<number, number>, value: number, times: number): void {
  const exact = values.size < EXACT_VALUES || values.has(value);
  const key = exact ? value : Number(value.toPrecision(ROUNDED_DIGITS));
  values.set(key, (values.get(key) ?? 0) + times);
}

const SIMPLE: Readonly<Record<string, (bucket: Bucket) => number>> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => sum / count,
  Minimum: ({ minimum }) => minimum,
  Maximum: ({ maximum }) => maximum,
};

/** `Sum`, `Average` and the others that need no single values. */
export const SIMPLE_STATISTICS: readonly string[] = Object.keys(SIMPLE);

/** What a statistic's name asks for. */
export type Statistic = (bucket: Bucket) => number | undefined;

/** The statistic of this name, or undefined when CloudWatch has none. */
export function statisticNamed(name: string): Statistic | undefined {
  const simple = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (simple) return (bucket) => (bucket.count > 0 ? simple(bucket) : undefined);
  return extendedStatistic(name);
}

/** `p99`, `tm95`, `TM(10%:90%)`, `PR(:300)`, `IQM` and the like. API_PutMetricAlarm, ExtendedStatistic */
function extendedStatistic(name: string): Statistic | undefined {
  const percentile = /^p(\d{1,3}(?:\.\d{1,10})?)$/.exec(name)?.[1];
  if (percentile !== undefined) {
    const share = Number(percentile) / 100;
    return share > 1 ? undefined : withValues((sorted) => valueAt(sorted, share));
  }
  if (/^iqm$/i.test(name)) return withValues((sorted) => mean(trimmed(sorted, 0.25, 0.75)));
  const short = /^(tm|wm|tc|ts)(\d{1,2}(?:\.\d{1,10})?|100)$/.exec(name);
  if (short) return trimmedStatistic(short[1] ?? '', { from: 0, to: Number(short[2]) / 100, percent: true });
  const range = /^(TM|WM|TC|TS|PR)\((\d+(?:\.\d+)?%?)?:(\d+(?:\.\d+)?%?)?\)$/i.exec(name);
  if (!range) return undefined;
  const [, kind = '', low, high] = range;
  const percent = (low ?? high ?? '').endsWith('%');
  if (low !== undefined && high !== undefined && low.endsWith('%') !== high.endsWith('%')) return undefined;
  const scale = percent ? 100 : 1;
  return trimmedStatistic(kind.toLowerCase(), {
    from: low === undefined ? (percent ? 0 : -Infinity) : Number.parseFloat(low) / scale,
    to: high === undefined ? (percent ? 1 : Infinity) : Number.parseFloat(high) / scale,
    percent,
  });
}

interface Range {
  readonly from: number;
  readonly to: number;
  /** Whether the bounds are shares of the samples; values otherwise. */
  readonly percent: boolean;
}

/** Values with how often they came, in ascending order. */
type Sorted = readonly (readonly [value: number, times: number])[];

function trimmedStatistic(kind: string, range: Range): Statistic {
  const kept = (sorted: Sorted): Sorted =>
    range.percent
      ? trimmed(sorted, range.from, range.to)
      : sorted.filter(([value]) => value > range.from && value <= range.to);
  return withValues((sorted) => {
    const inRange = kept(sorted);
    switch (kind) {
      case 'tm':
        return mean(inRange);
      case 'tc':
        return total(inRange);
      case 'ts':
        return inRange.reduce((sum, [value, times]) => sum + value * times, 0);
      case 'pr':
        return (100 * total(inRange)) / total(sorted);
      default: {
        const lowest = range.percent ? valueAt(sorted, range.from) : range.from;
        const highest = range.percent ? valueAt(sorted, range.to) : range.to;
        return mean(sorted.map(([value, times]) => [Math.min(Math.max(value, lowest), highest), times]));
      }
    }
  });
}

function withValues(tell: (sorted: Sorted) => number | undefined): Statistic {
  return ({ count, values }) => {
    if (count === 0 || !values) return undefined;
    return tell([...values].toSorted(([a], [b]) => a - b));
  };
}

/** The value that this share of the samples is at or below: nearest rank. */
function valueAt(sorted: Sorted, share: number): number {
  const rank = Math.max(1, Math.ceil(share * total(sorted)));
  let seen = 0;
  for (const [value, times] of sorted) {
    seen += times;
    if (seen >= rank) return value;
  }
  return sorted.at(-1)?.[0] ?? Number.NaN;
}

/** The samples between two shares of them. */
function trimmed(sorted: Sorted, from: number, to: number): Sorted {
  const count = total(sorted);
  const first = Math.floor(from * count);
  const last = Math.max(first + 1, Math.ceil(to * count));
  let seen = 0;
  return sorted.flatMap(([value, times]) => {
    const start = Math.max(first, seen);
    seen += times;
    const inRange = Math.min(last, seen) - start;
    return inRange > 0 ? [[value, inRange] as const] : [];
  });
}

function total(sorted: Sorted): number {
  return sorted.reduce((sum, [, times]) => sum + times, 0);
}

function mean(sorted: Sorted): number | undefined {
  const count = total(sorted);
  return count === 0 ? undefined : sorted.reduce((sum, [value, times]) => sum + value * times, 0) / count;
}
