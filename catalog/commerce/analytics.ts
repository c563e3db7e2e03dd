/** What `analytics` publishes on the streams: what visitors do, and how each order ended. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { CancellationReason, example, Id, Money, Quantity, Sku } from './fields.ts';

export const Analytics = service('analytics', {
  source: 'ecommerce.analytics',
  description: 'What visitors of the shop do.',
});

const SESSION = 'ses_5c0e91';

export const ProductViewed = event('ProductViewed', {
  version: '1.0',
  source: Analytics.source,
  description: 'A visitor looked at a product.',
  data: z.object({ sessionId: Id, customerId: z.nullable(Id), sku: Sku }),
  orderingKey: 'sessionId',
  traffic: { peakPerSecond: 2650, averageBytes: 600 },
  examples: [{ sessionId: SESSION, customerId: null, sku: 'mug-blue' }],
});

export const CartUpdated = event('CartUpdated', {
  version: '1.0',
  source: Analytics.source,
  description: 'A visitor put something into the cart, or took it out.',
  data: z.object({
    sessionId: Id,
    customerId: z.nullable(Id),
    sku: Sku,
    change: z.enum(['added', 'removed']),
    quantity: Quantity,
  }),
  orderingKey: 'sessionId',
  traffic: { peakPerSecond: 1500, averageBytes: 640 },
  examples: [{ sessionId: SESSION, customerId: null, sku: 'mug-blue', change: 'added', quantity: 2 }],
});

export const CheckoutStarted = event('CheckoutStarted', {
  version: '1.0',
  source: Analytics.source,
  description: 'A visitor went to the checkout.',
  data: z.object({ sessionId: Id, customerId: z.nullable(Id), total: Money }),
  orderingKey: 'sessionId',
  traffic: { peakPerSecond: 600, averageBytes: 640 },
  examples: [{ sessionId: SESSION, customerId: example.customerId, total: example.total }],
});

export const OrderOutcomeRecorded = event('OrderOutcomeRecorded', {
  version: '1.0',
  source: Analytics.source,
  description: 'An order ended, once and for all: the ledger and every count agree on it.',
  data: z.object({
    orderId: Id,
    customerId: Id,
    outcome: z.enum(['FULFILLED', 'CANCELLED']),
    /** Of a cancelled order. */
    reason: z.nullable(CancellationReason),
    total: Money,
  }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 300, averageBytes: 700 },
  examples: [
    {
      orderId: example.orderId,
      customerId: example.customerId,
      outcome: 'FULFILLED',
      reason: null,
      total: example.total,
    },
  ],
});

/** Published on the Kinesis stream `ActivityStream` and on the Kafka topic `commerce-analytics`. */
export const analyticsEvents = [ProductViewed, CartUpdated, CheckoutStarted, OrderOutcomeRecorded] as const;
