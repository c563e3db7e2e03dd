/** The tables of subscriptions: cursors, who reads, what waits for another try, what was given up. */
export const subscriptionTables = `
create table event_subscription (
  consumer text primary key,
  -- 'key': a lane for each share of the ordering keys. 'total': one lane.
  ordering text not null check (ordering in ('key', 'total')),
  lanes smallint not null,
  created_at timestamptz not null default now()
);

create table event_subscription_lane (
  consumer text not null references event_subscription on delete cascade,
  lane smallint not null,
  -- All of the lane up to here is handled, dead-lettered, or among what waits.
  position bigint not null,
  owner text,
  -- Grows with each change of owner. What an earlier owner still writes carries an older token and has no effect.
  fencing_token bigint not null default 0,
  lease_expires_at timestamptz,
  primary key (consumer, lane)
) with (fillfactor = 50);

-- The instances that are alive, so that each knows its fair share of the lanes.
create table event_subscription_member (
  consumer text not null,
  owner text not null,
  expires_at timestamptz not null,
  primary key (consumer, owner)
) with (fillfactor = 50);

-- What failed, what is behind it in its order, and what is replayed or redriven. The first of a unit decides.
create table event_subscription_waiting (
  consumer text not null references event_subscription on delete cascade,
  lane smallint not null,
  -- What is kept in order: an ordering key, or an event by itself.
  unit text not null,
  position bigint not null,
  event_id uuid not null,
  event_type text not null,
  event_version text not null,
  tenant_id text not null,
  priority text not null,
  -- Attempts that failed; 0 for what only waits behind another.
  attempts integer not null default 0,
  due_at timestamptz not null default clock_timestamp(),
  since timestamptz not null default clock_timestamp(),
  last_error text,
  -- Set for what is replayed or redriven: the mark, and the event where the store may have dropped it.
  replay json,
  body text,
  primary key (consumer, lane, unit, position)
);

create table event_dead_letter (
  consumer text not null references event_subscription on delete cascade,
  event_id uuid not null,
  position bigint not null,
  lane smallint not null,
  unit text not null,
  event_type text not null,
  event_version text not null,
  tenant_id text not null,
  priority text not null,
  reason text not null,
  detail text not null,
  attempts integer not null,
  failed_at timestamptz not null default clock_timestamp(),
  -- Null while somebody has to look at it.
  redriven_at timestamptz,
  redrives integer not null default 0,
  event_data text not null,
  primary key (consumer, event_id)
);
create index event_dead_letter_open on event_dead_letter (consumer, failed_at) where redriven_at is null;
`;

/** Events whose handler has begun, and whose outcome is not known: counted in lanes whose last owner died. */
export const subscriptionBegunTable = `
create table event_subscription_begun (
  consumer text not null references event_subscription on delete cascade,
  lane smallint not null,
  unit text not null,
  position bigint not null,
  begun integer not null default 1,
  primary key (consumer, lane, unit, position)
) with (fillfactor = 50);
`;
