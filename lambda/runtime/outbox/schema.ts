/** The tables of the outbox. */
import { LANE_COUNT } from './lane-count.ts';

export const outboxTables = `
create table event_outbox (
  -- The eventId: UUIDv7, so that new rows go to the end of the index.
  id uuid primary key,
  tenant_id text not null,
  event_type text not null,
  event_version text not null,
  source text not null,
  priority text not null default 'normal',
  -- 'tenant#key' for an event with an ordering key, else the tenant.
  ordering_key text not null,
  -- Computed by the database, so that a writer in any language puts a row in the right lane.
  lane smallint not null generated always as (hashtextextended(ordering_key, 0) & ${LANE_COUNT - 1}) stored,
  sequence bigint not null generated always as identity,
  -- json, not jsonb: the text is kept as it was written and passed on unread, yet can't be malformed.
  event_data json not null,
  status text not null default 'PENDING' check (status in ('PENDING', 'PUBLISHED', 'QUARANTINED')),
  -- When the row was written, not when its transaction began: ages and delays are counted from here.
  created_at timestamptz not null default clock_timestamp(),
  published_at timestamptz,
  retry_count integer not null default 0,
  next_attempt_at timestamptz,
  -- Code and message of the publisher, or why the row is quarantined. Never the event's data.
  last_error text
) with (
  -- A queue's table: rows come and go, so it is vacuumed by the thousand, not by the fifth of its size.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_insert_scale_factor = 0.05
);

-- All that a relay reads. Partial: published rows that are kept for a while do not slow it down.
create index event_outbox_pending on event_outbox (sequence, lane) where status = 'PENDING';
create index event_outbox_retrying on event_outbox (lane) where status = 'PENDING' and retry_count > 0;
create index event_outbox_quarantined on event_outbox (sequence) where status = 'QUARANTINED';
create index event_outbox_published on event_outbox (published_at) where status = 'PUBLISHED';

create table event_outbox_lane (
  lane smallint primary key,
  owner text,
  -- Grows with each change of owner. What an earlier owner still writes carries an older token and has no effect.
  fencing_token bigint not null default 0,
  lease_expires_at timestamptz
) with (fillfactor = 50);
insert into event_outbox_lane (lane) select generate_series(0, ${LANE_COUNT - 1});

-- The relays that are alive, so that each knows its fair share of the lanes.
create table event_outbox_relay (
  owner text primary key,
  expires_at timestamptz not null
) with (fillfactor = 50);
`;
