/** Consumer `analytics-sink`: each event of the Kafka topic as one row, as a warehouse would have it. */
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';
import type { AnalyticsEvent } from './count-activity.ts';

export async function storeFact(service: Service, event: AnalyticsEvent): Promise<void> {
  await handleOnce(service, 'analytics-sink', event, async (tx) => {
    await tx.query(
      `insert into analytics_fact (event_id, tenant_id, kind, occurred_at, data) values ($1, $2, $3, $4, $5)
       on conflict (event_id) do nothing`,
      [event.eventId, event.tenantId, event.eventType, event.timestamp, JSON.stringify(event.data)],
    );
    return { outcome: 'stored' };
  });
}
