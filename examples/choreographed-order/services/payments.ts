/** Payments: reserves when an order is placed, captures when it can be sent, gives back when something went wrong. */
import {
  InventoryReleased,
  OrderPlaced,
  OrderScreened,
  PaymentCaptured,
  PaymentFailed,
  PaymentRefunded,
  PaymentReserved,
  ShipmentArranged,
  StockShortageDetected,
} from '../../../catalog/commerce/index.ts';
import { outcome } from '../participant.ts';
import type { Facts, Outcome, Participant } from '../participant.ts';

export const payments: Participant = {
  reactsTo: [OrderPlaced, ShipmentArranged, OrderScreened, StockShortageDetected, InventoryReleased],
  publishes: [PaymentReserved, PaymentFailed, PaymentCaptured, PaymentRefunded],
  decide,
};

/**
 * The last row that holds counts.
 *
 * | heard | then |
 * |---|---|
 * | OrderPlaced | PaymentReserved, or PaymentFailed `DECLINED` |
 * | ShipmentArranged | PaymentCaptured, or PaymentFailed `RESERVATION_LOST` |
 * | OrderScreened `held`, StockShortageDetected or InventoryReleased | PaymentRefunded |
 */
function decide(facts: Facts): readonly Outcome[] {
  const { OrderPlaced: order, PaymentReserved: reserved } = facts;
  if (order === undefined) return [];
  const { orderId, customerId, total: amount } = order;
  const payment = { orderId, customerId, paymentId: `pay_${orderId}`, amount };

  const stopped =
    facts.OrderScreened?.decision === 'held' ||
    facts.StockShortageDetected !== undefined ||
    facts.InventoryReleased !== undefined;
  if (stopped) return outcome(PaymentRefunded, { ...payment, was: 'reserved' });

  if (facts.ShipmentArranged !== undefined) {
    return reserved === undefined
      ? outcome(PaymentFailed, { orderId, customerId, amount, reason: 'RESERVATION_LOST' })
      : outcome(PaymentCaptured, { ...payment, providerReference: null });
  }
  return order.paymentMethod === 'card-declined'
    ? outcome(PaymentFailed, { orderId, customerId, amount, reason: 'DECLINED' })
    : outcome(PaymentReserved, payment);
}
