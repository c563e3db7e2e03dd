/** Puts single values of one namespace, remembering which series they belong to. */
import type { MetricStore, Series } from '../metric-store.ts';
import { addValue } from '../statistics.ts';

export interface Counted {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Counters {
  put(counted: Counted): void;
}

/** Series remembered before all are forgotten: dimensions are names of resources, and tests make many. */
const REMEMBERED = 10_000;

export function createCounters(store: MetricStore, namespace: string): Counters {
  const known = new Map<string, Series>();
  return {
    put({ name, dimensions, value, unit, at }) {
      // Called for every message: cheaper than joining lists.
      let key = name;
      for (const dimension in dimensions) key += `\n${dimensions[dimension]}`;
      let series = known.get(key);
      if (!series) {
        if (known.size >= REMEMBERED) known.clear();
        series = store.series({ namespace, name, dimensions });
        known.set(key, series);
      }
      addValue(store.bucket(series, unit, at), value);
    },
  };
}
