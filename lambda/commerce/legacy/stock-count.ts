/** Consumer `legacy-inbound`: what the old warehouse system counted becomes an event of ours. */
import * as z from 'zod/mini';
import { LegacyStockCounted } from '../../../catalog/commerce/index.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { deterministicEventId } from '../../runtime/amqp/deterministic-event-id.ts';
import { PermanentError } from '../../runtime/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

/** As it writes: article numbers in capitals, and one client for each tenant. */
const StockCountMessage = z.object({
  COUNTNO: z.string().check(z.minLength(1)),
  CLIENT: z.string().check(z.minLength(1)),
  ARTNO: z.string().check(z.minLength(1)),
  QTY: z.number().check(z.int(), z.minimum(0)),
  COUNTED: z.string(),
});

const SYSTEM = 'legacy-warehouse';

/**
 * The event that a message means. Its id follows from the count's own number, so that a count that comes again is
 * the same event, whatever message brings it.
 * @throws PermanentError STOCK_COUNT_UNREADABLE, ContractError
 */
export function stockCountFrom(body: string): EnvelopeOf<typeof LegacyStockCounted> {
  const parsed = StockCountMessage.safeParse(jsonOf(body));
  const countedAt = parsed.success ? Date.parse(parsed.data.COUNTED) : Number.NaN;
  if (!parsed.success || Number.isNaN(countedAt)) throw new PermanentError('STOCK_COUNT_UNREADABLE');
  const { COUNTNO, CLIENT, ARTNO, QTY } = parsed.data;
  return createEnvelope(LegacyStockCounted, {
    tenantId: CLIENT,
    eventId: deterministicEventId(SYSTEM, `${CLIENT}/${COUNTNO}/${ARTNO}`, countedAt),
    timestamp: new Date(countedAt),
    data: {
      sku: ARTNO.toLowerCase(),
      counted: QTY,
      countId: COUNTNO,
      countedAt: new Date(countedAt).toISOString(),
    },
  });
}

/** The count's event goes on as it is, through the outbox, and once. */
export async function recordStockCount(
  service: Service,
  event: EnvelopeOf<typeof LegacyStockCounted>,
): Promise<void> {
  const { sku, counted, countId, countedAt } = event.data;
  await handleOnce(service, 'legacy-inbound', event, async (tx) => {
    await tx.query(
      `insert into legacy_stock_count (tenant_id, sku, counted, count_id, counted_at) values ($1, $2, $3, $4, $5)
       on conflict (tenant_id, sku) do update
         set counted = excluded.counted, count_id = excluded.count_id, counted_at = excluded.counted_at
       where legacy_stock_count.counted_at < excluded.counted_at`,
      [event.tenantId, sku, counted, countId, countedAt],
    );
    await service.enqueue(tx, [event]);
    return { outcome: 'counted' };
  });
  await service.nudge();
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
