/**
 * Eager publishing: what can not wait for the relay's backlog is sent by its writer right after the commit, as
 * it stands in the outbox, and marked as published. The relay stays the guarantee: whatever goes wrong here is
 * published by it, and the rare event that both send has the same eventId.
 *
 * | the writer | `next_attempt_at` of the row | the relay |
 * |---|---|---|
 * | is sending it | until when the writer may take | leaves it alone |
 * | was refused, or failed | none | publishes it at the nudge |
 * | died | passes | publishes it in its next run after that |
 */
import type { EventPriority } from '../../../lib/contracts/index.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import type { Queryable } from '../postgres/query.ts';
import type { EncodedMessage, PublishFailure, Transport } from '../types.ts';

export interface EagerPublishing {
  /** Not the transaction that wrote the events: it has committed. */
  readonly database: Queryable;
  readonly publisher: Transport;
  /**
   * Milliseconds after which the events are left to the relay.
   * @default 2000
   */
  readonly timeoutMilliseconds?: number;
  /** Told when the events are left to the relay. */
  readonly logger?: Logger;
}

const DEFAULT_TIMEOUT = 2_000;

/**
 * Call after the commit. An event sent here may overtake earlier ones of its ordering key that still wait, so
 * give it only what goes where no order is promised.
 *
 * @param eventIds - of events in the outbox; those that are not pending any more are left alone
 * @returns how many were sent and marked. Never rejects.
 */
export async function publishEagerly(options: EagerPublishing, eventIds: readonly string[]): Promise<number> {
  if (eventIds.length === 0) return 0;
  const over = Promise.withResolvers<number>();
  const timer = setTimeout(() => over.resolve(0), options.timeoutMilliseconds ?? DEFAULT_TIMEOUT);
  try {
    return await Promise.race([sendAndMark(options, eventIds), over.promise]);
  } catch (error) {
    options.logger?.warn('events were not published eagerly; the relay publishes them', {
      error: describeError(error),
    });
    return 0;
  } finally {
    clearTimeout(timer);
  }
}

async function sendAndMark(options: EagerPublishing, eventIds: readonly string[]): Promise<number> {
  const { database, logger } = options;
  const messages = await readPending(database, eventIds);
  if (messages.length === 0) return 0;
  const ids = messages.map(({ eventId }) => eventId);
  const failed = await send(options, messages, ids);
  const refused = new Set(failed.map(({ eventId }) => eventId));
  if (failed[0] !== undefined) {
    logger?.warn('events were not accepted eagerly; the relay publishes them', {
      events: failed.length,
      code: failed[0].code,
    });
  }
  const sent = ids.filter((eventId) => !refused.has(eventId));
  if (sent.length > 0) await database.query(MARK_PUBLISHED, [sent]);
  if (refused.size > 0) await database.query(LEAVE_TO_RELAY, [[...refused]]);
  return sent.length;
}

/** The rows are claimed beside the call, not before it: the claim spares a double, and is worth no delay. */
async function send(
  { database, publisher, timeoutMilliseconds = DEFAULT_TIMEOUT }: EagerPublishing,
  messages: readonly EncodedMessage[],
  ids: readonly string[],
): Promise<readonly PublishFailure[]> {
  const claimed = database.query(CLAIM, [ids, String(timeoutMilliseconds)]).catch(() => undefined);
  try {
    return (await publisher.send(messages)).failed;
  } catch (error) {
    await claimed;
    await database.query(LEAVE_TO_RELAY, [ids]);
    throw error;
  } finally {
    // In this order: a claim that came after the mark would find nothing, one after the release would last.
    await claimed;
  }
}

const READ_PENDING = `
select id::text as "eventId", event_type as "eventType", event_version as "eventVersion", source,
       tenant_id as "tenantId", ordering_key as "orderingKey", priority, event_data::text as body
from event_outbox
where id = any($1::text[]::uuid[]) and status = 'PENDING'
order by sequence`;

/** Not of a row that the relay has tried: its retry is on its way. */
const CLAIM = `
update event_outbox set next_attempt_at = clock_timestamp() + $2::double precision * interval '1 millisecond'
where id = any($1::text[]::uuid[]) and status = 'PENDING' and retry_count = 0`;

const LEAVE_TO_RELAY = `
update event_outbox set next_attempt_at = null
where id = any($1::text[]::uuid[]) and status = 'PENDING' and retry_count = 0`;

/** Whoever has published a row meanwhile has marked it already, and no row is marked twice. */
const MARK_PUBLISHED = `
update event_outbox set status = 'PUBLISHED', published_at = clock_timestamp(), next_attempt_at = null
where id = any($1::text[]::uuid[]) and status = 'PENDING'`;

async function readPending(database: Queryable, eventIds: readonly string[]): Promise<EncodedMessage[]> {
  const { rows } = await database.query(READ_PENDING, [[...eventIds]]);
  return rows.map((row) => {
    const message = row as Omit<EncodedMessage, 'priority'> & { readonly priority: string };
    return { ...message, priority: message.priority as EventPriority };
  });
}
