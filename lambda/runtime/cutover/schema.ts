/** The tables of moves between transports, and the function by which an effect says whose it is. */
import { channelOfSchema, LOCK_OF_SCHEMA } from '../postgres/schema.ts';

/** SQL: the first key of a consumer's lock. The second is a hash of its name. */
export const CONSUMER_LOCK_SPACE = `(7829367 # ${LOCK_OF_SCHEMA})::int`;

/** SQL: the channel of the hint that a consumer moved. */
export const CUTOVER_CHANNEL = channelOfSchema('waybill_transport');

export const cutoverTables = `
create table consumer_transport (
  consumer text primary key,
  live_on text not null check (live_on in ('postgres', 'redis', 'sns-sqs')),
  epoch bigint not null default 1,
  moved_at timestamptz not null default clock_timestamp(),
  -- What it handles. Empty: nobody has said so yet.
  types text[] not null default '{}'
);

-- Each move, for who asks later.
create table consumer_transport_move (
  consumer text not null,
  epoch bigint not null,
  moved_from text not null,
  moved_to text not null,
  moved_at timestamptz not null default clock_timestamp(),
  ignored text[] not null default '{}',
  moved_by text,
  why text,
  primary key (consumer, epoch)
);

-- Behind which position a mirror has copied all events of a type.
create table transport_mirror (
  transport text not null,
  event_type text not null,
  after_position bigint not null,
  began_at timestamptz not null default clock_timestamp(),
  primary key (transport, event_type)
);

-- What was given up before a move, and is noted in the inbox so that the new transport leaves it alone.
create table consumer_given_up (
  consumer text not null,
  event_id uuid not null,
  transport text not null,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (consumer, event_id)
);

create table shadow_arrival (
  sequence bigint generated always as identity,
  consumer text not null,
  transport text not null,
  event_id uuid not null,
  event_type text not null,
  arrived_at timestamptz not null default clock_timestamp(),
  deliveries integer not null default 1,
  primary key (consumer, transport, event_id)
);

-- Held until the transaction ends. A lock of a row would do the same, but those who share one keep who wants it alone
-- waiting for ever; these stand in line.
create function consumer_transport_claim(wanted text, configured text) returns text language plpgsql volatile as $$
declare
  live text;
begin
  perform pg_advisory_xact_lock_shared(${CONSUMER_LOCK_SPACE}, hashtext(wanted));
  if current_setting('transaction_isolation') = 'read committed' then
    select live_on into live from consumer_transport where consumer = wanted;
  else
    -- Such a transaction may see an old row: where it moved since, PostgreSQL refuses this (40001).
    select live_on into live from consumer_transport where consumer = wanted for share;
  end if;
  if live is null then
    insert into consumer_transport (consumer, live_on) values (wanted, configured) on conflict do nothing;
    select live_on into live from consumer_transport where consumer = wanted;
  end if;
  return live;
end $$;
`;
