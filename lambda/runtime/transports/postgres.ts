/** Publishes to the event store: PostgreSQL as the transport. */
import type { EventStore } from '../event-store/event-store.ts';
import type { EncodedMessage, PublishFailure, Transport } from '../types.ts';
import { callFailure } from './call-error.ts';

export interface PostgresTransportProps {
  readonly store: Pick<EventStore, 'appendEncoded'>;
}

/** Events in one statement. */
const BATCH = 1_000;

/**
 * One statement for each thousand events: all of them are stored, or none. An event that was stored before is not stored
 * again. Events with an ordering key are kept in order by it.
 *
 * @example
 * const publisher = createPublisher({ contracts: [FeedbackReceived], transport: postgresTransport({ store }) });
 */
export function postgresTransport({ store }: PostgresTransportProps): Transport {
  return {
    async send(messages) {
      const failed: PublishFailure[] = [];
      for (let from = 0; from < messages.length; from += BATCH) {
        const batch = messages.slice(from, from + BATCH);
        // Behind a batch that failed nothing is sent: it may hold earlier events of the same keys.
        if (failed.length > 0) failed.push(...batch.map((message) => held(message)));
        else failed.push(...(await sendBatch(store, batch)));
      }
      return { failed };
    },
  };
}

async function sendBatch(
  store: PostgresTransportProps['store'],
  batch: readonly EncodedMessage[],
): Promise<PublishFailure[]> {
  try {
    await store.appendEncoded(batch);
    return [];
  } catch (error) {
    const { code, message } = callFailure(error);
    const isTooLarge = code === 'WAYBILL_EVENT_STORE_EVENT_TOO_LARGE';
    // One event can refuse the whole statement. Sent one by one, only the culprit fails.
    if (isTooLarge && batch.length > 1) {
      const failures: PublishFailure[] = [];
      for (const one of batch) failures.push(...(await sendBatch(store, [one])));
      return failures;
    }
    return batch.map(({ eventId }) => ({ eventId, code, message, retryable: !isTooLarge }));
  }
}

function held({ eventId }: EncodedMessage): PublishFailure {
  return {
    eventId,
    code: 'WAYBILL_ORDER_HELD',
    message: 'not sent: a statement before it failed',
    retryable: true,
  };
}
