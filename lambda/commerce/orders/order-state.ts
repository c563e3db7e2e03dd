/** An order as the sum of its events: `fold` is the only place that says what an event does to an order. */
import {
  FraudAlertRaised,
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
  StockShortageDetected,
} from '../../../catalog/commerce/index.ts';
import type { Money, OrderItem, PaymentMethod } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';

/** The events that an order consists of, beside those that begin and end it. */
export const orderStreamEvents = [
  OrderPlaced,
  PaymentReserved,
  PaymentFailed,
  OrderScreened,
  FraudAlertRaised,
  InventoryReserved,
  StockShortageDetected,
  ShipmentArranged,
  PaymentCaptured,
  OrderConfirmed,
  ShipmentCancelled,
  InventoryReleased,
  PaymentRefunded,
  OrderShipped,
  OrderCancelled,
] as const;

export type OrderStreamEvent = EnvelopeOf<(typeof orderStreamEvents)[number]>;

export type OrderStatus = 'PLACED' | 'CONFIRMED' | 'SHIPPED' | 'CANCELLED';

export interface OrderState {
  readonly orderId: string;
  readonly tenantId: string;
  readonly customerId: string;
  readonly status: OrderStatus;
  readonly items: readonly OrderItem[];
  readonly total: Money;
  readonly paymentMethod: PaymentMethod;
  readonly shippingCountry: string;
  readonly payment: 'none' | 'reserved' | 'captured' | 'refunded' | 'failed';
  readonly screening: 'none' | 'passed' | 'held';
  readonly stock: 'none' | 'reserved' | 'released' | 'short';
  readonly shipment: 'none' | 'arranged' | 'cancelled' | 'shipped';
  /** Of a cancelled order. */
  readonly reason: string | null;
  readonly placedAt: string;
  readonly endedAt: string | null;
}

/** @throws OrderStreamError when the first event is not OrderPlaced, or comes twice */
export function fold(state: OrderState | undefined, event: OrderStreamEvent): OrderState {
  if (event.eventType === 'OrderPlaced') {
    if (state !== undefined) throw new OrderStreamError(`order ${state.orderId} is placed twice`);
    return placed(event);
  }
  if (state === undefined) throw new OrderStreamError(`the first event of an order is ${event.eventType}`);
  return { ...state, ...changeBy(event) };
}

export class OrderStreamError extends Error {
  readonly code = 'WAYBILL_ORDER_STREAM_INVALID';

  constructor(message: string) {
    super(message);
    this.name = 'OrderStreamError';
  }
}

function placed({ data, tenantId, timestamp }: EnvelopeOf<typeof OrderPlaced>): OrderState {
  return {
    orderId: data.orderId,
    tenantId,
    customerId: data.customerId,
    status: 'PLACED',
    items: data.items,
    total: data.total,
    paymentMethod: data.paymentMethod,
    shippingCountry: data.shippingCountry,
    payment: 'none',
    screening: 'none',
    stock: 'none',
    shipment: 'none',
    reason: null,
    placedAt: timestamp,
    endedAt: null,
  };
}

function changeBy(event: Exclude<OrderStreamEvent, { eventType: 'OrderPlaced' }>): Partial<OrderState> {
  switch (event.eventType) {
    case 'PaymentReserved':
      return { payment: 'reserved' };
    case 'PaymentFailed':
      return { payment: 'failed' };
    case 'PaymentCaptured':
      return { payment: 'captured' };
    case 'PaymentRefunded':
      return { payment: 'refunded' };
    case 'OrderScreened':
      return { screening: event.data.decision };
    case 'FraudAlertRaised':
      return { screening: 'held' };
    case 'InventoryReserved':
      return { stock: 'reserved' };
    case 'InventoryReleased':
      return { stock: 'released' };
    case 'StockShortageDetected':
      return { stock: 'short' };
    case 'ShipmentArranged':
      return { shipment: 'arranged' };
    case 'ShipmentCancelled':
      return { shipment: 'cancelled' };
    case 'OrderConfirmed':
      return { status: 'CONFIRMED' };
    case 'OrderShipped':
      return { status: 'SHIPPED', shipment: 'shipped', endedAt: event.timestamp };
    case 'OrderCancelled':
    default:
      return { status: 'CANCELLED', reason: event.data.reason, endedAt: event.timestamp };
  }
}
