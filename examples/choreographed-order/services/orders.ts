/**
 * Orders: tells how an order ended. To say why one was cancelled it has to hear every way in which one can fail:
 * what a state machine gets from its definition, this service has to know of all the others.
 */
import {
  OrderCancelled,
  OrderConfirmed,
  OrderPlaced,
  OrderScreened,
  OrderShipped,
  PaymentCaptured,
  PaymentFailed,
  PaymentRefunded,
  ShipmentArranged,
  StockShortageDetected,
} from '../../../catalog/commerce/index.ts';
import type { CancellationReason } from '../../../catalog/commerce/index.ts';
import { ShipmentRefused } from '../events.ts';
import { outcome } from '../participant.ts';
import type { Facts, Outcome, Participant } from '../participant.ts';

export const orders: Participant = {
  reactsTo: [
    OrderPlaced,
    ShipmentArranged,
    PaymentCaptured,
    PaymentFailed,
    OrderScreened,
    StockShortageDetected,
    ShipmentRefused,
    PaymentRefunded,
  ],
  publishes: [OrderConfirmed, OrderShipped, OrderCancelled],
  decide,
};

/**
 * | heard | then |
 * |---|---|
 * | PaymentCaptured and ShipmentArranged | OrderConfirmed, OrderShipped |
 * | PaymentFailed `DECLINED`: nothing had been done | OrderCancelled |
 * | what went wrong, and PaymentRefunded, the last of what is undone | OrderCancelled |
 */
function decide(facts: Facts): readonly Outcome[] {
  const { OrderPlaced: order, PaymentCaptured: paid, ShipmentArranged: shipment } = facts;
  if (order === undefined) return [];
  const { orderId, customerId, items, total } = order;
  if (paid !== undefined && shipment !== undefined) {
    return [
      ...outcome(OrderConfirmed, { orderId, customerId, items, total, paymentId: paid.paymentId }),
      ...outcome(OrderShipped, { orderId, customerId, shipmentId: shipment.shipmentId }),
    ];
  }
  const reason = reasonIn(facts);
  const undone = facts.PaymentRefunded !== undefined || facts.PaymentFailed?.reason === 'DECLINED';
  return reason === undefined || !undone ? [] : outcome(OrderCancelled, { orderId, customerId, reason });
}

function reasonIn(facts: Facts): CancellationReason | undefined {
  if (facts.PaymentFailed !== undefined) return 'PAYMENT_DECLINED';
  if (facts.OrderScreened?.decision === 'held') return 'FRAUD_SUSPECTED';
  if (facts.StockShortageDetected !== undefined) return 'STOCK_SHORTAGE';
  return facts.ShipmentRefused === undefined ? undefined : 'SHIPPING_REFUSED';
}
