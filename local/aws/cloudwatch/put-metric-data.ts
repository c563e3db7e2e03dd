/**
 * PutMetricData: what is refused, and what goes into the store. Nothing of a refused request is kept.
 * AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
 */
import {
  invalidCombination,
  invalidValue,
  list,
  missingParameter,
  optionalNumber,
  optionalText,
  optionalTime,
  requiredNumber,
  requiredText,
  structure,
  type Input,
} from './errors.ts';
import {
  LARGEST_VALUE,
  MAXIMUM_METRICS_PER_PUT,
  MAXIMUM_VALUES_PER_METRIC,
  NEWEST_DATA_POINT,
  OLDEST_DATA_POINT,
} from './limits.ts';
import { dimensionsOf } from './metric-identity.ts';
import type { MetricStore } from './metric-store.ts';
import { addStatisticSet, addValue, type StatisticSet } from './statistics.ts';

/** API_MetricDatum, Unit */
const UNITS: ReadonlySet<string> = new Set(
  [
    'Seconds Microseconds Milliseconds Percent Count None Count/Second',
    'Bytes Kilobytes Megabytes Gigabytes Terabytes',
    'Bytes/Second Kilobytes/Second Megabytes/Second Gigabytes/Second Terabytes/Second',
    'Bits Kilobits Megabits Gigabits Terabits',
    'Bits/Second Kilobits/Second Megabits/Second Gigabits/Second Terabits/Second',
  ].flatMap((units) => units.split(' ')),
);

interface Datum {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly at: number;
  readonly unit: string;
  readonly highResolution: boolean;
  readonly values: readonly (readonly [value: number, times: number])[];
  readonly set: StatisticSet | undefined;
}

export function putMetricData(store: MetricStore, input: Input, now: number): void {
  const namespace = requiredText(input, 'Namespace');
  checkNamespace(namespace);
  const given = list(input, 'MetricData');
  const entities = list(input, 'EntityMetricData').flatMap((entity) => list(entity, 'MetricData'));
  if (given.length + entities.length === 0) throw missingParameter('MetricData');
  if (given.length + entities.length > MAXIMUM_METRICS_PER_PUT) {
    throw invalidValue(
      `The collection MetricData must not have a size greater than ${MAXIMUM_METRICS_PER_PUT}.`,
    );
  }
  const data = [...given, ...entities].map((datum, index) =>
    parseDatum(datum, `MetricData.member.${index + 1}`, now),
  );
  for (const { name, dimensions, unit, at, highResolution, values, set } of data) {
    const bucket = store.bucket(store.series({ namespace, name, dimensions }), unit, at, highResolution);
    for (const [value, times] of values) addValue(bucket, value, times);
    if (set) addStatisticSet(bucket, set);
  }
}

function checkNamespace(namespace: string): void {
  if (namespace.startsWith('AWS/')) {
    throw invalidValue(
      'The value AWS/ for parameter Namespace is invalid. Namespaces that begin with AWS/ are reserved.',
    );
  }
  if (!/^[^:][\w\s./#:-]{0,254}$/.test(namespace)) {
    throw invalidValue(`The value ${namespace} for parameter Namespace is invalid.`);
  }
}

function parseDatum(datum: Input, path: string, now: number): Datum {
  const at = optionalTime(datum, 'Timestamp') ?? now;
  if (at < now - OLDEST_DATA_POINT || at > now + NEWEST_DATA_POINT) {
    throw invalidValue(
      `The value for parameter ${path}.Timestamp is invalid: it must be at most two weeks old and at most two hours ahead.`,
    );
  }
  const unit = optionalText(datum, 'Unit') ?? 'None';
  if (!UNITS.has(unit))
    throw invalidValue(`The parameter ${path}.Unit must be a value in the set [ ${[...UNITS].join(', ')} ].`);
  const resolution = optionalNumber(datum, 'StorageResolution') ?? 60;
  if (resolution !== 1 && resolution !== 60) {
    throw invalidValue(
      `The value ${resolution} for parameter ${path}.StorageResolution is invalid: it must be 1 or 60.`,
    );
  }
  return {
    name: requiredText(datum, 'MetricName'),
    dimensions: dimensionsOf(datum),
    at,
    unit,
    highResolution: resolution === 1,
    ...contentOf(datum, path),
  };
}

function contentOf(datum: Input, path: string): Pick<Datum, 'values' | 'set'> {
  const value = optionalNumber(datum, 'Value');
  const set = structure(datum, 'StatisticValues');
  const values = numbers(datum, 'Values');
  const given = [value, set, values].filter((one) => one !== undefined).length;
  if (given === 0) {
    throw missingParameter(`${path}.Value, ${path}.Values or ${path}.StatisticValues`);
  }
  if (given > 1) {
    throw invalidCombination(
      `The parameters ${path}.Value, ${path}.Values and ${path}.StatisticValues are mutually exclusive and you have specified more than one.`,
    );
  }
  if (set) return { values: [], set: statisticSet(set, path) };
  if (value !== undefined) return { values: [[checkedValue(value, path), 1]], set: undefined };

  const counts = numbers(datum, 'Counts') ?? values!.map(() => 1);
  if (values!.length > MAXIMUM_VALUES_PER_METRIC) {
    throw invalidValue(
      `The collection ${path}.Values must not have a size greater than ${MAXIMUM_VALUES_PER_METRIC}.`,
    );
  }
  if (counts.length !== values!.length) {
    throw invalidValue(`The parameters ${path}.Values and ${path}.Counts must be of the same size.`);
  }
  return {
    values: values!.map((one, index) => [checkedValue(one, path), counts[index] ?? 1]),
    set: undefined,
  };
}

function statisticSet(set: Input, path: string): StatisticSet {
  const [count, sum, minimum, maximum] = ['SampleCount', 'Sum', 'Minimum', 'Maximum'].map((name) =>
    checkedValue(requiredNumber(set, name), `${path}.StatisticValues.${name}`),
  ) as [number, number, number, number];
  if (minimum > maximum || count < 0)
    throw invalidValue(`The value for parameter ${path}.StatisticValues is invalid.`);
  return { count, sum, minimum, maximum };
}

function checkedValue(value: number, path: string): number {
  if (Number.isFinite(value) && Math.abs(value) <= LARGEST_VALUE) return value;
  throw invalidValue(`The value ${value} for parameter ${path}.Value is invalid.`);
}

function numbers(input: Input, name: string): readonly number[] | undefined {
  const value = input[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (!Array.isArray(value)) throw invalidValue(`The parameter ${name} must be a list of numbers.`);
  return value.map((item) => requiredNumber({ [name]: item as unknown }, name));
}
