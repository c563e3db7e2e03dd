/** What `payments` publishes: the way of an order's money, kept in order per customer, and payments that failed. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import type { DataOf } from '../../lib/contracts/index.ts';
import { example, Id, Money } from './fields.ts';

export const Payments = service('payments', {
  source: 'ecommerce.payments',
  description: 'Reserves, captures and refunds the price of orders at the payment provider.',
});

const UNITS_OF_ONE = 100;

/** What every event of one payment tells. */
const ofPayment = { orderId: Id, customerId: Id, paymentId: Id };
const exampleOfPayment = {
  orderId: example.orderId,
  customerId: example.customerId,
  paymentId: example.paymentId,
};

export const PaymentReserved = event('PaymentReserved', {
  version: '1.0',
  source: Payments.source,
  description: 'The price of an order is set aside on the customer’s means of payment.',
  data: z.object({ ...ofPayment, amount: Money }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 300, averageBytes: 700 },
  examples: [{ ...exampleOfPayment, amount: example.total }],
});

/** As it was published until version 2: a decimal amount, and no word of the provider. */
export const PaymentCapturedV1 = event('PaymentCaptured', {
  version: '1.0',
  source: Payments.source,
  description: 'The price of an order was taken.',
  data: z.object({ ...ofPayment, amount: z.number(), currency: z.string() }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 285, averageBytes: 660 },
  examples: [{ ...exampleOfPayment, amount: 49.9, currency: 'EUR' }],
});

export const PaymentCaptured = event('PaymentCaptured', {
  version: '2.0',
  source: Payments.source,
  description: 'The price of an order was taken.',
  data: z.object({ ...ofPayment, amount: Money, providerReference: z.nullable(z.string()) }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 285, averageBytes: 740 },
  examples: [{ ...exampleOfPayment, amount: example.total, providerReference: 'prv-5b1f77' }],
  upcast: {
    '1': ({ amount, currency, ...ids }: DataOf<typeof PaymentCapturedV1>) => ({
      ...ids,
      amount: { minorUnits: Math.round(amount * UNITS_OF_ONE), currency },
      providerReference: null,
    }),
  },
});

export const PaymentRefunded = event('PaymentRefunded', {
  version: '1.0',
  source: Payments.source,
  description: 'What was set aside, or taken, for an order is given back.',
  data: z.object({ ...ofPayment, amount: Money, was: z.enum(['reserved', 'captured']) }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 20, averageBytes: 720 },
  examples: [{ ...exampleOfPayment, amount: example.total, was: 'reserved' }],
});

export const PaymentFailed = event('PaymentFailed', {
  version: '1.0',
  source: Payments.source,
  description: 'The provider declined a payment, or could not be asked in time.',
  data: z.object({
    orderId: Id,
    customerId: Id,
    amount: Money,
    reason: z.enum(['DECLINED', 'PROVIDER_UNAVAILABLE', 'RESERVATION_LOST']),
  }),
  orderingKey: 'customerId',
  priority: 'high',
  traffic: { peakPerSecond: 15, averageBytes: 680 },
  examples: [
    {
      orderId: example.orderId,
      customerId: example.customerId,
      amount: example.total,
      reason: 'DECLINED',
    },
  ],
});

/** Published on the FIFO topic `PaymentEvents`. */
export const paymentEvents = [PaymentReserved, PaymentCaptured, PaymentRefunded] as const;
