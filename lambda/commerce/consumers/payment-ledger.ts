/** Consumer `payment-ledger`: one line for each movement of money. What is taken and returned adds up to the turnover. */
import type { paymentEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

type PaymentEvent = EnvelopeOf<(typeof paymentEvents)[number]>;
type Entry = 'reserved' | 'captured' | 'released' | 'refunded';

/**
 * | event                           | entry    | sign |
 * |---------------------------------|----------|------|
 * | PaymentReserved                 | reserved | +    |
 * | PaymentCaptured                 | captured | +    |
 * | PaymentRefunded of what was set aside | released | - |
 * | PaymentRefunded of what was taken     | refunded | - |
 */
export async function bookPayment(service: Service, event: PaymentEvent): Promise<void> {
  const { orderId, paymentId, amount } = event.data;
  const { entry, sign } = entryOf(event);
  await handleOnce(service, 'payment-ledger', event, async (tx) => {
    await tx.query(
      `insert into payment_ledger (event_id, tenant_id, order_id, payment_id, entry, minor_units, currency, booked_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        event.eventId,
        event.tenantId,
        orderId,
        paymentId,
        entry,
        sign * amount.minorUnits,
        amount.currency,
        event.timestamp,
      ],
    );
    return { outcome: entry };
  });
}

function entryOf(event: PaymentEvent): { readonly entry: Entry; readonly sign: 1 | -1 } {
  switch (event.eventType) {
    case 'PaymentReserved':
      return { entry: 'reserved', sign: 1 };
    case 'PaymentCaptured':
      return { entry: 'captured', sign: 1 };
    case 'PaymentRefunded':
    default:
      return { entry: event.data.was === 'captured' ? 'refunded' : 'released', sign: -1 };
  }
}
