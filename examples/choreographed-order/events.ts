/** The events of an order's way: those of the commerce catalogue, and one that a state machine does not need. */
import { event } from 'waybill/contracts';
import * as z from 'zod/mini';
import {
  CommerceId,
  CountryCode,
  InventoryReleased,
  InventoryReserved,
  OrderCancelled,
  OrderConfirmed,
  OrderPlaced,
  OrderScreened,
  OrderShipped,
  PaymentCaptured,
  PaymentFailed,
  PaymentRefunded,
  PaymentReserved,
  ShipmentArranged,
  ShipmentCancelled,
  Shipping,
  StockShortageDetected,
} from '../../catalog/commerce/index.ts';

/** The state machine gets a refusal as the answer of a step. Without one, others have to be told by an event. */
export const ShipmentRefused = event('ShipmentRefused', {
  version: '1.0',
  source: Shipping.source,
  description: 'No carrier takes the order where it should go.',
  data: z.object({ orderId: CommerceId, customerId: CommerceId, country: CountryCode }),
  orderingKey: 'orderId',
  traffic: { peakPerSecond: 5, averageBytes: 600 },
  examples: [{ orderId: 'ord_01jd2mq7', customerId: 'cus_7f1c20', country: 'XX' }],
});

export const orderFlowEvents = [
  OrderPlaced,
  PaymentReserved,
  PaymentFailed,
  OrderScreened,
  InventoryReserved,
  StockShortageDetected,
  ShipmentArranged,
  ShipmentRefused,
  PaymentCaptured,
  ShipmentCancelled,
  InventoryReleased,
  PaymentRefunded,
  OrderConfirmed,
  OrderShipped,
  OrderCancelled,
] as const;
