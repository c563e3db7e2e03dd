/** Remembers, in the handler's own transaction, that a consumer handled an event. */
import type { Queryable } from '../postgres/query.ts';

/**
 * Call first in the handler's transaction. True: handle the event; the note is committed together with the
 * handler's own writes, and undone with them. False: an earlier delivery was handled, so do nothing.
 *
 * A second delivery that is handled at the same moment waits here until the first has committed (false) or
 * rolled back (true).
 *
 * @example
 * await inTransaction(pool, async (tx) => {
 *   if (!(await processOnce(tx, context.consumer, event.eventId))) return;
 *   await tx.query('update ...');
 * });
 */
export async function processOnce(tx: Queryable, consumer: string, eventId: string): Promise<boolean> {
  const { rows } = await tx.query(
    `insert into event_inbox (consumer, event_id) values ($1::text, $2::text::uuid)
     on conflict do nothing returning event_id`,
    [consumer, eventId],
  );
  return rows.length > 0;
}

/**
 * The same for a batch that is handled in one transaction: one statement instead of one for each event, which
 * is several times as fast.
 *
 * @returns the eventIds to handle; of an eventId given twice, one
 */
export async function processOnceBatch(
  tx: Queryable,
  consumer: string,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (eventIds.length === 0) return new Set();
  const { rows } = await tx.query(
    // In one order for all consumers, so that two batches with the same events can't wait for each other.
    `insert into event_inbox (consumer, event_id)
     select distinct $1::text, id::uuid from unnest($2::text[]) as batch (id) order by 2
     on conflict do nothing returning event_id::text as event_id`,
    [consumer, [...eventIds]],
  );
  const fresh = new Set(rows.map((row) => (row as { event_id: string }).event_id));
  // A UUID may be written in capitals; PostgreSQL answers in small letters.
  return new Set(eventIds.filter((id) => fresh.has(id.toLowerCase())));
}

/** Whether the consumer has handled the event, without a note that it does now. */
export async function wasHandled(tx: Queryable, consumer: string, eventId: string): Promise<boolean> {
  const { rows } = await tx.query(
    'select 1 from event_inbox where consumer = $1::text and event_id = $2::text::uuid',
    [consumer, eventId],
  );
  return rows.length > 0;
}
