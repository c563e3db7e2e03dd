/** The tables of the event store and the function that appends. */
import { LANE_COUNT } from '../outbox/lane-count.ts';
import { LOCK_OF_SCHEMA } from '../postgres/schema.ts';

/** SQL: the first key of the locks of writers, so that they meet no other locks of the database. */
export const WRITER_LOCK_SPACE = `7829363 # ${LOCK_OF_SCHEMA}`;
/** The second key is the last number before the writer's first, as far as it fits into a lock. */
export const LOCK_KEY_MASK = 2_147_483_647;

/**
 * SQL: the lowest position before those of open writers; null where there are none. A lock has the lower half of a
 * number. One that was taken after the last number was read has a higher number than that, and bounds nothing below it.
 */
export const LOWEST_WRITER = (last: string, into = ''): string => `
  select min(${last} - case when behind > ${LOCK_KEY_MASK >> 1} then 0 else behind end) ${into}
  from pg_locks, lateral (select (${last} - objid::bigint) & ${LOCK_KEY_MASK} as behind) as distance
  where ${last} is not null and locktype = 'advisory' and objsubid = 2 and granted
    and database = (select oid from pg_database where datname = current_database())
    and classid::bigint = (${WRITER_LOCK_SPACE})::bigint & 4294967295`;

/** SQL: the day of a partition in its name, `event_store_20261121`. */
export const PARTITION_NAME = `'event_store_' || to_char(day, 'YYYYMMDD')`;

