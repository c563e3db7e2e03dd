/** Sends of single events, gathered: what comes while calls are under way goes together in the next. */
import type { Pool } from 'pg';

import type { EncodedMessage, PublishFailure, Transport } from '../types.ts';

/** Events of one call. A batch of Redis has as many. */
const BATCH = 100;
/** Calls at a time, so that one that waits does not hold the others up. */
const CALLS = 4;

const DROPPED = {
  code: 'EVENT_DROPPED',
  message: 'retention dropped the event before it was copied',
  retryable: false,
} as const;

/**
 * The caller has one event of a key in work at a time, so that no order is lost between two calls.
 *
 * @returns what sends an event of the record, as it was written, and resolves with its failure; rejects where nobody
 * knows what became of it
 */
export function gatheredSends(
  pool: Pick<Pool, 'query'>,
  send: Transport['send'],
): (eventId: string) => Promise<PublishFailure | undefined> {
  const waiting: Gathered[] = [];
  let calls = 0;

  /** Never rejects. */
  const call = async (): Promise<void> => {
    calls += 1;
    // What is asked for in one turn of the event loop goes together.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      try {
        const messages = await recorded(
          pool,
          batch.map(({ eventId }) => eventId),
        );
        const { failed } = messages.length === 0 ? { failed: [] } : await send(messages);
        const found = new Set(messages.map(({ eventId }) => eventId));
        const failures = new Map(failed.map((failure) => [failure.eventId, failure]));
        for (const { eventId, resolve } of batch) {
          resolve(found.has(eventId) ? failures.get(eventId) : { eventId, ...DROPPED });
        }
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    // In the turn in which nothing waited: what comes later finds that it has to begin a call.
    calls -= 1;
  };

  return (eventId) => {
    const { promise, resolve, reject } = Promise.withResolvers<PublishFailure | undefined>();
    waiting.push({ eventId, resolve, reject });
    if (calls < CALLS) void call();
    return promise;
  };
}

interface Gathered {
  readonly eventId: string;
  readonly resolve: (failure: PublishFailure | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** In the order of the record, with the ordering key it was kept in order by there: the contract may not know it. */
async function recorded(pool: Pick<Pool, 'query'>, eventIds: readonly string[]): Promise<EncodedMessage[]> {
  const { rows } = await pool.query<EncodedMessage>(
    `select e.event_id::text as "eventId", e.event_type as "eventType", e.event_version as "eventVersion", e.source,
       e.tenant_id as "tenantId", e.ordering_key as "orderingKey", e.priority, e.event_data::text as body
     from event_store_receipt r join event_store e on e.position = r.position and e.recorded_at = r.recorded_at
     where r.event_id = any($1::uuid[])
     order by e.position`,
    [eventIds],
  );
  return rows;
}
