/** What was asked for with an idempotency key, as a digest: the same key with other content is refused. */
export const idempotencyTable = `
create table idempotent_request (
  -- Of the order or the customer that the request made: it follows from the tenant and the key.
  made_id text primary key,
  digest text not null
);
`;
