/** What `orders` publishes, kept in order per customer: a customer's events arrive in the order they happened. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import type { DataOf } from '../../lib/contracts/index.ts';
import {
  CancellationReason,
  CountryCode,
  example,
  exampleItems,
  Id,
  Money,
  OrderItem,
  PaymentMethod,
  Quantity,
  Sku,
} from './fields.ts';

export const Orders = service('orders', {
  source: 'ecommerce.orders',
  description: 'Takes orders and tells what became of them.',
});

const UNITS_OF_ONE = 100;

/**
 * As it was published until version 2. Its amounts are decimals, which sums of many orders round, and it
 * tells neither price per item nor how it is paid. Kept because archives and queues hold such events.
 */
export const OrderPlacedV1 = event('OrderPlaced', {
  version: '1.0',
  source: Orders.source,
  description: 'A customer placed an order; nothing is reserved yet.',
  data: z.object({
    orderId: Id,
    customerId: Id,
    items: z.array(z.object({ sku: Sku, quantity: Quantity })),
    totalAmount: z.number(),
    currency: z.string(),
  }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 300, averageBytes: 850 },
  examples: [
    {
      orderId: example.orderId,
      customerId: example.customerId,
      items: [{ sku: 'mug-blue', quantity: 2 }],
      totalAmount: 29.9,
      currency: 'EUR',
    },
  ],
});

export const OrderPlaced = event('OrderPlaced', {
  version: '2.0',
  source: Orders.source,
  description: 'A customer placed an order; nothing is reserved yet.',
  data: z.object({
    orderId: Id,
    customerId: Id,
    items: z.array(OrderItem),
    total: Money,
    paymentMethod: PaymentMethod,
    shippingCountry: CountryCode,
  }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 300, averageBytes: 950 },
  examples: [
    {
      orderId: example.orderId,
      customerId: example.customerId,
      items: exampleItems,
      total: example.total,
      paymentMethod: 'card',
      shippingCountry: 'DE',
    },
  ],
  upcast: {
    '1': ({ items, totalAmount, currency, ...ids }: DataOf<typeof OrderPlacedV1>) => ({
      ...ids,
      items: items.map((item) => ({ ...item, unitPrice: null })),
      total: { minorUnits: Math.round(totalAmount * UNITS_OF_ONE), currency },
      // All that was taken then.
      paymentMethod: 'card' as const,
      shippingCountry: 'ZZ',
    }),
  },
});

export const OrderConfirmed = event('OrderConfirmed', {
  version: '1.0',
  source: Orders.source,
  description: 'An order is paid and will be carried out: nothing undoes it any more.',
  data: z.object({ orderId: Id, customerId: Id, items: z.array(OrderItem), total: Money, paymentId: Id }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 285, averageBytes: 900 },
  examples: [
    {
      orderId: example.orderId,
      customerId: example.customerId,
      items: exampleItems,
      total: example.total,
      paymentId: example.paymentId,
    },
  ],
});

export const OrderShipped = event('OrderShipped', {
  version: '1.0',
  source: Orders.source,
  description: 'A paid order was handed to the carrier.',
  data: z.object({ orderId: Id, customerId: Id, shipmentId: Id }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 270, averageBytes: 620 },
  examples: [{ orderId: example.orderId, customerId: example.customerId, shipmentId: example.shipmentId }],
});

export const OrderCancelled = event('OrderCancelled', {
  version: '1.0',
  source: Orders.source,
  description: 'An order will not be carried out, and what was reserved for it is given back.',
  data: z.object({ orderId: Id, customerId: Id, reason: CancellationReason }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 30, averageBytes: 620 },
  examples: [{ orderId: example.orderId, customerId: example.customerId, reason: 'PAYMENT_DECLINED' }],
});

/** Published on the FIFO topic `OrderEvents`. */
export const orderEvents = [OrderPlaced, OrderConfirmed, OrderShipped, OrderCancelled] as const;
