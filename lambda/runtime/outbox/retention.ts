/** Deletes published rows that are kept no longer: in small batches, so that no lock and no transaction lasts. */
import type { Pool } from 'pg';

const PURGE_BATCH = 1_000;

/** @returns the number of rows deleted */
export async function purgePublished(
  pool: Pool,
  retentionSeconds: number,
  stopped: () => boolean = () => false,
): Promise<number> {
  let deleted = 0;
  while (!stopped()) {
    const { rowCount } = await pool.query(
      `delete from event_outbox where id in (
         select id from event_outbox
         where status = 'PUBLISHED' and published_at < clock_timestamp() - $1 * interval '1 second'
         order by published_at
         limit ${PURGE_BATCH}
         for update skip locked
       )`,
      [retentionSeconds],
    );
    deleted += rowCount ?? 0;
    if ((rowCount ?? 0) < PURGE_BATCH) break;
  }
  return deleted;
}
