/**
 * Metric filters: log events become metrics.
 * "Creating metrics from log events using filters", AmazonCloudWatch/latest/logs/MonitoringLogData.html
 */
import type { AwsContext } from '../context.ts';
import {
  invalidParameter,
  limitExceeded,
  notFound,
  optionalText,
  requiredText,
  type Input,
} from './errors.ts';
import { parseFilterPattern } from './filter-pattern.ts';
import { pageOf } from './groups.ts';
import { MAXIMUM_DIMENSIONS, MAXIMUM_METRIC_FILTERS } from './limits.ts';
import type { LogEvent, LogGroup, MetricFilter, MetricTransformation } from './model.ts';
import type { LogStore } from './store.ts';

export interface MetricFilters {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** Publishes what the group's filters make of new events. */
  apply(group: LogGroup, events: readonly LogEvent[]): void;
}

interface KeptFilter {
  readonly group: string;
  readonly name: string;
  readonly pattern: string;
  readonly transformations: readonly MetricTransformation[];
  readonly createdAt: number;
}

export function createMetricFilters(context: AwsContext, store: LogStore): MetricFilters {
  const kept = context.state.collection<KeptFilter>('logs.metric-filters');
  for (const [, { group, pattern, ...filter }] of kept.entries()) {
    const compiled = parseFilterPattern(pattern);
    store.groups.get(group)?.metricFilters.set(filter.name, { ...filter, pattern, compiled });
  }

  return {
    apply(group, events) {
      for (const filter of group.metricFilters.values()) applyFilter(context, filter, events);
    },
    actions: {
      PutMetricFilter(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const name = requiredText(input, 'filterName');
        if (group.metricFilters.size >= MAXIMUM_METRIC_FILTERS && !group.metricFilters.has(name)) {
          throw limitExceeded('Resource limit exceeded.');
        }
        const pattern = textOf(input, 'filterPattern');
        const filter = {
          name,
          pattern,
          transformations: transformationsOf(input),
          createdAt: group.metricFilters.get(name)?.createdAt ?? context.clock.now(),
        };
        group.metricFilters.set(name, { ...filter, compiled: parseFilterPattern(pattern) });
        kept.put(`${group.name}\n${name}`, { group: group.name, ...filter });
      },
      DeleteMetricFilter(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const name = requiredText(input, 'filterName');
        if (!group.metricFilters.delete(name)) throw notFound('The specified metric filter does not exist.');
        kept.delete(`${group.name}\n${name}`);
      },
      DescribeMetricFilters(input) {
        const groupName = optionalText(input, 'logGroupName');
        const groups = groupName === undefined ? [...store.groups.values()] : [store.group(groupName)];
        const prefix = optionalText(input, 'filterNamePrefix') ?? '';
        const metricName = optionalText(input, 'metricName');
        const namespace = optionalText(input, 'metricNamespace');
        const found = groups
          .flatMap((group) => [...group.metricFilters.values()].map((filter) => shownFilter(group, filter)))
          .filter(({ filterName }) => filterName.startsWith(prefix))
          .filter(({ metricTransformations }) =>
            metricTransformations.some(
              (one) =>
                (metricName === undefined || one.metricName === metricName) &&
                (namespace === undefined || one.metricNamespace === namespace),
            ),
          );
        const { items, next } = pageOf(found, input);
        return { metricFilters: items, ...next };
      },
      TestMetricFilter(input) {
        const pattern = parseFilterPattern(textOf(input, 'filterPattern'));
        const messages = (input['logEventMessages'] ?? []) as readonly string[];
        const matches = messages.flatMap((eventMessage, index) =>
          pattern.matches(eventMessage)
            ? [{ eventNumber: index + 1, eventMessage, extractedValues: {} }]
            : [],
        );
        return { matches };
      },
    },
  };
}

/** A text that may be empty, but must be there. */
function textOf(input: Input, name: string): string {
  return optionalText(input, name) ?? requiredText(input, name);
}

function applyFilter(context: AwsContext, filter: MetricFilter, events: readonly LogEvent[]): void {
  const { compiled, transformations } = filter;
  const matching = events.filter(({ message }) => compiled.matches(message));
  for (const transformation of transformations) {
    const { metricNamespace: namespace, metricName: name, unit = 'None' } = transformation;
    const { metricValue, defaultValue } = transformation;
    if (matching.length === 0 && defaultValue !== undefined && events[0]) {
      const at = events[0].timestamp;
      context.metrics.put({ namespace, name, dimensions: {}, value: defaultValue, unit, at });
    }
    for (const { message, timestamp: at } of matching) {
      const value = metricValue.startsWith('$')
        ? Number(compiled.valueOf(message, metricValue) ?? Number.NaN)
        : Number(metricValue);
      const dimensions = dimensionsOf(filter, transformation, message);
      if (Number.isNaN(value) || !dimensions) continue;
      context.metrics.put({ namespace, name, dimensions, value, unit, at });
    }
  }
}

/** Undefined when the event lacks a dimension: then it has no metric. */
function dimensionsOf(
  { compiled }: MetricFilter,
  { dimensions = {} }: MetricTransformation,
  message: string,
): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  for (const [name, reference] of Object.entries(dimensions)) {
    const value = compiled.valueOf(message, reference);
    if (value === undefined) return undefined;
    values[name] = String(value);
  }
  return values;
}

function transformationsOf(input: Input): readonly MetricTransformation[] {
  const given = input['metricTransformations'];
  if (!Array.isArray(given) || given.length !== 1) {
    throw invalidParameter(
      "1 validation error detected: Value at 'metricTransformations' failed to satisfy constraint: Member must have length equal to 1",
    );
  }
  return (given as readonly Input[]).map((one) => {
    const defaultValue = one['defaultValue'];
    const dimensions = one['dimensions'] as Readonly<Record<string, string>> | undefined;
    const unit = optionalText(one, 'unit');
    const metricValue = requiredText(one, 'metricValue');
    if (!metricValue.startsWith('$') && Number.isNaN(Number(metricValue))) {
      throw invalidParameter(
        `Invalid metric transformation: the metric value ${metricValue} is neither a number nor a reference.`,
      );
    }
    if (dimensions && Object.keys(dimensions).length > MAXIMUM_DIMENSIONS)
      throw invalidParameter(`A metric transformation has at most ${MAXIMUM_DIMENSIONS} dimensions.`);
    if (dimensions && Object.keys(dimensions).length > 0 && defaultValue !== undefined)
      throw invalidParameter(
        'Invalid metric transformation: dimensions and default value are mutually exclusive.',
      );
    return {
      metricName: requiredText(one, 'metricName'),
      metricNamespace: requiredText(one, 'metricNamespace'),
      metricValue,
      ...(typeof defaultValue === 'number' && { defaultValue }),
      ...(dimensions && { dimensions }),
      ...(unit !== undefined && { unit }),
    };
  });
}

function shownFilter(group: LogGroup, { name, pattern, transformations, createdAt }: MetricFilter) {
  return {
    filterName: name,
    filterPattern: pattern,
    metricTransformations: transformations,
    creationTime: createdAt,
    logGroupName: group.name,
  };
}
