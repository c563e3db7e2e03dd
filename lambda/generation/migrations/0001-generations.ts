/** Generations, what their provider told of them, and what the consumers of their events write. */
export const generationTables = `
create table generation (
  generation_id text primary key,
  tenant_id text not null,
  user_id text not null,
  -- Personal data.
  prompt text not null,
  model text not null,
  width integer not null,
  height integer not null,
  status text not null default 'PENDING' check (status in ('PENDING', 'COMPLETE', 'ERROR')),
  image_url text,
  image_height integer,
  image_width integer,
  -- The model that was asked for, until the provider told what it uses.
  core_model text not null,
  -- Why it ended as ERROR: a code, never the provider's words.
  error_code text,
  -- The provider has told that it has the order.
  acknowledged_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  check ((status = 'COMPLETE') = (image_url is not null)),
  check ((status = 'ERROR') = (error_code is not null))
);
create index generation_of_user on generation (tenant_id, user_id, created_at desc, generation_id desc);
create index generation_pending on generation (created_at) where status = 'PENDING';

-- What the provider told, once for each id of its own: a repeated callback finds its row and does nothing.
create table provider_event (
  provider_event_id text primary key,
  generation_id text not null,
  status text not null,
  received_at timestamptz not null default clock_timestamp()
);
create index provider_event_received on provider_event (received_at);

create table error_notification (
  event_id uuid primary key,
  tenant_id text not null,
  generation_id text,
  user_id text,
  provider text not null,
  code text not null,
  reason text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);

create sequence consumer_effect_position;

-- Without a unique constraint: the inbox prevents a double effect, and where it failed to, this shows it.
create table effect (
  consumer text not null,
  event_id uuid not null,
  tenant_id text not null,
  ordering_key text not null,
  event_created_at timestamptz not null,
  handled_at timestamptz not null default clock_timestamp(),
  position bigint not null default nextval('consumer_effect_position'),
  outcome text not null
);
create index effect_of_consumer on effect (consumer, event_id);

create view consumer_effect (consumer, event_id, tenant_id, ordering_key, event_created_at, handled_at, position) as
select consumer, event_id, tenant_id, ordering_key, event_created_at, handled_at, position from effect;
`;
