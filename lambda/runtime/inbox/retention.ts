/** How long the inbox remembers, and how it forgets. */
import type { Queryable } from '../postgres/query.ts';

/** Seconds. Source: "Message quotas", AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html. */
const LONGEST_QUEUE_RETENTION = 14 * 86_400;

/**
 * Longer than any redelivery: 14 days in the queue, 14 in its dead-letter queue, and 14 in the queue again,
 * because a redriven message's retention begins anew. One day more for clocks and purges.
 */
export const DEFAULT_INBOX_RETENTION_SECONDS = 3 * LONGEST_QUEUE_RETENTION + 86_400;

const PURGE_BATCH = 5_000;

/**
 * Deletes what was handled longer ago, in small batches. Run it once a day or so, outside a transaction.
 * With replays of an archive, events may come again after any time: keep what you may replay, or rely on the
 * replay mark.
 *
 * @returns the number of rows deleted
 */
export async function purgeInbox(
  queryable: Queryable,
  retentionSeconds: number = DEFAULT_INBOX_RETENTION_SECONDS,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { rows } = await queryable.query(
      `with old as (
         select consumer, event_id from event_inbox
         where handled_at < now() - $1::text::double precision * interval '1 second'
         order by handled_at
         limit ${PURGE_BATCH}
         for update skip locked
       ), deleted as (
         delete from event_inbox i using old
         where i.consumer = old.consumer and i.event_id = old.event_id
         returning 1
       )
       select count(*)::int as count from deleted`,
      [String(retentionSeconds)],
    );
    const { count } = rows[0] as { count: number };
    deleted += count;
    if (count < PURGE_BATCH) return deleted;
  }
}
