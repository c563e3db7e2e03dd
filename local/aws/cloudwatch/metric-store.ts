/**
 * The data points that are kept: by the second for high resolution, else by the minute, and coarser as they
 * age, within a bound of memory.
 * "CloudWatch concepts", Metrics retention, AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
 */
import { KEPT_BUCKETS, KEPT_SERIES } from './limits.ts';
import { addBucket, emptyBucket, type Bucket } from './statistics.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Spans of the tiers and for how long each keeps its data, in milliseconds. The page above. */
const TIERS: readonly { readonly span: number; readonly kept: number }[] = [
  { span: 1000, kept: 3 * HOUR },
  { span: MINUTE, kept: 15 * DAY },
  { span: 5 * MINUTE, kept: 63 * DAY },
  { span: HOUR, kept: 455 * DAY },
];
const BY_SECOND = 0;
const BY_MINUTE = 1;

export interface MetricIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** One metric with its data, by unit. */
export interface Series extends MetricIdentity {
  readonly units: Map<string, Tiers>;
  lastDataAt: number;
}

/** Buckets by the start of their span, for each of {@link TIERS}. */
type Tiers = readonly Map<number, Bucket>[];

export interface MetricStore {
  /** The series of a metric, made when it is missing. Keep it rather than asking again for each value. */
  series(metric: MetricIdentity): Series;
  find(metric: MetricIdentity): Series | undefined;
  all(): Iterable<Series>;
  /** The bucket to add a value of this time to. */
  bucket(series: Series, unit: string, at: number, highResolution?: boolean): Bucket;
  /** What was measured from `start` up to `end`, in one unit or in all; undefined when there is nothing. */
  between(series: Series, start: number, end: number, unit?: string): Bucket | undefined;
}

export function createMetricStore(now: () => number): MetricStore {
  const byKey = new Map<string, Series>();
  let buckets = 0;

  /** Moves what a tier has kept long enough to the next coarser one. */
  const age = (tiers: Tiers, index: number): void => {
    const tier = tiers[index]!;
    const oldest = now() - TIERS[index]!.kept;
    const next = tiers[index + 1];
    for (const [start, bucket] of tier) {
      if (start >= oldest) break;
      tier.delete(start);
      buckets--;
      if (next) addBucket(bucketIn(tiers, index + 1, start), bucket);
    }
  };

  const bucketIn = (tiers: Tiers, index: number, at: number): Bucket => {
    const tier = tiers[index]!;
    const start = at - (at % TIERS[index]!.span);
    const found = tier.get(start);
    if (found) return found;
    const bucket = emptyBucket();
    tier.set(start, bucket);
    buckets++;
    age(tiers, index);
    return bucket;
  };

  /** Halves what every series keeps, the oldest first. */
  const makeRoom = (): void => {
    for (const { units } of byKey.values()) {
      for (const tier of [...units.values()].flat()) {
        let left = Math.floor(tier.size / 2);
        for (const start of tier.keys()) {
          if (left-- <= 0) break;
          tier.delete(start);
          buckets--;
        }
      }
    }
  };

  return {
    series(metric) {
      const key = keyOf(metric);
      let series = byKey.get(key);
      if (!series) {
        const { namespace, name, dimensions } = metric;
        series = { namespace, name, dimensions, units: new Map(), lastDataAt: now() };
        byKey.set(key, series);
        if (byKey.size > KEPT_SERIES) {
          for (const oldest of byKey.keys()) {
            byKey.delete(oldest);
            break;
          }
        }
      }
      return series;
    },
    find: (metric) => byKey.get(keyOf(metric)),
    all: () => byKey.values(),
    bucket(series, unit, at, highResolution = false) {
      let tiers = series.units.get(unit);
      if (!tiers) series.units.set(unit, (tiers = TIERS.map(() => new Map<number, Bucket>())));
      series.lastDataAt = Math.max(series.lastDataAt, at);
      if (buckets > KEPT_BUCKETS) makeRoom();
      return bucketIn(tiers, highResolution ? BY_SECOND : BY_MINUTE, at);
    },
    between(series, start, end, unit) {
      let found: Bucket | undefined;
      for (const [name, tiers] of series.units) {
        if (unit !== undefined && name !== unit) continue;
        for (const [index, tier] of tiers.entries()) {
          if (tier.size === 0) continue;
          for (const bucket of bucketsBetween(tier, TIERS[index]!.span, start, end)) {
            addBucket((found ??= emptyBucket()), bucket);
          }
        }
      }
      return found;
    },
  };
}

function* bucketsBetween(
  tier: ReadonlyMap<number, Bucket>,
  span: number,
  start: number,
  end: number,
): Generator<Bucket> {
  const first = Math.ceil(start / span) * span;
  // Whichever is less to look at: the spans of the window, or all that is kept.
  if ((end - first) / span <= tier.size) {
    for (let at = first; at < end; at += span) {
      const bucket = tier.get(at);
      if (bucket) yield bucket;
    }
    return;
  }
  for (const [at, bucket] of tier) if (at >= start && at < end) yield bucket;
}

function keyOf({ namespace, name, dimensions }: MetricIdentity): string {
  const parts = [namespace, name];
  for (const dimension of Object.keys(dimensions).toSorted())
    parts.push(dimension, dimensions[dimension] ?? '');
  return parts.join('\0');
}
