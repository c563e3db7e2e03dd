import { describe, expect, test } from '@jest/globals';
import {
  activities,
  planCustomers,
  planOrders,
  planStockCounts,
} from '../../../../local/workload/commerce/plan.ts';

const countBy = (values: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...Map.groupBy(values, (value) => value)].map(([value, { length }]) => [value, length]),
  );

describe('orders', () => {
  test('fail in exactly the shares of the mix', () => {
    const orders = planOrders({ seed: 1, orders: 1000, customers: 50 });

    expect(countBy(orders.map(({ fate }) => fate))).toEqual({
      fulfilled: 900,
      'payment-declined': 50,
      'fraud-suspected': 20,
      'stock-shortage': 30,
    });
  });

  test('have each kind of failure also in a short run', () => {
    const orders = planOrders({ seed: 1, orders: 12, customers: 5 });

    expect(new Set(orders.map(({ fate }) => fate)).size).toBe(4);
  });

  test('are the same from the same seed, and others from another one', () => {
    const plan = (seed: number) => planOrders({ seed, orders: 100, customers: 50 });

    expect(plan(7)).toEqual(plan(7));
    expect(plan(8)).not.toEqual(plan(7));
  });

  test('say to the services what is to become of them', () => {
    const orders = planOrders({
      seed: 3,
      orders: 200,
      customers: 50,
      mix: {
        'payment-declined': 0.1,
        'fraud-suspected': 0.1,
        'stock-shortage': 0.1,
        'shipping-refused': 0.1,
      },
    });

    for (const { fate, paymentMethod, shippingCountry, items } of orders) {
      expect({
        declined: paymentMethod === 'card-declined',
        stolen: paymentMethod === 'card-stolen',
        short: items.some(({ sku }) => sku === 'out-of-stock'),
        refused: shippingCountry === 'XX',
      }).toEqual({
        declined: fate === 'payment-declined',
        stolen: fate === 'fraud-suspected',
        short: fate === 'stock-shortage',
        refused: fate === 'shipping-refused',
      });
    }
  });
});

test('customers are spread over the tenants', () => {
  const customers = planCustomers({ seed: 1, customers: 50, tenants: 5 });

  expect(Object.values(countBy(customers.map(({ tenantId }) => tenantId)))).toEqual([10, 10, 10, 10, 10]);
});

test('a session looks before it buys', () => {
  const source = activities({ seed: 1, customers: 5 });
  const seen = Array.from({ length: 200 }, () => source.next().value);

  for (const [, visit] of Map.groupBy(seen, ({ sessionId }) => sessionId)) {
    expect(visit[0]?.kind).toBe('ProductViewed');
  }
  expect(new Set(seen.map(({ kind }) => kind)).size).toBe(3);
});

test('the old system tells some counts twice, under one id', () => {
  const { counts, messages } = planStockCounts({ seed: 1, counts: 10 });

  expect(messages.length).toBeGreaterThan(counts.length);
  expect(new Set(messages.map(({ countId }) => countId)).size).toBe(10);
});
