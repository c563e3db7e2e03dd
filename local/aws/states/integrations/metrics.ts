/**
 * What tasks publish to CloudWatch.
 * https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
 */
import type { Attempt } from '../interpreter/attempt.ts';

export const NAMESPACE = 'AWS/States';

export type TaskEnd = 'Succeeded' | 'Failed' | 'TimedOut';

/** Counts a task as scheduled and started; the returned function tells how it ended. */
export function measure(
  { step }: Attempt,
  family: 'LambdaFunctions' | 'Activities' | 'ServiceIntegrations',
  dimensions: Readonly<Record<string, string>>,
): (end: TaskEnd) => void {
  const { metrics, clock } = step.run.context;
  const count = (name: string) => metrics.put({ namespace: NAMESPACE, name, dimensions, value: 1 });
  const singular = {
    LambdaFunctions: 'LambdaFunction',
    Activities: 'Activity',
    ServiceIntegrations: 'ServiceIntegration',
  }[family];
  const since = clock.now();
  count(`${family}Scheduled`);
  count(`${family}Started`);
  return (end) => {
    count(`${family}${end}`);
    metrics.put({
      namespace: NAMESPACE,
      name: `${singular}RunTime`,
      dimensions,
      value: clock.now() - since,
      unit: 'Milliseconds',
    });
  };
}
