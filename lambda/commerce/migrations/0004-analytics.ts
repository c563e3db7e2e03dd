/** What the streams are counted into. Counts are by the event's own time, and each event counts once. */
export const analyticsTables = `
-- activity-analytics: by minute. The kind is the event type, the detail how an order ended.
create table activity_count (
  tenant_id text not null,
  kind text not null,
  detail text not null,
  minute timestamptz not null,
  quantity bigint not null,
  primary key (tenant_id, kind, detail, minute)
);

-- Totals of Lambda's tumbling windows, for a live view; counted once, also when a window is ended again.
create table activity_window (
  shard_id text not null,
  window_start timestamptz not null,
  window_end timestamptz not null,
  kind text not null,
  quantity bigint not null,
  primary key (shard_id, window_start, kind)
);

-- analytics-sink: one row for each event, as a warehouse would have it.
create table analytics_fact (
  event_id uuid primary key,
  tenant_id text not null,
  kind text not null,
  occurred_at timestamptz not null,
  data jsonb not null
);
create index analytics_fact_kind on analytics_fact (kind, occurred_at);
`;
