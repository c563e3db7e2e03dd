/** The tables of the metrics: events counted by the minute, failed attempts, and readings of the database. */
import { LOWEST_WRITER } from '../schema.ts';

export const eventMetricsTables = `
-- How far events are counted. Null: nothing was counted yet.
create table event_store_counted (
  id smallint primary key default 1 check (id = 1),
  position bigint,
  -- When the first event was appended that is counted.
  since timestamptz
);
insert into event_store_counted default values;

-- Filled by event_store_count(), never by an append: a counter that all appends write would make them take turns.
create table event_store_minute (
  minute timestamptz not null,
  -- Empty for all types together.
  event_type text not null,
  events bigint not null,
  busiest_second bigint not null,
  primary key (minute, event_type)
) with (fillfactor = 80);

-- Attempts that failed and are tried again. Written with what waits, so handling without failures writes nothing.
create table event_attempt_minute (
  consumer text not null,
  transport text not null,
  minute timestamptz not null,
  failed bigint not null,
  primary key (consumer, transport, minute)
) with (fillfactor = 50);

-- The database's own counters only grow: two readings make a rate.
create table event_database_reading (
  read_at timestamptz primary key,
  active_milliseconds double precision not null,
  transactions bigint not null
);

-- Counts what was appended since the last call, at most so many events, never past an open transaction: see
-- horizon.ts. True: all that is safe to read is counted. Null: another is counting.
create function event_store_count(at_most integer) returns boolean language plpgsql volatile as $$
declare
  last_drawn bigint := coalesce(pg_sequence_last_value('event_store_position'::regclass), 0);
  safe bigint;
  counted record;
  start_day timestamptz := date_trunc('day', (now() - interval '1 day') at time zone 'UTC') at time zone 'UTC';
  start_position bigint;
  page record;
begin
  ${LOWEST_WRITER('last_drawn', 'into safe')};
  safe := coalesce(safe, last_drawn);
  select c.position, c.since into counted from event_store_counted c for update skip locked;
  if not found then
    return null;
  end if;
  -- What is older than a day is of no use. By its partition it is found without reading it.
  select min(e.position) - 1 into start_position from event_store e where e.recorded_at >= start_day;
  start_position := greatest(counted.position, least(start_position, safe), 0);

  with page as materialized (
    select e.position, e.event_type, e.recorded_at from event_store e
    where e.position > start_position and e.position <= safe and e.recorded_at >= start_day
    order by e.position limit at_most
  ), seconds as (
    select date_trunc('second', p.recorded_at) as second, p.event_type, count(*) as events from page p group by 1, 2
    union all
    select date_trunc('second', p.recorded_at), '', count(*) from page p group by 1
  ), noted as (
    insert into event_store_minute as m (minute, event_type, events, busiest_second)
    select date_trunc('minute', s.second), s.event_type, sum(s.events), max(s.events) from seconds s group by 1, 2
    on conflict (minute, event_type) do update
    set events = m.events + excluded.events, busiest_second = greatest(m.busiest_second, excluded.busiest_second)
  )
  select count(*) as events, max(p.position) as last, min(p.recorded_at) as since into page from page p;

  update event_store_counted c
  -- Another may have counted further, after the horizon was read here.
  set position = case when page.events < at_most then greatest(safe, start_position) else page.last end,
    since = coalesce(c.since, case
      when exists (select from event_store e where e.recorded_at < start_day) then start_day else page.since end);
  delete from event_store_minute where minute < now() - interval '2 days';
  delete from event_attempt_minute where minute < now() - interval '2 days';
  delete from event_database_reading where read_at < now() - interval '2 days';
  return page.events < at_most;
end $$;
`;
