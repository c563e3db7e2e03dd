/** Customers and their orders: a summary row for each order, and the events it is made of. */
export const orderTables = `
create table customer (
  tenant_id text not null,
  customer_id text not null,
  -- Personal data; null once the customer is erased.
  name text,
  email text,
  phone text,
  webhook_url text,
  preferred_channel text not null check (preferred_channel in ('email', 'sms', 'webhook')),
  sequence integer not null default 1,
  registered_at timestamptz not null default now(),
  erased_at timestamptz,
  primary key (tenant_id, customer_id)
);

-- What GET answers: the events of an order, folded. The order's row is also its lock.
create table customer_order (
  order_id text primary key,
  tenant_id text not null,
  customer_id text not null,
  status text not null,
  -- The version of its last event.
  version integer not null,
  total_minor_units bigint not null,
  currency text not null,
  payment_method text not null,
  reason text,
  placed_at timestamptz not null,
  ended_at timestamptz
);
create index customer_order_of_customer on customer_order (tenant_id, customer_id, placed_at);

create table order_event (
  order_id text not null,
  -- 1, 2, 3: two writers of one version can not both commit.
  version integer not null check (version > 0),
  event_id uuid not null unique,
  envelope jsonb not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (order_id, version)
);

-- Never needed, only quicker: an order is rebuilt from the last one before the time asked for.
create table order_snapshot (
  order_id text not null,
  version integer not null,
  state jsonb not null,
  recorded_at timestamptz not null,
  primary key (order_id, version)
);

-- The ledger of orders that ended. Every count has to agree with it.
create table order_outcome (
  order_id text primary key,
  tenant_id text not null,
  customer_id text not null,
  outcome text not null check (outcome in ('FULFILLED', 'CANCELLED')),
  reason text,
  event_id uuid not null unique,
  ended_at timestamptz not null default clock_timestamp()
);
`;
