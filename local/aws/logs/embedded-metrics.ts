/**
 * The embedded metric format: a JSON log line that says which of its members are metrics.
 * AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { AwsContext } from '../context.ts';
import type { LogEvent } from './model.ts';

/** Metrics in one directive, and values of one metric. */
const MAXIMUM_METRICS = 100;
const MAXIMUM_VALUES = 100;
/** Dimensions of one dimension set. */
const MAXIMUM_DIMENSIONS = 30;

interface Directive {
  readonly Namespace: string;
  readonly Dimensions?: readonly (readonly string[])[];
  readonly Metrics?: readonly {
    readonly Name: string;
    readonly Unit?: string;
    readonly StorageResolution?: number;
  }[];
}

/** Publishes the metrics of an event, when it has some. A line that does not keep to the format is only a line. */
export function publishEmbeddedMetrics(context: AwsContext, { message }: LogEvent): void {
  if (!message.includes('"_aws"') || !message.trimStart().startsWith('{')) return;
  let root: Record<string, unknown>;
  try {
    root = JSON.parse(message) as Record<string, unknown>;
  } catch {
    return;
  }
  const about = root['_aws'] as { Timestamp?: unknown; CloudWatchMetrics?: unknown } | undefined;
  if (typeof about?.Timestamp !== 'number' || !Array.isArray(about.CloudWatchMetrics)) return;
  for (const directive of about.CloudWatchMetrics as readonly Directive[]) {
    if (typeof directive?.Namespace === 'string') publish(context, root, directive, about.Timestamp);
  }
}

function publish(
  context: AwsContext,
  root: Readonly<Record<string, unknown>>,
  directive: Directive,
  at: number,
): void {
  const { Namespace: namespace, Dimensions = [[]], Metrics = [] } = directive;
  for (const names of Dimensions.length === 0 ? [[]] : Dimensions) {
    const dimensions = dimensionsOf(root, names);
    if (!dimensions) continue;
    for (const { Name: name, Unit: unit = 'None', StorageResolution } of Metrics.slice(0, MAXIMUM_METRICS)) {
      const values = [root[name]].flat().slice(0, MAXIMUM_VALUES);
      for (const value of values) {
        if (typeof value !== 'number') continue;
        const highResolution = StorageResolution === 1;
        context.metrics.put({ namespace, name, dimensions, value, unit, at, highResolution });
      }
    }
  }
}

/** Undefined when a member that a set names is missing: such a set has no metrics. */
function dimensionsOf(
  root: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, string> | undefined {
  if (names.length > MAXIMUM_DIMENSIONS) return undefined;
  const dimensions: Record<string, string> = {};
  for (const name of names) {
    const value = root[name];
    if (typeof value !== 'string' && typeof value !== 'number') return undefined;
    dimensions[name] = String(value);
  }
  return dimensions;
}
