/** Consumer `legacy-outbound`: tells the old warehouse system what to pick, in its own words. */
import type { OrderConfirmed } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

/** What goes over the wire. The old system removes doubles by the message's id. */
export interface LegacyMessage {
  readonly messageId: string;
  readonly type: 'PICKLIST';
  readonly correlationId: string;
  /** JSON. */
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** The old system knows orders by number, and upper-case article numbers. */
export function pickListOf(event: EnvelopeOf<typeof OrderConfirmed>): LegacyMessage {
  const { orderId, items } = event.data;
  return {
    messageId: event.eventId,
    type: 'PICKLIST',
    correlationId: event.correlationId,
    timestamp: Date.parse(event.timestamp),
    body: JSON.stringify({
      ORDERNO: orderId,
      CLIENT: event.tenantId,
      LINES: items.map(({ sku, quantity }, index) => ({
        POS: index + 1,
        ARTNO: sku.toUpperCase(),
        QTY: quantity,
      })),
    }),
  };
}

/**
 * Sent before the effect is recorded: after a crash in between it is sent again with the same id. The other way
 * round a pick list could be lost.
 * @throws what `send` threw: the event comes again
 */
export async function sendPickList(
  service: Service,
  send: (message: LegacyMessage) => Promise<void>,
  event: EnvelopeOf<typeof OrderConfirmed>,
): Promise<void> {
  await send(pickListOf(event));
  await handleOnce(service, 'legacy-outbound', event, async () => ({ outcome: 'sent' }));
}
