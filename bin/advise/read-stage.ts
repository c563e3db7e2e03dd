/** Figures of a deployed stage, from the metrics that its event store writes to CloudWatch every minute. */
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';

import { EVENT_STORE_NAMESPACE } from '../../lambda/runtime/event-store/metrics/log-event-metrics.ts';
import { CommandError } from '../command-error.ts';
import type { Measured } from './measured.ts';

export type CloudWatch = Pick<CloudWatchClient, 'send'>;

/** What is asked for, and of the minutes of the last hour which figure counts. */
const ASKED = {
  EventsPerSecond: 'Average',
  EventsLastDay: 'Maximum',
  EventsBusiestSecond: 'Maximum',
  EventsCountedHours: 'Maximum',
  EventAverageBytes: 'Average',
  PublishLatencyP50: 'Average',
  PublishLatencyP99: 'Maximum',
  ProcessingLatencyP50: 'Average',
  ProcessingLatencyP99: 'Maximum',
  HandledPerSecond: 'Average',
  Consumers: 'Maximum',
  ErrorRate: 'Average',
  OpenDeadLetters: 'Maximum',
  OldestUnprocessedOfAll: 'Maximum',
  DatabaseConnections: 'Maximum',
  DatabaseMaxConnections: 'Maximum',
  DatabaseBusyConnections: 'Average',
} as const;
type Name = keyof typeof ASKED;

/** Seconds. */
const PERIOD = 3_600;

/**
 * @param stage the environment, as the dimension has it
 * @throws CommandError WAYBILL_METRICS_UNREADABLE, WAYBILL_STAGE_NOT_MEASURED
 */
export async function readStage(stage: string, cloudWatch?: CloudWatch, now = new Date()): Promise<Measured> {
  const names = Object.keys(ASKED) as Name[];
  const found = new Map<Name, number>();
  try {
    const { CloudWatchClient: Client, GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
    const { MetricDataResults = [] } = await (cloudWatch ?? new Client({})).send(
      new GetMetricDataCommand({
        StartTime: new Date(now.getTime() - 2 * PERIOD * 1_000),
        EndTime: now,
        ScanBy: 'TimestampDescending',
        MetricDataQueries: names.map((name, index) => ({
          Id: `m${index}`,
          MetricStat: {
            Metric: {
              Namespace: EVENT_STORE_NAMESPACE,
              MetricName: name,
              Dimensions: [{ Name: 'Environment', Value: stage }],
            },
            Period: PERIOD,
            Stat: ASKED[name],
          },
        })),
      }),
    );
    for (const { Id, Values } of MetricDataResults) {
      const [newest] = Values ?? [];
      if (newest !== undefined) found.set(names[Number(Id?.slice(1))]!, newest);
    }
  } catch (cause) {
    // Without the package the caller is told how to install it.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new CommandError('WAYBILL_METRICS_UNREADABLE', `CloudWatch did not answer for stage ${stage}`, {
      cause,
      fix: 'set AWS_REGION and credentials that may call cloudwatch:GetMetricData',
    });
  }
  if (found.size === 0) {
    throw new CommandError(
      'WAYBILL_STAGE_NOT_MEASURED',
      `CloudWatch has no figures of an event store in stage ${stage} for the last two hours`,
      {
        fix: 'see that the function that measures the events is deployed and runs, and that Region and stage are right',
      },
    );
  }
  const value = (name: Name): number | null => found.get(name) ?? null;
  const latency = (p50: Name, p99: Name): Measured['publishLatency'] => {
    const [half, most] = [value(p50), value(p99)];
    return half === null || most === null ? null : { p50: half, p99: most };
  };
  return {
    source: `CloudWatch, stage ${stage}, last hour with figures`,
    measuredAt: now.toISOString(),
    eventsPerSecond: value('EventsPerSecond'),
    eventsLastDay: value('EventsLastDay'),
    countedHours: value('EventsCountedHours'),
    busiestSecond: value('EventsBusiestSecond'),
    averageBytes: value('EventAverageBytes'),
    handledPerSecond: value('HandledPerSecond'),
    publishLatency: latency('PublishLatencyP50', 'PublishLatencyP99'),
    processingLatency: latency('ProcessingLatencyP50', 'ProcessingLatencyP99'),
    errorRate: value('ErrorRate'),
    deadLetters: value('OpenDeadLetters'),
    oldestUnprocessedSeconds: value('OldestUnprocessedOfAll'),
    agents: value('Consumers'),
    connections: value('DatabaseConnections'),
    maxConnections: value('DatabaseMaxConnections'),
    busyConnections: value('DatabaseBusyConnections'),
    liveOn: null,
    notMeasured: [
      {
        what: 'liveOn',
        why: 'CloudWatch does not tell which agent is live where: waybill transport status does',
      },
      ...names
        .filter((name) => !found.has(name))
        .map((name) => ({ what: name, why: 'CloudWatch has no figure of the last two hours' })),
    ],
  };
}
