/**
 * What Lambda publishes about a function.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
 */
import type { AwsContext } from '../context.ts';

export type LambdaMetric =
  | 'Invocations'
  | 'Errors'
  | 'Throttles'
  | 'Duration'
  | 'ConcurrentExecutions'
  | 'AsyncEventsReceived'
  | 'AsyncEventAge'
  | 'AsyncEventsDropped'
  | 'DeadLetterErrors'
  | 'DestinationDeliveryFailures'
  | 'IteratorAge'
  | 'OffsetLag';

const UNITS: Partial<Record<LambdaMetric, string>> = {
  Duration: 'Milliseconds',
  AsyncEventAge: 'Milliseconds',
  IteratorAge: 'Milliseconds',
};

export function publishMetric(
  context: AwsContext,
  FunctionName: string,
  name: LambdaMetric,
  value = 1,
): void {
  context.metrics.put({
    namespace: 'AWS/Lambda',
    name,
    dimensions: { FunctionName },
    value,
    unit: UNITS[name] ?? 'Count',
  });
}
