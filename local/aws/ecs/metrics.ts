/** What Container Insights counts of services, once a minute. AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html */
import type { AwsContext } from '../context.ts';

export interface ServiceCounts {
  readonly cluster: string;
  readonly service: string;
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
}

export interface ServiceMetrics {
  /** Call when there is a service. */
  begin(): void;
  end(): void;
}

const NAMESPACE = 'ECS/ContainerInsights';
const MINUTE = 60_000;

/** Ends by itself when there is no service any more. */
export function createServiceMetrics(
  { clock, metrics }: AwsContext,
  counts: () => readonly ServiceCounts[],
): ServiceMetrics {
  let timer: object | undefined;
  const publish = (): void => {
    timer = undefined;
    const counted = counts();
    for (const { cluster: ClusterName, service: ServiceName, desired, running, pending } of counted) {
      const dimensions = { ClusterName, ServiceName };
      const put = (name: string, value: number): void =>
        metrics.put({ namespace: NAMESPACE, name, dimensions, value });
      put('DesiredTaskCount', desired);
      put('RunningTaskCount', running);
      put('PendingTaskCount', pending);
    }
    if (counted.length > 0) begin();
  };
  const begin = (): void => {
    timer ??= clock.setTimeout(publish, MINUTE);
  };
  return {
    begin,
    end() {
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}
