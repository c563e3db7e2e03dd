/** What the workers of the saga write: which step ran with what result, and the business rows of each. */
export const sagaTables = `
-- 'refused': undone before it ran. The row stays, so that the step is refused when its command comes late.
create table saga_step (
  order_id text not null,
  step text not null,
  status text not null check (status in ('running', 'done', 'failed', 'refused')),
  result jsonb,
  error_code text,
  -- Of the command that made the row.
  command_id uuid not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (order_id, step)
);

create table payment (
  payment_id text primary key,
  order_id text not null unique,
  tenant_id text not null,
  customer_id text not null,
  amount_minor_units bigint not null,
  currency text not null,
  status text not null check (status in ('reserved', 'captured', 'refunded')),
  provider_reference text not null,
  changed_at timestamptz not null default now()
);

create table screening (
  order_id text primary key,
  tenant_id text not null,
  customer_id text not null,
  risk_score integer not null,
  decision text not null check (decision in ('passed', 'held')),
  screened_at timestamptz not null default now()
);

create table stock (
  tenant_id text not null,
  sku text not null,
  available bigint not null check (available >= 0),
  reserved bigint not null default 0 check (reserved >= 0),
  primary key (tenant_id, sku)
);

create table stock_reservation (
  reservation_id text primary key,
  order_id text not null unique,
  tenant_id text not null,
  customer_id text not null,
  items jsonb not null,
  status text not null check (status in ('reserved', 'released', 'shipped'))
);

create table shipment (
  shipment_id text primary key,
  order_id text not null unique,
  tenant_id text not null,
  customer_id text not null,
  carrier text not null,
  country text not null,
  status text not null check (status in ('arranged', 'cancelled', 'shipped'))
);
`;
