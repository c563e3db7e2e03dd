/** `followElsewhere()`: brings the cursors of a consumer that is live on another transport up to what it has handled. */
import type { Pool } from 'pg';

import { readHorizon } from '../event-store/horizon.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { explainedMove } from './errors.ts';

/** Events looked at for a lane at a time. */
const LOOK_AHEAD = 50_000;

export interface FollowReport {
  /** Lanes whose cursor was moved. */
  readonly lanes: number;
}

/**
 * Run it daily for each consumer that has left PostgreSQL. Else its cursors stay where they were: retention keeps all that
 * is behind them, and after the inbox has forgotten it nobody can go back. A lane that a reader has is left alone.
 *
 * | the next event of a lane | |
 * |---|---|
 * | in the inbox | passed |
 * | not in the inbox | the cursor stays before it: a rollback handles it |
 * | waited for another try, in the inbox by now | does not wait any more |
 *
 * @param types what it handles
 */
export async function followElsewhere(
  pool: Pool,
  { consumer, types }: { readonly consumer: string; readonly types: readonly string[] },
): Promise<FollowReport> {
  try {
    const horizon = await readHorizon(pool);
    return await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ is_elsewhere: boolean }>(
        `select live_on <> 'postgres' as is_elsewhere from consumer_transport where consumer = $1 for share`,
        [consumer],
      );
      if (rows[0]?.is_elsewhere !== true) return { lanes: 0 };
      await tx.query(
        `delete from event_subscription_waiting w using event_subscription_lane l, event_inbox i
         where w.consumer = $1 and l.consumer = $1 and l.lane = w.lane
           and (l.owner is null or l.lease_expires_at < clock_timestamp())
           and i.consumer = $1 and i.event_id = w.event_id and w.replay is null`,
        [consumer],
      );
      const { rowCount } = await tx.query(
        `with free as materialized (
           select l.lane, l.position, s.ordering from event_subscription_lane l join event_subscription s using (consumer)
           where l.consumer = $1 and (l.owner is null or l.lease_expires_at < clock_timestamp())
           for update of l skip locked
         ), page as (
           select f.lane, e.position, e.event_id
           from (
             select position, event_id, lane from event_store
             where event_type = any($2::text[]) and position <= $3
               and position > (select min(position) from free)
             order by position limit ${LOOK_AHEAD}
           ) as e join free f on f.lane = case when f.ordering = 'total' then 0 else e.lane end
             and e.position > f.position
         ), bound as (
           -- Behind the page nothing is known.
           select case when (select count(*) from page) < ${LOOK_AHEAD} then $3::bigint
             else (select max(position) from page) end as position
         ), open as (
           select p.lane, min(p.position) as position from page p
           where not exists (select 1 from event_inbox i where i.consumer = $1 and i.event_id = p.event_id)
           group by p.lane
         )
         update event_subscription_lane l
         set position = coalesce(o.position - 1, b.position), owner = null, fencing_token = l.fencing_token + 1
         from free f cross join bound b left join open o on o.lane = f.lane
         where l.consumer = $1 and l.lane = f.lane and coalesce(o.position - 1, b.position) > l.position`,
        [consumer, types, horizon],
      );
      return { lanes: rowCount ?? 0 };
    });
  } catch (error) {
    throw explainedMove(error);
  }
}
