/** The table of the inbox. */
export const inboxTables = `
create table event_inbox (
  consumer text not null,
  event_id uuid not null,
  handled_at timestamptz not null default now(),
  primary key (consumer, event_id)
);
-- For the purge. An event's own time would not do: a replayed event is old when it is handled.
create index event_inbox_handled on event_inbox (handled_at);
`;
