/**
 * Consumer `storefront-availability`: whether a product can be bought, as the shop's pages show it. The bus keeps no
 * order, so movements are sums, and of what replaces the latest wins.
 */
import type { availabilityEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

type AvailabilityEvent = EnvelopeOf<(typeof availabilityEvents)[number]>;

export async function updateAvailability(service: Service, event: AvailabilityEvent): Promise<void> {
  await handleOnce(service, 'storefront-availability', event, async (tx) => {
    const { tenantId, timestamp } = event;
    switch (event.eventType) {
      case 'InventoryReserved':
        await move(tx, tenantId, event.data.items, -1);
        return { outcome: 'fewer' };
      case 'InventoryReleased':
        await move(tx, tenantId, event.data.items, 1);
        return { outcome: 'more' };
      case 'StockReplenished':
        await move(tx, tenantId, [event.data], 1);
        await setShort(tx, tenantId, event.data.sku, false, timestamp);
        return { outcome: 'more' };
      case 'StockShortageDetected':
        await setShort(tx, tenantId, event.data.sku, true, timestamp);
        return { outcome: 'short' };
      case 'LegacyStockCounted':
      default:
        await setCounted(tx, tenantId, event.data);
        return { outcome: 'counted' };
    }
  });
}

async function move(
  tx: Transaction,
  tenantId: string,
  items: readonly { readonly sku: string; readonly quantity: number }[],
  direction: 1 | -1,
): Promise<void> {
  // In one order for all, so that two of them can't wait for each other.
  const sorted = items.toSorted((left, right) => (left.sku < right.sku ? -1 : 1));
  for (const { sku, quantity } of sorted) {
    await tx.query(
      `insert into availability (tenant_id, sku, moved) values ($1, $2, $3)
       on conflict (tenant_id, sku) do update set moved = availability.moved + excluded.moved`,
      [tenantId, sku, direction * quantity],
    );
  }
}

async function setShort(
  tx: Transaction,
  tenantId: string,
  sku: string,
  short: boolean,
  at: string,
): Promise<void> {
  await tx.query(
    `insert into availability (tenant_id, sku, short, short_changed_at) values ($1, $2, $3, $4)
     on conflict (tenant_id, sku) do update set short = excluded.short, short_changed_at = excluded.short_changed_at
      where availability.short_changed_at is null or availability.short_changed_at < excluded.short_changed_at`,
    [tenantId, sku, short, at],
  );
}

async function setCounted(
  tx: Transaction,
  tenantId: string,
  { sku, counted, countedAt }: { readonly sku: string; readonly counted: number; readonly countedAt: string },
): Promise<void> {
  await tx.query(
    `insert into availability (tenant_id, sku, counted, counted_at) values ($1, $2, $3, $4)
     on conflict (tenant_id, sku) do update set counted = excluded.counted, counted_at = excluded.counted_at
      where availability.counted_at is null or availability.counted_at < excluded.counted_at`,
    [tenantId, sku, counted, countedAt],
  );
}
