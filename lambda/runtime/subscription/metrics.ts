/** The state of a subscription in numbers, for dashboards and alarms. */
import type { Pool } from 'pg';

import { explained } from '../event-store/errors.ts';

export interface SubscriptionMetrics {
  /** Events of its types that it has not read yet. At most MAX_COUNTED are counted. */
  readonly unread: number;
  /** Seconds since the oldest event was appended that is neither handled nor dead: the number to alarm on. */
  readonly oldestUnprocessedAgeSeconds: number;
  /** Events that failed and wait for another try. */
  readonly retrying: number;
  /** Events that wait behind one of those, or were replayed or redriven. */
  readonly waiting: number;
  /** Failed attempts of the event that failed most often. */
  readonly mostAttempts: number;
  /** Dead letters that nobody has redriven. */
  readonly deadLetters: number;
  /** Instances whose lease is alive. */
  readonly instances: number;
}

export const MAX_COUNTED = 100_000;

const METRICS = `
with cursors as materialized (
  -- By the lane, so that an event finds its own without a join.
  select array_agg(l.position order by l.lane) as positions, min(l.position) as first, s.ordering = 'total' as total
  from event_subscription s join event_subscription_lane l using (consumer) where s.consumer = $1 group by s.ordering
), unread as (
  select e.position, e.recorded_at from cursors c, event_store e
  where e.event_type = any($2::text[]) and e.position > (select first from cursors)
    and e.position > c.positions[case when c.total then 1 else e.lane + 1 end]
  order by e.position limit ${MAX_COUNTED}
), waiting as (
  select w.attempts, coalesce(e.recorded_at, w.since) as recorded_at from event_subscription_waiting w
  left join event_store e on e.position = w.position and w.replay is null
  where w.consumer = $1
)
select json_build_object(
  'unread', (select count(*) from unread),
  'oldestUnprocessedAgeSeconds', coalesce((
    select greatest(0, extract(epoch from clock_timestamp() - min(recorded_at)))
    from (select min(recorded_at) as recorded_at from unread
          union all select min(recorded_at) from waiting) as oldest), 0),
  'retrying', (select count(*) from waiting where attempts > 0),
  'waiting', (select count(*) from waiting where attempts = 0),
  'mostAttempts', (select coalesce(max(attempts), 0) from waiting),
  'deadLetters', (select count(*) from event_dead_letter where consumer = $1 and redriven_at is null),
  'instances', (
    select count(*) from event_subscription_member where consumer = $1 and expires_at >= clock_timestamp())
) as metrics`;

/** @param types the event types that it handles */
export async function subscriptionMetrics(
  pool: Pick<Pool, 'query'>,
  consumer: string,
  types: readonly string[],
): Promise<SubscriptionMetrics> {
  try {
    const { rows } = await pool.query<{ metrics: SubscriptionMetrics }>(METRICS, [consumer, types]);
    return rows[0]!.metrics;
  } catch (error) {
    throw explained(error);
  }
}
