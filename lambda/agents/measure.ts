/**
 * How far each agent and each mirror is behind the event store, and what they have given up: as metrics of CloudWatch, by
 * log lines in its embedded format. Measured beside the processes, because those that are gone measure nothing.
 */
import type { Pool } from 'pg';
import { agentConsumes, agentNames, agentsEvents } from '../../catalog/agents/index.ts';
import { eventMetrics } from '../runtime/event-store/metrics/index.ts';
import type { Logger } from '../runtime/logger.ts';
import { subscriptionMetrics } from '../runtime/subscription/index.ts';

export const EVENT_STORE_METRIC_NAMESPACE = 'Waybill/EventStore';

export interface MeasureOptions {
  readonly pool: Pool;
  readonly logger: Logger;
  /** A dimension: environments may share an account. */
  readonly environment: string;
  /** Transports that the event store is copied to. */
  readonly mirrors: readonly string[];
}

interface Measured {
  readonly consumer: string;
  readonly oldestUnprocessedSeconds: number;
  /** Null where they are kept elsewhere: a queue has an alarm of its own. */
  readonly deadLetters: number | null;
}

export async function measureEvents(options: MeasureOptions): Promise<readonly Measured[]> {
  const { pool, logger, environment } = options;
  const measured = [...(await agentsOf(pool)), ...(await mirrorsOf(options))];
  for (const { consumer, oldestUnprocessedSeconds, deadLetters } of measured) {
    const values = {
      OldestUnprocessedSeconds: oldestUnprocessedSeconds,
      ...(deadLetters === null ? {} : { DeadLetters: deadLetters }),
    };
    logger.info('metric', {
      Environment: environment,
      Consumer: consumer,
      ...values,
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          {
            Namespace: EVENT_STORE_METRIC_NAMESPACE,
            Dimensions: [['Environment', 'Consumer']],
            Metrics: Object.keys(values).map((name) => ({
              Name: name,
              Unit: name === 'DeadLetters' ? 'Count' : 'Seconds',
            })),
          },
        ],
      },
    });
  }
  return measured;
}

async function agentsOf(pool: Pool): Promise<readonly Measured[]> {
  const { consumers } = await eventMetrics(pool, {
    consumers: agentNames.map((name) => ({
      name,
      types: agentConsumes[name].map((contract) => contract.name),
    })),
  });
  return consumers.map(({ name, oldestUnprocessedSeconds, deadLetters }) => ({
    consumer: name,
    oldestUnprocessedSeconds,
    deadLetters,
  }));
}

async function mirrorsOf({ pool, mirrors }: MeasureOptions): Promise<readonly Measured[]> {
  const types = agentsEvents.map(({ name }) => name);
  return Promise.all(
    mirrors.map(async (transport) => {
      const consumer = `mirror-${transport}`;
      const { oldestUnprocessedAgeSeconds, deadLetters } = await subscriptionMetrics(pool, consumer, types);
      return { consumer, oldestUnprocessedSeconds: oldestUnprocessedAgeSeconds, deadLetters };
    }),
  );
}
