/** Inventory: sets goods aside for an order that passed screening, and gives them back when it is not sent. */
import {
  InventoryReleased,
  InventoryReserved,
  OrderPlaced,
  OrderScreened,
  ShipmentCancelled,
  StockShortageDetected,
} from '../../../catalog/commerce/index.ts';
import { ShipmentRefused } from '../events.ts';
import { outcome } from '../participant.ts';
import type { Facts, Outcome, Participant } from '../participant.ts';

export const inventory: Participant = {
  reactsTo: [OrderPlaced, OrderScreened, ShipmentRefused, ShipmentCancelled],
  publishes: [InventoryReserved, StockShortageDetected, InventoryReleased],
  decide,
};

/**
 * The last row that holds counts.
 *
 * | heard | then |
 * |---|---|
 * | OrderPlaced and OrderScreened `passed` | InventoryReserved, or StockShortageDetected |
 * | ShipmentRefused or ShipmentCancelled | InventoryReleased |
 */
function decide(facts: Facts): readonly Outcome[] {
  const { OrderPlaced: order, OrderScreened: screened } = facts;
  if (order === undefined || screened?.decision !== 'passed') return [];
  const { orderId, customerId } = order;
  const items = order.items.map(({ sku, quantity }) => ({ sku, quantity }));

  const missing = items.find(({ sku }) => sku === 'out-of-stock');
  if (missing !== undefined) {
    const { sku, quantity } = missing;
    return outcome(StockShortageDetected, { sku, orderId, requested: quantity, available: 0 });
  }
  const reservation = { orderId, customerId, reservationId: `rsv_${orderId}`, items };
  return facts.ShipmentRefused === undefined && facts.ShipmentCancelled === undefined
    ? outcome(InventoryReserved, reservation)
    : outcome(InventoryReleased, reservation);
}
