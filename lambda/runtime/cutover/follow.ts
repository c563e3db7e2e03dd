/** `followElsewhere()`: brings the cursors of a consumer that is live on another transport up to what it has handled. */
import type { Pool } from 'pg';

import { readHorizon } from '../event-store/horizon.ts';
import { inTransaction } from '../postgres/transaction.ts';
import { explainedMove } from './errors.ts';

const PAGE = 50_000;

export interface FollowOptions {
  readonly consumer: string;
  /** Names of the events it handles. */
  readonly types: readonly string[];
  /** Events looked at in one transaction. @default 50000 */
  readonly pageSize?: number;
}

export interface FollowReport {
  /** How often a lane's cursor was moved. */
  readonly lanes: number;
}

/**
 * Run it daily for each consumer that may have left PostgreSQL; one that is live there is left alone. Else its cursors stay
 * where they were: retention keeps all that is behind them, and when the inbox has forgotten it nobody can go back.
 *
 * | the next event of a lane | |
 * |---|---|
 * | in the inbox | passed |
 * | not in the inbox | the cursor stays before it: a rollback handles it |
 * | waited for another try, in the inbox by now | does not wait any more |
 * | of a lane that a reader still has | left alone |
 */
export async function followElsewhere(pool: Pool, options: FollowOptions): Promise<FollowReport> {
  const { consumer, types, pageSize = PAGE } = options;
  try {
    const horizon = await readHorizon(pool);
    let lanes = 0;
    let after: number | undefined;
    for (;;) {
      const page: Page | undefined = await inTransaction(pool, async (tx) => {
        const { rows } = await tx.query<{ is_elsewhere: boolean }>(
          `select live_on <> 'postgres' as is_elsewhere from consumer_transport where consumer = $1 for share`,
          [consumer],
        );
        if (rows[0]?.is_elsewhere !== true) return undefined;
        if (after === undefined) await tx.query(FORGET_WAITING, [consumer]);
        const followed = await tx.query<Page>(FOLLOW, [consumer, types, horizon, after ?? null, pageSize]);
        return followed.rows[0];
      });
      if (page === undefined || page.bound === null) return { lanes };
      lanes += page.lanes;
      if (page.bound >= horizon) return { lanes };
      after = page.bound;
    }
  } catch (error) {
    throw explainedMove(error);
  }
}

interface Page {
  readonly lanes: number;
  /** Up to where it looked; null where it has no lanes. */
  readonly bound: number | null;
}

const FORGET_WAITING = `
delete from event_subscription_waiting w using event_subscription_lane l, event_inbox i
where w.consumer = $1 and l.consumer = $1 and l.lane = w.lane
  and (l.owner is null or l.lease_expires_at < clock_timestamp())
  and i.consumer = $1 and i.event_id = w.event_id and w.replay is null`;

/** $3 the horizon, $4 where the page before ended, $5 its size. A lane that stayed behind in a page before stays. */
const FOLLOW = `
with free as materialized (
  select l.lane, l.position, s.ordering from event_subscription_lane l join event_subscription s using (consumer)
  where l.consumer = $1 and (l.owner is null or l.lease_expires_at < clock_timestamp())
  for update of l skip locked
), start as (
  select coalesce($4::bigint, min(position)) as position from free
), read as materialized (
  select position, event_id, lane from event_store
  where event_type = any($2::text[]) and position <= $3::bigint and position > (select position from start)
  order by position limit $5
), bound as (
  -- Behind the page nothing is known.
  select case when (select count(*) from read) < $5 then greatest($3::bigint, start.position)
    else (select max(position) from read) end as position
  from start where start.position is not null
), open as (
  select f.lane, min(r.position) as position
  from read r join free f on f.lane = case when f.ordering = 'total' then 0 else r.lane end and r.position > f.position
  where not exists (select 1 from event_inbox i where i.consumer = $1 and i.event_id = r.event_id)
  group by f.lane
), moved as (
  update event_subscription_lane l
  set position = coalesce(o.position - 1, b.position), owner = null, fencing_token = l.fencing_token + 1
  from free f cross join bound b left join open o on o.lane = f.lane
  where l.consumer = $1 and l.lane = f.lane and f.position >= (select position from start)
    and coalesce(o.position - 1, b.position) > l.position
  returning 1
)
select (select count(*)::int from moved) as lanes, (select position::float8 from bound) as bound`;
