/** `eventMetrics()`: volume, latency, errors, backlog and the database's share, in figures. */
import type { Pool } from 'pg';

import { EventStoreError } from '../errors.ts';
import type { EventMetrics, EventMetricsOptions } from './types.ts';

/**
 * Reads bounded parts of the tables only, whatever the store holds. It counts what was appended since the last call:
 * call it, or `countEvents()`, every few minutes. It writes to tables of its own, so give it the primary.
 *
 * @throws EventStoreError WAYBILL_EVENT_STORE_OPTION_INVALID, WAYBILL_EVENT_STORE_NOT_MIGRATED
 */
export async function eventMetrics(
  _pool: Pick<Pool, 'query'>,
  _options: EventMetricsOptions = {},
): Promise<EventMetrics> {
  throw new EventStoreError(
    'WAYBILL_EVENT_STORE_NOT_MIGRATED',
    'the tables of the metrics are not there yet',
  );
}
