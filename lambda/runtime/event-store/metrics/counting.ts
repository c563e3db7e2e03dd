/** Counts appended events by the minute, in pages that hold nobody up. */
import type { Pool } from 'pg';

import { STATEMENT_TIMEOUT } from '../horizon.ts';
import { timed } from '../../postgres/query.ts';
import { explained } from '../errors.ts';

/** Events of one statement. */
const PAGE = 100_000;
/** Milliseconds after which no further page is begun. */
const BUDGET = 2_000;

/**
 * Counts what was appended since the last call. Cheap when it is called every few minutes; `eventMetrics()` does it, too.
 *
 * @returns whether all is counted. False: more has come than fits into two seconds, or another is counting
 * @throws EventStoreError WAYBILL_EVENT_STORE_NOT_MIGRATED
 */
export async function countEvents(pool: Pick<Pool, 'query'>): Promise<boolean> {
  const end = performance.now() + BUDGET;
  try {
    for (;;) {
      const { rows } = await pool.query<{ at_end: boolean | null }>(
        timed(STATEMENT_TIMEOUT, 'select event_store_count($1) as at_end', [PAGE]),
      );
      const atEnd = rows[0]!.at_end;
      if (atEnd !== false) return atEnd === true;
      if (performance.now() > end) return false;
    }
  } catch (error) {
    throw explained(error);
  }
}
