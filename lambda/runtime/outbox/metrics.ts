/** The state of the outbox in numbers, for dashboards and alarms. */
import type { Queryable } from '../postgres/query.ts';

export interface OutboxMetrics {
  /** Events not published yet. */
  readonly backlog: number;
  /** Seconds since the oldest of them was written: the number to alarm on. 0 when there is none. */
  readonly oldestUnpublishedAgeSeconds: number;
  /** Events that failed at least once and wait for their retry. */
  readonly retrying: number;
  /** Failed attempts of the event that failed most often. */
  readonly mostAttempts: number;
  /** Events set aside, which somebody has to look at. */
  readonly quarantined: number;
  /** Relays whose lease is alive. */
  readonly relays: number;
}

/** Reads only the partial indexes of pending and quarantined rows, so it stays cheap however many rows are kept. */
export async function outboxMetrics(queryable: Queryable): Promise<OutboxMetrics> {
  const { rows } = await queryable.query(METRICS, []);
  return (rows[0] as { metrics: OutboxMetrics }).metrics;
}

const METRICS = `
select json_build_object(
  'backlog', (select count(*) from event_outbox where status = 'PENDING'),
  'oldestUnpublishedAgeSeconds', coalesce((
    select greatest(0, extract(epoch from clock_timestamp() - created_at))
    from event_outbox where status = 'PENDING' order by sequence limit 1), 0),
  'retrying', (select count(*) from event_outbox where status = 'PENDING' and retry_count > 0),
  'mostAttempts', (
    select coalesce(max(retry_count), 0) from event_outbox where status = 'PENDING' and retry_count > 0),
  'quarantined', (select count(*) from event_outbox where status = 'QUARANTINED'),
  'relays', (select count(*) from event_outbox_relay where expires_at >= clock_timestamp())
) as metrics`;
