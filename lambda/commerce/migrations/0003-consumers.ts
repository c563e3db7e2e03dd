/**
 * What the consumers of events write. All their effects are in one table without a unique constraint on
 * event_id: the inbox prevents a double effect, and where it failed to, the view `consumer_effect` shows it.
 */
export const consumerTables = `
create sequence consumer_effect_position;

create table effect (
  consumer text not null,
  event_id uuid not null,
  tenant_id text not null,
  ordering_key text not null,
  event_created_at timestamptz not null,
  handled_at timestamptz not null default clock_timestamp(),
  -- One sequence for all consumers: the order in which effects happened.
  position bigint not null default nextval('consumer_effect_position'),
  outcome text not null
);
create index effect_of_consumer on effect (consumer, event_id);

create view consumer_effect (consumer, event_id, tenant_id, ordering_key, event_created_at, handled_at, position) as
select consumer, event_id, tenant_id, ordering_key, event_created_at, handled_at, position from effect;

-- order-history: what was told of each order, in the order it was told.
create table order_history (
  order_id text not null,
  event_id uuid not null primary key,
  tenant_id text not null,
  event_type text not null,
  event_version text not null,
  occurred_at timestamptz not null,
  causation_id text,
  replayed boolean not null,
  data jsonb not null,
  position bigint not null generated always as identity
);
create index order_history_of_order on order_history (order_id, position);

-- payment-ledger: one line for each movement of money; what was refunded is negative.
create table payment_ledger (
  event_id uuid primary key,
  tenant_id text not null,
  order_id text not null,
  payment_id text not null,
  entry text not null check (entry in ('reserved', 'captured', 'released', 'refunded')),
  minor_units bigint not null,
  currency text not null,
  booked_at timestamptz not null
);
create index payment_ledger_of_order on payment_ledger (tenant_id, order_id);

-- storefront-availability: sums, so that the order in which the bus delivers does not matter.
create table availability (
  tenant_id text not null,
  sku text not null,
  moved bigint not null default 0,
  counted bigint,
  counted_at timestamptz,
  short boolean not null default false,
  short_changed_at timestamptz,
  primary key (tenant_id, sku)
);

create table replenishment (
  tenant_id text not null,
  sku text not null,
  requests integer not null default 1,
  delivered integer not null default 0,
  primary key (tenant_id, sku)
);

create table warehouse_movement (
  event_id uuid not null,
  tenant_id text not null,
  sku text not null,
  movement text not null,
  quantity bigint not null,
  moved_at timestamptz not null,
  primary key (event_id, sku)
);

-- legacy-inbound: the last count of each shelf.
create table legacy_stock_count (
  tenant_id text not null,
  sku text not null,
  counted bigint not null,
  count_id text not null,
  counted_at timestamptz not null,
  primary key (tenant_id, sku)
);

create table customer_profile (
  tenant_id text not null,
  customer_id text not null,
  sequence integer not null default 0,
  name text,
  contact jsonb,
  preferred_channel text,
  risk_score integer,
  screened_at timestamptz,
  erased_at timestamptz,
  primary key (tenant_id, customer_id)
);

create table notification_delivery (
  notification_id text primary key,
  tenant_id text not null,
  order_id text not null,
  customer_id text not null,
  channel text not null,
  template text not null,
  outcome text not null check (outcome in ('delivered', 'erased')),
  -- The sender's own. No address is kept.
  receipt text,
  delivered_at timestamptz not null default clock_timestamp()
);

create table priority_case (
  event_id uuid primary key,
  tenant_id text not null,
  kind text not null check (kind in ('payment-follow-up', 'fraud-hold', 'operations-ticket')),
  order_id text,
  customer_id text,
  detail text not null,
  raised_at timestamptz not null,
  answered_at timestamptz not null default clock_timestamp()
);
`;
