/** Consumer `order-history`: what was told of each order and its money, in the order it was told. */
import type { orderHistoryEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

/**
 * An audit trail of what left the house; the event store is what was decided. An auditor compares the two.
 *
 * Orders and payments come from a FIFO topic each. A FIFO topic keeps the order of a key among its own messages; what
 * two topics deliver to one queue may change places, also where it was published one after the other. So what is
 * promised, and measured, is the order per customer and source, and `occurred_at` tells the order of all.
 */
export async function recordInOrderHistory(
  service: Service,
  event: EnvelopeOf<(typeof orderHistoryEvents)[number]>,
): Promise<void> {
  await handleOnce(service, 'order-history', event, async (tx) => {
    await tx.query(
      `insert into order_history (order_id, event_id, tenant_id, event_type, event_version, occurred_at,
         causation_id, replayed, data)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        event.data.orderId,
        event.eventId,
        event.tenantId,
        event.eventType,
        event.eventVersion,
        event.timestamp,
        event.causationId,
        event.metadata.replay !== undefined,
        JSON.stringify(event.data),
      ],
    );
    const orderingKey = `${event.tenantId}#${event.data.customerId}@${event.source}`;
    return { outcome: 'recorded', ordering_key: orderingKey };
  });
}
