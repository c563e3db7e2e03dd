/** Consumer `analytics-sink`: each event of the Kafka topic as one row, as a warehouse would have it. */
import { analyticsEvents } from '../../../catalog/commerce/index.ts';
import { orderingKeyOf } from '../../../lib/contracts/index.ts';
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { processOnceBatch } from '../../runtime/inbox/index.ts';
import { groupedWrites } from '../../service/grouped-writes.ts';
import { unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';
import type { AnalyticsEvent } from './count-activity.ts';

const CONSUMER = 'analytics-sink';

const contracts = new Map<string, AnyEventContract>(analyticsEvents.map((one) => [one.name, one]));

/** Stores one event, in a transaction with those that are stored at the same moment. */
export function factStore(service: () => Promise<Service>): (event: AnalyticsEvent) => Promise<void> {
  return groupedWrites(async (events) => storeFacts(await service(), events));
}

/**
 * One transaction, and three statements, for all of them. Those that were stored before are left out (D9).
 * @throws what the database threw; nothing is stored then
 */
export async function storeFacts(service: Service, events: readonly AnalyticsEvent[]): Promise<void> {
  await unitOfWork(service, async (tx) => {
    const fresh = await processOnceBatch(
      tx,
      CONSUMER,
      events.map(({ eventId }) => eventId),
    );
    const once = [...new Map(events.map((event) => [event.eventId, event])).values()];
    const left = once.filter(({ eventId }) => fresh.has(eventId));
    if (left.length === 0) return;
    await insertFacts(tx, left);
    await recordEffects(tx, left);
  });
}

async function insertFacts(tx: Transaction, events: readonly AnalyticsEvent[]): Promise<void> {
  await tx.query(
    `insert into analytics_fact (event_id, tenant_id, kind, occurred_at, data)
     select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::jsonb[])
     on conflict (event_id) do nothing`,
    [
      events.map(({ eventId }) => eventId),
      events.map(({ tenantId }) => tenantId),
      events.map(({ eventType }) => eventType),
      events.map(({ timestamp }) => timestamp),
      events.map(({ data }) => JSON.stringify(data)),
    ],
  );
}

async function recordEffects(tx: Transaction, events: readonly AnalyticsEvent[]): Promise<void> {
  await tx.query(
    `insert into effect (consumer, event_id, tenant_id, ordering_key, event_created_at, outcome)
     select '${CONSUMER}', *, 'stored' from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])`,
    [
      events.map(({ eventId }) => eventId),
      events.map(({ tenantId }) => tenantId),
      events.map((event) => orderingKeyOf(contracts.get(event.eventType)!, event)),
      events.map(({ timestamp }) => timestamp),
    ],
  );
}
