/** `eventMetrics()`: volume, latency, errors, backlog and the database's share, in figures. */
import type { Pool } from 'pg';

import { EventStoreError, explained } from '../errors.ts';
import { countEvents } from './counting.ts';
import { readConsumers } from './read-consumers.ts';
import { readDatabase } from './read-database.ts';
import { readNewest, readVolumes } from './read-events.ts';
import type { EventMetrics, EventMetricsOptions, NotMeasured } from './types.ts';

/** Seconds. */
const DEFAULT_WINDOW = 300;
const MIN_WINDOW = 10;
const MAX_WINDOW = 3_600;

/**
 * Reads bounded parts of the tables only, whatever the store holds. It counts what was appended since the last call:
 * call it, or `countEvents()`, every few minutes. It writes to tables of its own, so give it the primary.
 *
 * @throws EventStoreError WAYBILL_EVENT_STORE_OPTION_INVALID, WAYBILL_EVENT_STORE_NOT_MIGRATED
 */
export async function eventMetrics(
  pool: Pick<Pool, 'query'>,
  { consumers = [], windowSeconds = DEFAULT_WINDOW }: EventMetricsOptions = {},
): Promise<EventMetrics> {
  if (!Number.isInteger(windowSeconds) || windowSeconds < MIN_WINDOW || windowSeconds > MAX_WINDOW) {
    throw new EventStoreError(
      'WAYBILL_EVENT_STORE_OPTION_INVALID',
      `windowSeconds must be a whole number from ${MIN_WINDOW} to ${MAX_WINDOW}, received ${windowSeconds}`,
    );
  }
  try {
    // One after the other: figures must not take the connections that the work needs.
    const isComplete = await countEvents(pool);
    const { measuredAt, rateSeconds, ...volumes } = await readVolumes(pool, windowSeconds);
    const newest = await readNewest(pool, windowSeconds);
    const read = await readConsumers(pool, consumers, windowSeconds, rateSeconds);
    const database = await readDatabase(pool, windowSeconds);
    const metrics = {
      schemaVersion: '1.0' as const,
      measuredAt: measuredAt.toISOString(),
      windowSeconds,
      events: { ...volumes, isComplete, ...newest },
      consumers: read.consumers,
      processingLatency: read.processingLatency,
      errorRate: read.errorRate,
      deadLetters: read.consumers.reduce((sum, { deadLetters }) => sum + (deadLetters ?? 0), 0),
      oldestUnprocessedSeconds: Math.max(
        0,
        ...read.consumers.map(({ oldestUnprocessedSeconds }) => oldestUnprocessedSeconds),
      ),
      database,
    };
    return { ...metrics, notMeasured: [...gapsOf(metrics), ...read.notMeasured] };
  } catch (error) {
    throw explained(error);
  }
}

/** What is null, and why. */
function gapsOf({
  events,
  consumers,
  processingLatency,
  errorRate,
  database,
}: Omit<EventMetrics, 'notMeasured'>): NotMeasured[] {
  const gaps: readonly (readonly [boolean, string, string])[] = [
    [!events.isComplete, 'events', 'not all events are counted yet: ask again'],
    [events.publishLatency === null, 'events.publishLatency', 'no event was appended in the window'],
    [events.averageBytes === null, 'events.averageBytes', 'there is no event of today or yesterday'],
    [consumers.length === 0, 'consumers', 'none were named'],
    [processingLatency === null, 'processingLatency', 'no event was handled in the window'],
    [errorRate === null, 'errorRate', 'nothing was tried in the window where failures are counted'],
    [
      database.activeConnections === null,
      'database.activeConnections',
      'the role may not see the connections of others: grant pg_read_all_stats',
    ],
    [
      database.busyConnections === null,
      'database.busyConnections',
      'it takes two readings: ask again in ten seconds or more',
    ],
  ];
  return gaps.flatMap(([isGap, what, why]) => (isGap ? [{ what, why }] : []));
}
