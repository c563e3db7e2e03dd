/** Feedback as it was given, what each agent makes of it, and the evidence of what was handled when. */
export const feedbackTables = `
create table feedback (
  tenant_id text not null,
  feedback_id text not null,
  product_id text not null,
  author_id text not null,
  channel text not null,
  text text not null,
  language text,
  -- SHA-256 of the command, in hex, so that an Idempotency-Key can not stand for two. Null: it had no key.
  request_digest text,
  received_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, feedback_id)
);

create table feedback_vote (
  tenant_id text not null,
  feedback_id text not null,
  user_id text not null,
  weight integer not null,
  voted_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, feedback_id, user_id)
);

-- Agent sentiment.
create table sentiment_rating (
  tenant_id text not null,
  feedback_id text not null,
  product_id text not null,
  score double precision not null,
  label text not null,
  primary key (tenant_id, feedback_id)
);

-- Agent categorisation.
create table feedback_category (
  tenant_id text not null,
  feedback_id text not null,
  product_id text not null,
  category text not null,
  confidence double precision not null,
  primary key (tenant_id, feedback_id)
);

-- Agent duplicate-detection: what was said first, by its telling words, in the order of the product.
create table original_feedback (
  tenant_id text not null,
  product_id text not null,
  sequence bigint generated always as identity,
  feedback_id text not null,
  words text[] not null,
  primary key (tenant_id, product_id, sequence)
);

-- Agent duplicate-detection.
create table duplicate_feedback (
  tenant_id text not null,
  feedback_id text not null,
  product_id text not null,
  original_id text not null,
  similarity double precision not null,
  primary key (tenant_id, feedback_id)
);

-- Agent priority: what is known so far, and the priority when both are.
create table feedback_priority (
  tenant_id text not null,
  feedback_id text not null,
  product_id text not null,
  score double precision,
  category text,
  priority text,
  reasons text[],
  primary key (tenant_id, feedback_id),
  check (priority is null or (score is not null and category is not null))
);

-- Agent notification.
create table notification (
  tenant_id text not null,
  event_id uuid not null,
  feedback_id text not null,
  product_id text not null,
  kind text not null,
  audience text not null,
  message text not null,
  primary key (tenant_id, event_id)
);

-- Agent roadmap: what is known of each feedback, in whatever order it became known.
create table roadmap_feedback (
  tenant_id text not null,
  feedback_id text not null,
  product_id text not null,
  category text,
  priority text,
  votes bigint not null default 0,
  primary key (tenant_id, feedback_id)
);

-- Agent roadmap: its sums.
create table roadmap_item (
  tenant_id text not null,
  product_id text not null,
  category text not null,
  feedbacks bigint not null default 0,
  votes bigint not null default 0,
  urgent bigint not null default 0,
  high bigint not null default 0,
  normal bigint not null default 0,
  low bigint not null default 0,
  primary key (tenant_id, product_id, category)
);

-- Agent weekly-digest. The week as ISO 8601 has it, of UTC: 2026-W48. By product, so that two events that are handled at
-- the same time have rows of their own.
create table weekly_digest_of_product (
  tenant_id text not null,
  week text not null,
  product_id text not null,
  measure text not null,
  quantity bigint not null,
  primary key (tenant_id, week, product_id, measure)
);
create view weekly_digest (tenant_id, week, measure, quantity) as
select tenant_id, week, measure, sum(quantity)::bigint from weekly_digest_of_product group by 1, 2, 3;

-- Where a tenant wants to be told, and the secret that signs it.
create table webhook_endpoint (
  tenant_id text primary key,
  url text not null,
  secret text not null,
  set_at timestamptz not null default clock_timestamp(),
  -- Set when the receiver answers that it is gone.
  disabled_at timestamptz
);

-- Agent webhook-relay.
create table webhook_delivery (
  tenant_id text not null,
  event_id uuid not null,
  feedback_id text not null,
  event_type text not null,
  delivery_id text not null,
  outcome text not null,
  -- Of HTTP. Null where nothing was sent.
  status integer,
  primary key (tenant_id, event_id)
);

-- Without a unique constraint: the inbox prevents a double effect, and where it failed to, this shows it.
create table handled (
  sequence bigserial primary key,
  agent text not null,
  event_id uuid not null,
  event_type text not null,
  tenant_id text not null,
  ordering_key text not null,
  transport text not null,
  event_created_at timestamptz not null,
  handled_at timestamptz not null default clock_timestamp()
);
create index handled_by_agent on handled (agent, ordering_key, sequence);
create index handled_event on handled (event_id);
`;
