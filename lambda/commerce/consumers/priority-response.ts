/** Consumer `priority-response`: opens a case for what a person, or a machine of theirs, has to look at now. */
import type { priorityEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

type PriorityEvent = EnvelopeOf<(typeof priorityEvents)[number]>;

interface Case {
  readonly kind: 'payment-follow-up' | 'fraud-hold' | 'operations-ticket';
  readonly orderId: string | null;
  readonly customerId: string | null;
  readonly detail: string;
}

export async function respond(service: Service, event: PriorityEvent): Promise<void> {
  const { kind, orderId, customerId, detail } = caseOf(event);
  await handleOnce(service, 'priority-response', event, async (tx) => {
    await tx.query(
      `insert into priority_case (event_id, tenant_id, kind, order_id, customer_id, detail, raised_at)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [event.eventId, event.tenantId, kind, orderId, customerId, detail, event.timestamp],
    );
    return { outcome: kind };
  });
}

function caseOf({ eventType, data }: PriorityEvent): Case {
  switch (eventType) {
    case 'PaymentFailed':
      return { kind: 'payment-follow-up', ...idsOf(data), detail: data.reason };
    case 'FraudAlertRaised':
      return { kind: 'fraud-hold', ...idsOf(data), detail: data.signal };
    case 'SystemErrorRaised':
    default:
      return {
        kind: 'operations-ticket',
        orderId: data.orderId,
        customerId: null,
        detail: `${data.component}: ${data.code}`,
      };
  }
}

function idsOf({ orderId, customerId }: { readonly orderId: string; readonly customerId: string }) {
  return { orderId, customerId };
}
