/** SQL: which events of the record a consumer still has to handle, whatever transport it is live on. */

/**
 * $1 is the consumer, $2 its types, $3 the seconds that the inbox remembers, $4 where it is live. Handled is what the
 * inbox has; what it may have forgotten is told by the cursor, where the consumer is live on PostgreSQL, and elsewhere
 * taken for handled.
 *
 * | in the inbox | given up | passed by the cursor | older than the inbox remembers | |
 * |---|---|---|---|---|
 * | yes | | | | handled |
 * | no | yes | | | given up |
 * | no | no | yes, and does not wait for another try | | handled, and forgotten |
 * | no | no | no | live on PostgreSQL | pending: it is a long backlog |
 * | no | no | no | yes, live elsewhere | handled, and forgotten |
 * | no | no | no | no | pending |
 */
export const PENDING = `
  lane_of_consumer as (
    select l.lane, l.position, s.ordering from event_subscription_lane l join event_subscription s using (consumer)
    where l.consumer = $1
  ), reached as (
    select coalesce(min(position), 0) as position from lane_of_consumer
  ), candidate as (
    -- Behind the slowest cursor. What it has passed and still tries is among what waits.
    select e.position from event_store e
    where e.position > (select position from reached) and e.event_type = any($2::text[])
      and ($4::text = 'postgres' or e.recorded_at > now() - $3::float8 * interval '1 second')
    union
    select w.position from event_subscription_waiting w
    where w.consumer = $1 and w.replay is null and w.event_type = any($2::text[])
  ), pending as (
    select e.event_id, e.event_type, e.position, e.recorded_at, e.lane
    from candidate c join event_store e on e.position = c.position
    left join lane_of_consumer l on l.lane = case when l.ordering = 'total' then 0 else e.lane end
    where not exists (select 1 from event_inbox i where i.consumer = $1 and i.event_id = e.event_id)
      and not exists (select 1 from event_dead_letter d
        where d.consumer = $1 and d.event_id = e.event_id and d.redriven_at is null)
      and not exists (select 1 from consumer_given_up g where g.consumer = $1 and g.event_id = e.event_id)
      and (l.position is null or l.position < e.position or exists (select 1 from event_subscription_waiting w
        where w.consumer = $1 and w.position = e.position and w.replay is null))
      and ($4::text = 'postgres' or e.recorded_at > clock_timestamp() - $3::float8 * interval '1 second')
  )`;
