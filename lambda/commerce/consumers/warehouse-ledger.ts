/** Consumer `warehouse-ledger`: each movement of goods and each shipment, as the warehouse keeps its books. */
import type { warehouseEvents } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';

type WarehouseEvent = EnvelopeOf<(typeof warehouseEvents)[number]>;

interface Movement {
  readonly sku: string;
  readonly quantity: number;
}

/** A shipment is a movement of one parcel, told by its id. */
export async function bookMovement(service: Service, event: WarehouseEvent): Promise<void> {
  await handleOnce(service, 'warehouse-ledger', event, async (tx) => {
    const movements = movementsOf(event);
    await tx.query(
      `insert into warehouse_movement (event_id, tenant_id, sku, movement, quantity, moved_at)
       select $1, $2, sku, $3, quantity, $4 from unnest($5::text[], $6::bigint[]) as moved (sku, quantity)`,
      [
        event.eventId,
        event.tenantId,
        event.eventType,
        event.timestamp,
        movements.map(({ sku }) => sku),
        movements.map(({ quantity }) => quantity),
      ],
    );
    return { outcome: 'booked' };
  });
}

function movementsOf(event: WarehouseEvent): readonly Movement[] {
  switch (event.eventType) {
    case 'InventoryReserved':
    case 'InventoryReleased':
      return event.data.items;
    case 'StockReplenished':
      return [event.data];
    case 'LegacyStockCounted':
      return [{ sku: event.data.sku, quantity: event.data.counted }];
    case 'ShipmentArranged':
    case 'ShipmentCancelled':
    default:
      return [{ sku: event.data.shipmentId, quantity: 1 }];
  }
}
