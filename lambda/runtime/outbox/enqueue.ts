/** Writes events to the outbox inside the caller's transaction. */
import type { Queryable } from '../postgres/query.ts';
import { LOCK_OF_SCHEMA } from '../postgres/schema.ts';
import type { EncodedMessage } from '../types.ts';
import { OutboxError } from './errors.ts';
import { exceedsMaxEventBytes, MAX_EVENT_BYTES } from './limits.ts';

/**
 * Stores events that are published after the caller's transaction has committed, and never when it rolls back.
 * One statement, however many events.
 *
 * Events with an ordering key take a lock on that key until the commit. So two transactions that write events
 * of one key commit in the order in which they wrote, and that is the order in which they are published.
 *
 * @throws OutboxError WAYBILL_OUTBOX_EVENT_TOO_LARGE
 */
export async function enqueue(tx: Queryable, messages: readonly EncodedMessage[]): Promise<void> {
  for (const message of messages) refuseTooLarge(message);
  const [first] = messages;
  if (first === undefined) return;
  if (messages.length === 1) {
    await tx.query(isOrdered(first) ? INSERT_ONE_ORDERED : INSERT_ONE, columnsOf(first));
  } else {
    const rows = messages.map(columnsOf);
    const columns = rows[0]!.map((_, column) => rows.map((row) => row[column]!));
    await tx.query(INSERT_MANY, columns);
  }
}

function isOrdered({ orderingKey, tenantId }: EncodedMessage): boolean {
  return orderingKey !== tenantId;
}

function columnsOf(message: EncodedMessage): string[] {
  const { eventId, tenantId, eventType, eventVersion, source, priority, orderingKey, body } = message;
  return [eventId, tenantId, eventType, eventVersion, source, priority, orderingKey, body];
}

function refuseTooLarge({ eventType, eventId, body }: EncodedMessage): void {
  if (!exceedsMaxEventBytes(body)) return;
  throw new OutboxError(
    'WAYBILL_OUTBOX_EVENT_TOO_LARGE',
    `event ${eventType} ${eventId} has ${Buffer.byteLength(body)} bytes; at most ${MAX_EVENT_BYTES} can be sent: put the large part into S3 and its address into the event`,
  );
}

/** SQL: the first key of the advisory locks on ordering keys, so that they meet no other locks of the database. */
export const LOCK_SPACE = `7829362 # ${LOCK_OF_SCHEMA}`;
/**
 * Keys share so many locks: one transaction with events of thousands of keys must not fill PostgreSQL's lock
 * table (64 for each connection by default). Two keys that share one wait for each other, which is harmless.
 */
const LOCK_COUNT = 1024;

/** SQL: the second key of the lock on an ordering key. */
export function lockOf(orderingKey: string): string {
  return `hashtext(${orderingKey}) & ${LOCK_COUNT - 1}`;
}

const COLUMNS = 'id, tenant_id, event_type, event_version, source, priority, ordering_key, event_data';

// Each parameter is text, whatever the column: some database libraries send a parameter as the type that the
// statement asks for and refuse to convert.
const ONE = '$1::text::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text::json';

const INSERT_ONE = `insert into event_outbox (${COLUMNS}) values (${ONE})`;

// The lock is taken while the FROM clause is evaluated, that is before the sequence number is drawn.
const INSERT_ONE_ORDERED = `
insert into event_outbox (${COLUMNS})
select ${ONE}
from pg_advisory_xact_lock(${LOCK_SPACE}, ${lockOf('$7::text')})`;

// All locks first, in one order for all writers, so that two writers can't wait for each other.
const INSERT_MANY = `
with event as materialized (
  select *
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    with ordinality as event (${COLUMNS}, position)
), locked as materialized (
  select pg_advisory_xact_lock(${LOCK_SPACE}, lock)
  from (
    select distinct ${lockOf('ordering_key')} as lock
    from event
    where ordering_key <> tenant_id
    order by lock
  ) as locks
)
insert into event_outbox (${COLUMNS})
select id::uuid, tenant_id, event_type, event_version, source, priority, ordering_key, event_data::json
from event, (select count(*) from locked) as all_locked
order by position`;
