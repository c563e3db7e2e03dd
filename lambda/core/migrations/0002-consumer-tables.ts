/**
 * What the consumers write. Each keeps a row for each event it handled, in a table of its own, and none of
 * those tables has a unique constraint on event_id: the inbox prevents a double effect, and where it failed
 * to, the view `consumer_effect` shows it.
 */
const EFFECT_COLUMNS = `
  event_id uuid not null,
  tenant_id text not null,
  ordering_key text not null,
  event_created_at timestamptz not null,
  handled_at timestamptz not null default clock_timestamp(),
  -- One sequence for all consumers: the order in which effects happened.
  position bigint not null default nextval('consumer_effect_position')`;

/** Consumer name to its effect table. */
export const EFFECT_TABLES = {
  'audit-trail': 'audit_entry',
  'usage-metering': 'usage_record',
  'search-index': 'search_indexing',
  'tenant-provisioning': 'tenant_provisioning',
  'webhook-delivery': 'delivered_webhook',
  'entitlement-cache': 'entitlement_update',
  'integration-registry': 'integration_update',
  'delivery-insights': 'insight_record',
} as const;

export type EffectConsumer = keyof typeof EFFECT_TABLES;

export const consumerTables = `
create sequence consumer_effect_position;

create table audit_entry (${EFFECT_COLUMNS},
  source text not null,
  event_type text not null,
  event_version text not null,
  correlation_id text not null,
  causation_id text,
  replayed boolean not null
);
create index audit_entry_of_tenant on audit_entry (tenant_id, event_created_at);

create table usage_record (${EFFECT_COLUMNS},
  meter text not null
);
create table usage_per_day (
  tenant_id text not null,
  day date not null,
  meter text not null,
  quantity bigint not null,
  primary key (tenant_id, day, meter)
);

create table search_indexing (${EFFECT_COLUMNS},
  document_id text not null,
  outcome text not null check (outcome in ('indexed', 'removed', 'older'))
);
create table search_document (
  tenant_id text not null,
  document_id text not null,
  kind text not null,
  title text not null,
  state text,
  version_at timestamptz not null,
  words tsvector generated always as (to_tsvector('simple', title)) stored,
  primary key (tenant_id, document_id)
);
create index search_document_words on search_document using gin (words);

create table tenant_provisioning (${EFFECT_COLUMNS},
  workspace_id text not null
);

create table delivered_webhook (${EFFECT_COLUMNS},
  outcome text not null check (outcome in ('delivered', 'no-url', 'disabled')),
  status integer
);
create index delivered_webhook_event on delivered_webhook (event_id);

create table entitlement_update (${EFFECT_COLUMNS},
  sequence integer not null,
  outcome text not null check (outcome in ('applied', 'older'))
);
create table entitlement (
  tenant_id text primary key,
  sequence integer not null,
  plan text,
  entitlements jsonb,
  suspended boolean not null
);

create table integration_update (${EFFECT_COLUMNS},
  change text not null
);
create table integration (
  tenant_id text not null,
  provider text not null,
  installation_id text not null,
  connected boolean not null,
  changed_at timestamptz not null default now(),
  primary key (tenant_id, provider, installation_id)
);

create table insight_record (${EFFECT_COLUMNS},
  measure text not null
);
create table delivery_insight (
  tenant_id text not null,
  day date not null,
  measure text not null,
  quantity bigint not null,
  primary key (tenant_id, day, measure)
);

create view consumer_effect (consumer, event_id, tenant_id, ordering_key, event_created_at, handled_at, position) as
${Object.entries(EFFECT_TABLES)
  .map(
    ([consumer, table]) =>
      `select '${consumer}', event_id, tenant_id, ordering_key, event_created_at, handled_at, position from ${table}`,
  )
  .join('\nunion all\n')};
`;
