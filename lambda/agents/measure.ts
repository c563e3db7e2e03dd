/**
 * How far agents and mirrors are behind the record, in CloudWatch: by a log line in its embedded metric format. Measured in
 * the database and not by the processes, which can tell nothing when they are gone.
 */
import { agentConsumes, agentNames, agentsEvents } from '../../catalog/agents/index.ts';
import { mirrorName } from '../runtime/cutover/index.ts';
import type { TransportName } from '../runtime/cutover/index.ts';
import { eventMetrics, LIVE_ON_METRIC, liveOnValue } from '../runtime/event-store/metrics/index.ts';
import type { EventMetrics, MeasuredTransport } from '../runtime/event-store/metrics/index.ts';
import type { Logger } from '../runtime/logger.ts';
import { redisGroups } from '../runtime/redis/index.ts';
import { subscriptionMetrics } from '../runtime/subscription/index.ts';
import type { AgentsService } from './effects.ts';
import { FEEDBACK_STREAM } from './redis-stream.ts';

export const EVENT_STORE_METRIC_NAMESPACE = 'Waybill/EventStore';

export interface Measured {
  readonly consumer: string;
  readonly oldestUnprocessedSeconds: number;
  /** Null where a queue has them, which has an alarm of its own. */
  readonly deadLetters: number | null;
  /** Where it is live. Undefined for mirrors, which do not move. */
  readonly transport?: MeasuredTransport;
}

/** What `eventMetrics` is asked of. */
export const measuredConsumers = agentNames.map((name) => ({
  name,
  types: agentConsumes[name].map((contract) => contract.name),
}));

/**
 * @param mirrors transports that the record is copied to
 * @param tell is given all figures of the event store
 */
export async function measureConsumers(
  { pool }: Pick<AgentsService, 'pool'>,
  mirrors: readonly TransportName[],
  tell: (metrics: EventMetrics) => void = () => undefined,
): Promise<readonly Measured[]> {
  const metrics = await eventMetrics(pool, { consumers: measuredConsumers });
  tell(metrics);
  const { consumers } = metrics;
  const onRedis = consumers.some(({ transport }) => transport === 'redis');
  const groups = onRedis ? await redisGroups(FEEDBACK_STREAM) : [];
  const measured = consumers.map(({ name, transport, oldestUnprocessedSeconds, deadLetters }): Measured => ({
    consumer: name,
    transport,
    oldestUnprocessedSeconds,
    deadLetters:
      transport === 'redis' ? (groups.find(({ group }) => group === name)?.deadLetters ?? 0) : deadLetters,
  }));
  const types = agentsEvents.map(({ name }) => name);
  for (const transport of mirrors) {
    const consumer = mirrorName(transport);
    const { oldestUnprocessedAgeSeconds, deadLetters } = await subscriptionMetrics(pool, consumer, types);
    measured.push({ consumer, oldestUnprocessedSeconds: oldestUnprocessedAgeSeconds, deadLetters });
  }
  return measured;
}

/** @param environment where several share an account */
export function tellMeasured(logger: Logger, environment: string, measured: readonly Measured[]): void {
  for (const { consumer, oldestUnprocessedSeconds, deadLetters, transport } of measured) {
    logger.info('metric', {
      Environment: environment,
      Consumer: consumer,
      OldestUnprocessedSeconds: oldestUnprocessedSeconds,
      ...(deadLetters !== null && { DeadLetters: deadLetters }),
      ...(transport !== undefined && { [LIVE_ON_METRIC]: liveOnValue(transport) }),
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          {
            Namespace: EVENT_STORE_METRIC_NAMESPACE,
            Dimensions: [['Environment', 'Consumer']],
            Metrics: [
              { Name: 'OldestUnprocessedSeconds', Unit: 'Seconds' },
              ...(deadLetters === null ? [] : [{ Name: 'DeadLetters', Unit: 'Count' }]),
              ...(transport === undefined ? [] : [{ Name: LIVE_ON_METRIC, Unit: 'None' }]),
            ],
          },
        ],
      },
    });
  }
}
