/** Consumer `replenishment`: asks the supplier for what ran short, and books what the supplier delivers. */
import { StockReplenished } from '../../../catalog/commerce/index.ts';
import type { StockShortageDetected } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { derivedId } from '../derived-id.ts';
import { handleOnce } from '../handle-once.ts';
import { NEVER_IN_STOCK, receive } from '../inventory/stock.ts';

/** What the supplier sends at a time. */
const LOT = 500;

export async function replenish(
  service: Service,
  event: EnvelopeOf<typeof StockShortageDetected>,
): Promise<void> {
  const { tenantId } = event;
  const { sku } = event.data;
  // Simulated: whatever the supplier has arrives at once.
  const delivered = sku === NEVER_IN_STOCK ? 0 : LOT;
  await handleOnce(service, 'replenishment', event, async (tx, emit) => {
    await tx.query(
      `insert into replenishment (tenant_id, sku, delivered) values ($1, $2, $3)
       on conflict (tenant_id, sku) do update
         set requests = replenishment.requests + 1, delivered = replenishment.delivered + excluded.delivered`,
      [tenantId, sku, delivered],
    );
    if (delivered === 0) return { outcome: 'requested' };
    await receive(tx, tenantId, sku, delivered);
    const replenishmentId = derivedId('rpl', event.eventId);
    emit(StockReplenished, {
      tenantId,
      causedBy: event,
      data: { sku, quantity: delivered, replenishmentId },
    });
    return { outcome: 'delivered' };
  });
}
