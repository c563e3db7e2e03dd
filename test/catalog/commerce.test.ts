import { describe, expect, test } from '@jest/globals';
import {
  agentsEvents,
  commerceCommands,
  commerceEvents,
  coreEvents,
  events,
  generationEvents,
  jobsEvents,
  OrderPlaced,
  OrderPlacedV1,
  orderSagaSteps,
  PaymentCaptured,
  PaymentCapturedV1,
} from '../../catalog/index.ts';
import { createEnvelope, decode } from '../../lib/contracts/index.ts';

const names = (contracts: readonly { readonly name: string }[]): readonly string[] =>
  contracts.map(({ name }) => name);

describe('the commerce catalogue', () => {
  test('has at least 20 event types beside its commands, apart from those of the core system', () => {
    expect(commerceEvents.length).toBeGreaterThanOrEqual(20);
    expect(names(events)).toEqual([
      ...names(coreEvents),
      ...names(commerceEvents),
      ...names(commerceCommands),
      ...names(jobsEvents),
      ...names(generationEvents),
      ...names(agentsEvents),
    ]);
  });

  test('declares 10,000 messages a second at the peak', () => {
    const all = [...commerceEvents, ...commerceCommands];

    expect(all.reduce((sum, { traffic }) => sum + traffic.peakPerSecond, 0)).toBe(10_000);
  });

  test('each step of the saga is one of its commands', () => {
    expect(new Set(names(Object.values(orderSagaSteps)))).toEqual(new Set(names(commerceCommands)));
  });

  test('what leaves by the priority queue says so, and nothing else does', () => {
    const high = commerceEvents.filter(({ priority }) => priority === 'high');

    expect(names(high)).toEqual(['PaymentFailed', 'FraudAlertRaised', 'SystemErrorRaised']);
  });
});

describe('events of version 1', () => {
  test('OrderPlaced: decimals become exact amounts, what was not told is said to be unknown', async () => {
    const old = createEnvelope(OrderPlacedV1, { tenantId: 't', data: OrderPlacedV1.examples[0]! });

    const { data } = await decode([OrderPlaced], old);

    expect(data).toEqual({
      orderId: old.data.orderId,
      customerId: old.data.customerId,
      items: [{ sku: 'mug-blue', quantity: 2, unitPrice: null }],
      total: { minorUnits: 2990, currency: 'EUR' },
      paymentMethod: 'card',
      shippingCountry: 'ZZ',
    });
  });

  test('PaymentCaptured: an amount that is no exact binary fraction is not rounded down', async () => {
    const data = { ...PaymentCapturedV1.examples[0]!, amount: 1.15 };
    const old = createEnvelope(PaymentCapturedV1, { tenantId: 't', data });

    const read = await decode([PaymentCaptured], old);

    expect(read.data.amount).toEqual({ minorUnits: 115, currency: 'EUR' });
    expect(read.data.providerReference).toBeNull();
  });
});
