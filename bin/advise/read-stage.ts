/** Figures of a deployed stage, from the metrics that its event store writes to CloudWatch every minute. */
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';

import { LIVE_ON_METRIC, transportOfValue } from '../../lambda/runtime/event-store/metrics/live-on.ts';
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
/** Seconds. A move within the hour counts, so not its highest number but the newest. */
const LIVE_ON_PERIOD = 60;

/**
 * @param stage the environment, as the dimension has it
 * @throws CommandError WAYBILL_METRICS_UNREADABLE, WAYBILL_STAGE_NOT_MEASURED
 */
export async function readStage(stage: string, cloudWatch?: CloudWatch, now = new Date()): Promise<Measured> {
  const names = Object.keys(ASKED) as Name[];
  const found = new Map<Name, number>();
  let placed: Placed;
  try {
    const { CloudWatchClient: Client, GetMetricDataCommand } = await import('@aws-sdk/client-cloudwatch');
    const client = cloudWatch ?? new Client({});
    placed = await consumersOf(stage, client);
    const { MetricDataResults = [] } = await client.send(
      new GetMetricDataCommand({
        StartTime: new Date(now.getTime() - 2 * PERIOD * 1_000),
        EndTime: now,
        ScanBy: 'TimestampDescending',
        MetricDataQueries: [
          ...names.map((name, index) => ({
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
          ...placed.consumers.map((consumer, index) => ({
            Id: `c${index}`,
            MetricStat: {
              Metric: {
                Namespace: EVENT_STORE_NAMESPACE,
                MetricName: LIVE_ON_METRIC,
                Dimensions: [
                  { Name: 'Environment', Value: stage },
                  { Name: 'Consumer', Value: consumer },
                ],
              },
              Period: LIVE_ON_PERIOD,
              Stat: 'Maximum',
            },
          })),
        ],
      }),
    );
    for (const { Id = '', Values } of MetricDataResults) {
      const [newest] = Values ?? [];
      if (newest === undefined) continue;
      const index = Number(Id.slice(1));
      if (Id.startsWith('m')) found.set(names[index]!, newest);
      else placed.newest.set(placed.consumers[index]!, newest);
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
  const liveOn = liveOnOf(placed);
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
    liveOn,
    notMeasured: [
      ...(liveOn === null ? [{ what: 'liveOn', why: `${placed.why}: waybill transport status does` }] : []),
      ...names
        .filter((name) => !found.has(name))
        .map((name) => ({ what: name, why: 'CloudWatch has no figure of the last two hours' })),
    ],
  };
}

/** Consumers that have told where they are live. */
interface Placed {
  readonly consumers: readonly string[];
  readonly newest: Map<string, number>;
  /** What it is where none is known. */
  readonly why: string;
}

/** Who may not list metrics is given the figures all the same. */
async function consumersOf(stage: string, client: CloudWatch): Promise<Placed> {
  const { ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch');
  const consumers: string[] = [];
  try {
    let next: string | undefined;
    do {
      const page = await client.send(
        new ListMetricsCommand({
          Namespace: EVENT_STORE_NAMESPACE,
          MetricName: LIVE_ON_METRIC,
          Dimensions: [{ Name: 'Environment', Value: stage }],
          ...(next !== undefined && { NextToken: next }),
        }),
      );
      for (const { Dimensions = [] } of page.Metrics ?? []) {
        const consumer = Dimensions.find(({ Name }) => Name === 'Consumer')?.Value;
        if (consumer !== undefined && Dimensions.length === 2) consumers.push(consumer);
      }
      next = page.NextToken;
    } while (next !== undefined);
  } catch {
    const why = 'cloudwatch:ListMetrics was refused, which tells of the agents that are measured';
    return { consumers: [], newest: new Map(), why };
  }
  const why = `CloudWatch has no ${LIVE_ON_METRIC} of the last two hours, which tells where each agent is live`;
  return { consumers: consumers.toSorted(), newest: new Map(), why };
}

/** Without those that are measured no longer. */
function liveOnOf({ newest }: Placed): Measured['liveOn'] {
  const known = [...newest].flatMap(([agent, value]) => {
    const transport = transportOfValue(value);
    return transport === undefined ? [] : [{ agent, transport }];
  });
  return known.length === 0 ? null : known;
}