export const eventStoreTables = `
create sequence event_store_position;

-- Partitioned by the day of the append (UTC), so that retention drops tables instead of deleting rows.
create table event_store (
  -- The global order. Drawn while the writer's lock is held: see horizon.ts.
  position bigint not null,
  recorded_at timestamptz not null,
  -- Null: an event of no stream, which has no version either.
  stream text,
  version bigint,
  event_id uuid not null,
  tenant_id text not null,
  event_type text not null,
  event_version text not null,
  source text not null,
  priority text not null default 'normal',
  -- 'tenant#key' for an event that is kept in order, else the tenant.
  ordering_key text not null,
  lane smallint not null generated always as (
    hashtextextended(case when ordering_key = tenant_id then event_id::text else ordering_key end, 0)
    & ${LANE_COUNT - 1}) stored,
  -- json, not jsonb: the text is kept as it was written and passed on unread, yet can't be malformed.
  event_data json not null,
  primary key (position, recorded_at)
) partition by range (recorded_at);
create index event_store_stream_version on event_store (stream, version) where stream is not null;
create index event_store_tenant on event_store (tenant_id, position);
create index event_store_type on event_store (event_type, position);
create index event_store_recorded on event_store using brin (recorded_at);

-- Takes what comes when nobody made the day's partition in time. Emptied when the partition is made.
create table event_store_default partition of event_store default;

-- One row for each stream: its lock, and its version.
create table event_store_stream (
  stream text primary key,
  version bigint not null
) with (fillfactor = 80);

-- What was appended: a partitioned table can not keep an eventId unique by itself.
create table event_store_receipt (
  event_id uuid primary key,
  stream text,
  version bigint,
  position bigint not null,
  recorded_at timestamptz not null
);
create index event_store_receipt_recorded on event_store_receipt using brin (recorded_at);

-- Never needed, only quicker: a state is folded from the last one before the time asked for.
create table event_store_snapshot (
  stream text not null,
  projection text not null,
  version bigint not null,
  recorded_at timestamptz not null,
  state json not null,
  primary key (stream, projection, version)
);

create function event_store_make_partition(day date) returns boolean language plpgsql as $$
declare
  name text := ${PARTITION_NAME};
  lower_end timestamptz := day::timestamp at time zone 'UTC';
  upper_end timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
  if to_regclass(name) is not null then
    return false;
  end if;
  execute format('create table %I (like event_store including defaults including generated)', name);
  -- Nothing may come into the default partition between the move and the attachment.
  lock table event_store_default in share row exclusive mode;
  if exists (select 1 from event_store_default where recorded_at >= lower_end and recorded_at < upper_end) then
    execute format(
      'with moved as (delete from event_store_default where recorded_at >= %L and recorded_at < %L returning *)
       insert into %I (position, recorded_at, stream, version, event_id, tenant_id, event_type, event_version, source,
         priority, ordering_key, event_data)
       select position, recorded_at, stream, version, event_id, tenant_id, event_type, event_version, source,
         priority, ordering_key, event_data from moved', lower_end, upper_end, name);
  end if;
  execute format('alter table event_store attach partition %I for values from (%L) to (%L)', name, lower_end, upper_end);
  return true;
end $$;

select event_store_make_partition((now() at time zone 'UTC')::date + days) from generate_series(0, 2) as days;

-- How far it is safe to read, and what is there: see horizon.ts. Volatile, so that the second statement sees all that
-- was committed before the first; the first row has the horizon alone. Not for a transaction with one snapshot.
create function event_store_next(
  after_position bigint, up_to bigint, wanted_types text[], wanted_lanes smallint[], at_most integer
) returns table (
  horizon bigint, "position" bigint, event_id uuid, event_type text, event_version text, tenant_id text,
  priority text, lane smallint, ordering_key text, recorded_ms numeric, event_data json
) language plpgsql volatile as $$
#variable_conflict use_column
declare
  last_drawn bigint := coalesce(pg_sequence_last_value('event_store_position'::regclass), 0);
  safe bigint;
begin
  ${LOWEST_WRITER('last_drawn', 'into safe')};
  safe := coalesce(safe, last_drawn);
  horizon := safe;
  return next;
  if least(safe, up_to) > after_position then
    return query
      select safe, e.position, e.event_id, e.event_type, e.event_version, e.tenant_id, e.priority, e.lane,
        e.ordering_key, extract(epoch from e.recorded_at) * 1000, e.event_data
      from event_store e
      where e.position > after_position and e.position <= least(safe, up_to)
        and e.event_type = any(wanted_types) and (wanted_lanes is null or e.lane = any(wanted_lanes))
      order by e.position limit at_most;
  end if;
end $$;

-- The only way in. Answers a row for each event; outcome 'conflict' alone: nothing was stored.
create function event_store_append(
  expected text, ids text[], streams text[], tenants text[], types text[], versions text[], sources text[],
  priorities text[], keys text[], bodies text[]
) returns table (
  outcome text, event_id uuid, stream text, version bigint, "position" bigint, recorded_at timestamptz
) language plpgsql as $$
#variable_conflict use_column
declare
  given integer := cardinality(ids);
  known integer;
  at_version bigint;
  now_at timestamptz;
begin
  -- The writer's lock: whoever reads sees that numbers above this one may still be uncommitted. Once for a
  -- transaction; undone with the savepoint that it was taken in, as the setting is.
  if coalesce(current_setting('waybill.event_store_writer', true), '') <> current_schema() then
    perform pg_advisory_xact_lock_shared((${WRITER_LOCK_SPACE})::int,
      (coalesce(pg_sequence_last_value('event_store_position'::regclass), 0) & ${LOCK_KEY_MASK})::int);
    perform set_config('waybill.event_store_writer', current_schema(), true);
  end if;

  -- All streams first, in one order for all writers, so that two writers can't wait for each other.
  insert into event_store_stream as s (stream, version)
  select g.stream, count(*) from unnest(streams) as g (stream) where g.stream <> '' group by g.stream order by g.stream
  on conflict (stream) do update set version = s.version + excluded.version;

  select count(*) into known from event_store_receipt r where r.event_id = any(ids::uuid[]);

  if expected <> '' and known < given then
    select s.version - given into at_version from event_store_stream s where s.stream = streams[1];
    if known > 0 or at_version <> expected::bigint then
      update event_store_stream s set version = s.version - given where s.stream = streams[1];
      return query select 'conflict', null::uuid, streams[1], at_version, null::bigint, null::timestamptz;
      return;
    end if;
  end if;

  if known > 0 then
    if exists (
      select 1 from unnest(ids, streams) as g (id, stream) join event_store_receipt r on r.event_id = g.id::uuid
      where coalesce(r.stream, '') <> g.stream
    ) then
      raise exception 'an eventId is in another stream already' using errcode = 'unique_violation';
    end if;
    update event_store_stream s set version = s.version - k.known
    from (
      select r.stream, count(*) as known from event_store_receipt r
      where r.event_id = any(ids::uuid[]) and r.stream is not null group by r.stream
    ) as k
    where s.stream = k.stream;
    return query
      select 'known', r.event_id, r.stream, r.version, r.position, r.recorded_at
      from event_store_receipt r where r.event_id = any(ids::uuid[]);
  end if;
  if known = given then
    return;
  end if;

  now_at := clock_timestamp();
  return query
  with g as materialized (
    select g.id::uuid as id, nullif(g.stream, '') as stream, g.tenant, g.type, g.of_version, g.source, g.priority,
      g.key, g.body, g.place,
      row_number() over (partition by g.stream order by g.place) as nth,
      count(*) over (partition by g.stream) as of_stream
    from unnest(ids, streams, tenants, types, versions, sources, priorities, keys, bodies) with ordinality
      as g (id, stream, tenant, type, of_version, source, priority, key, body, place)
    where known = 0 or not exists (select 1 from event_store_receipt r where r.event_id = g.id::uuid)
  ), placed as materialized (
    select nextval('event_store_position') as position, o.*
    from (
      select g.*, s.version - g.of_stream + g.nth as version
      from g left join event_store_stream s on s.stream = g.stream
      order by g.place
    ) as o
  ), receipts as (
    insert into event_store_receipt (event_id, stream, version, position, recorded_at)
    select p.id, p.stream, p.version, p.position, now_at from placed p
  ), stored as (
    insert into event_store (position, recorded_at, stream, version, event_id, tenant_id, event_type, event_version,
      source, priority, ordering_key, event_data)
    select p.position, now_at, p.stream, p.version, p.id, p.tenant, p.type, p.of_version, p.source, p.priority,
      p.key, p.body::json
    from placed p order by p.place
  )
  select 'appended', p.id, p.stream, p.version, p.position, now_at from placed p;
end $$;
`;
