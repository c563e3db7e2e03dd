/**
 * Alarms of long-running processes on ECS: AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html and
 * AmazonECS/latest/developerguide/available-metrics.html.
 */
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { maximumOf, PERIOD } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

type Dimensions = Record<'ClusterName' | 'ServiceName', string>;

/** Of Container Insights, which counts a service whose tasks all fail as 0. */
export function tasksMissing(
  process: IConstruct,
  dimensions: Dimensions,
  desired: number,
): AlarmSpecification {
  return {
    watched: process,
    metric: new Metric({
      namespace: 'ECS/ContainerInsights',
      metricName: 'RunningTaskCount',
      dimensionsMap: dimensions,
      period: PERIOD,
      statistic: Stats.MAXIMUM,
    }),
    threshold: desired,
    comparison: '<',
    minutes: 5,
    severity: 'critical',
    runbook: 'process',
    missingData: 'silence',
    description: `Fewer than ${desired} tasks of the service have run for five minutes. See its events and the log of the process: it fails, has no room, or its image cannot be read.`,
  };
}

export function processBusy(process: IConstruct, dimensions: Dimensions): AlarmSpecification {
  return {
    watched: process,
    metric: maximumOf('AWS/ECS', 'CPUUtilization', dimensions),
    threshold: 90,
    comparison: '>=',
    minutes: 15,
    severity: 'warning',
    runbook: 'process',
    description:
      'A task has used 90 % of its processor for a quarter of an hour. Raise desiredCount or cpu; tasks share the work.',
  };
}

export function processFull(process: IConstruct, dimensions: Dimensions): AlarmSpecification {
  return {
    watched: process,
    metric: maximumOf('AWS/ECS', 'MemoryUtilization', dimensions),
    threshold: 90,
    comparison: '>=',
    minutes: 5,
    severity: 'warning',
    runbook: 'process',
    description:
      'A task uses 90 % of its memory; above it ECS kills it in the middle of its work. Raise memoryLimitMiB.',
  };
}
