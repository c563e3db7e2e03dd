/** What `fraud` publishes: the result of each screening, and an alert where an order must be stopped at once. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { example, Id, Money } from './fields.ts';

export const Fraud = service('fraud', {
  source: 'ecommerce.fraud',
  description: 'Screens orders before goods are set aside.',
});

const HIGHEST_SCORE = 100;
/** 0 is harmless, 100 is certain fraud. */
const RiskScore = z.number().check(z.int(), z.minimum(0), z.maximum(HIGHEST_SCORE));

export const OrderScreened = event('OrderScreened', {
  version: '1.0',
  source: Fraud.source,
  description: 'An order was screened for fraud.',
  data: z.object({ orderId: Id, customerId: Id, riskScore: RiskScore, decision: z.enum(['passed', 'held']) }),
  orderingKey: 'customerId',
  traffic: { peakPerSecond: 300, averageBytes: 640 },
  examples: [{ orderId: example.orderId, customerId: example.customerId, riskScore: 4, decision: 'passed' }],
});

export const FraudAlertRaised = event('FraudAlertRaised', {
  version: '1.0',
  source: Fraud.source,
  description: 'An order is almost certainly fraud: hold everything of this customer.',
  data: z.object({
    orderId: Id,
    customerId: Id,
    amount: Money,
    riskScore: RiskScore,
    signal: z.enum(['STOLEN_CARD', 'UNUSUAL_AMOUNT']),
  }),
  orderingKey: 'customerId',
  priority: 'high',
  traffic: { peakPerSecond: 10, averageBytes: 720 },
  examples: [
    {
      orderId: example.orderId,
      customerId: example.customerId,
      amount: example.total,
      riskScore: 98,
      signal: 'STOLEN_CARD',
    },
  ],
});

/** Published on the bus; alerts go straight to the priority queue. */
export const fraudEvents = [OrderScreened] as const;
