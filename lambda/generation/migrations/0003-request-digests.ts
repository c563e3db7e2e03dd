/** What a generation was asked for with, so that an Idempotency-Key can not stand for two different requests. */
export const requestDigests = `
-- SHA-256 of the command, in hex. Null: asked for without an Idempotency-Key, or before there were digests.
alter table generation add column request_digest text;
`;
