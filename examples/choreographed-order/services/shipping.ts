/** Shipping: finds a carrier for goods that are set aside, and calls it off when the payment fails after all. */
import {
  InventoryReserved,
  OrderPlaced,
  PaymentFailed,
  ShipmentArranged,
  ShipmentCancelled,
} from '../../../catalog/commerce/index.ts';
import { ShipmentRefused } from '../events.ts';
import { outcome } from '../participant.ts';
import type { Facts, Outcome, Participant } from '../participant.ts';

export const shipping: Participant = {
  reactsTo: [OrderPlaced, InventoryReserved, PaymentFailed],
  publishes: [ShipmentArranged, ShipmentRefused, ShipmentCancelled],
  decide,
};

/**
 * The last row that holds counts.
 *
 * | heard | then |
 * |---|---|
 * | OrderPlaced and InventoryReserved | ShipmentArranged, or ShipmentRefused |
 * | PaymentFailed besides | ShipmentCancelled |
 */
function decide(facts: Facts): readonly Outcome[] {
  const { OrderPlaced: order, InventoryReserved: goods } = facts;
  if (order === undefined || goods === undefined) return [];
  const { orderId, customerId, shippingCountry: country } = order;
  if (country === 'XX') return outcome(ShipmentRefused, { orderId, customerId, country });

  const shipment = { orderId, customerId, shipmentId: `shp_${orderId}` };
  return facts.PaymentFailed === undefined
    ? outcome(ShipmentArranged, { ...shipment, carrier: 'parcel', country })
    : outcome(ShipmentCancelled, shipment);
}
