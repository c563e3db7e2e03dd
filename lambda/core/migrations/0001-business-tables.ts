/** Tenants, what they own, and what third parties told about them. */
export const businessTables = `
create table tenant (
  tenant_id text primary key,
  name text not null,
  plan text not null check (plan in ('free', 'team', 'premium')),
  contact_email text not null,
  status text not null default 'registered' check (status in ('registered', 'active', 'suspended')),
  -- Grows with each change of what the tenant may use; told in the events, so that the highest wins.
  entitlement_sequence integer not null default 0,
  registered_at timestamptz not null default now(),
  provisioned_at timestamptz
);

create table workspace (
  workspace_id text primary key,
  tenant_id text not null unique references tenant,
  created_at timestamptz not null default now()
);

create table project (
  tenant_id text not null,
  project_id text not null,
  name text not null,
  created_by text not null,
  created_at timestamptz not null default now(),
  archived_at timestamptz,
  primary key (tenant_id, project_id)
);

create table member (
  tenant_id text not null,
  member_id text not null,
  email text not null,
  role text not null check (role in ('viewer', 'editor', 'admin')),
  invited_at timestamptz not null default now(),
  removed_at timestamptz,
  primary key (tenant_id, member_id)
);
create unique index member_email on member (tenant_id, lower(email)) where removed_at is null;

-- Where a tenant wants its events, and the secret that signs them.
create table delivery_url (
  tenant_id text primary key,
  url text not null,
  secret text not null,
  set_at timestamptz not null default now(),
  disabled_at timestamptz,
  disabled_reason text
);

-- A URL that a third party was given; the endpoint tells the tenant, its secret proves the sender.
create table webhook_endpoint (
  endpoint_id text primary key,
  tenant_id text not null,
  provider text not null check (provider in ('github')),
  secret text not null,
  created_at timestamptz not null default now(),
  disabled_at timestamptz
);

-- One row a delivery: the primary key is what makes a repeated delivery harmless.
create table received_webhook (
  endpoint_id text not null references webhook_endpoint,
  delivery_id text not null,
  tenant_id text not null,
  webhook_event text not null,
  action text,
  payload_bytes integer not null,
  payload_sha256 text not null,
  event_count integer not null,
  -- Kept only where it was not understood, so that it can be mapped later; what was mapped is in the events.
  unmapped_payload text,
  unmapped_reason text,
  received_at timestamptz not null default now(),
  primary key (endpoint_id, delivery_id)
);

create table repository (
  tenant_id text not null,
  provider text not null,
  repository_id text not null,
  full_name text not null,
  private boolean not null,
  connected boolean,
  last_webhook_at timestamptz not null default now(),
  primary key (tenant_id, provider, repository_id)
);

create table work_item (
  tenant_id text not null,
  kind text not null check (kind in ('issue', 'pull-request', 'discussion')),
  item_id text not null,
  repository_id text not null,
  number integer not null,
  title text not null,
  state text not null,
  updated_at timestamptz not null,
  primary key (tenant_id, kind, item_id)
);
`;
