import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { ContractError, event, service } from '../../../lib/contracts/index.ts';
import type { DataOf, EventContract } from '../../../lib/contracts/index.ts';

const data = z.object({ orderId: z.string(), customer: z.object({ id: z.string(), email: z.string() }) });

describe('event()', () => {
  test('fills what the declaration leaves out', () => {
    const OrderPlaced = event('OrderPlaced', { version: '1.0', source: 'ecommerce.orders', data });

    expect(OrderPlaced).toMatchObject({
      orderingKey: undefined,
      pii: [],
      examples: [],
      priority: 'normal',
      traffic: { peakPerSecond: 1, averageBytes: 1024 },
    });
  });

  test('reports every mistake of a declaration in one error with a stable code', () => {
    const declare = (): unknown =>
      event('order placed', {
        version: '1' as '1.0',
        source: 'aws.orders',
        data,
        orderingKey: 'customer.email',
        pii: ['customer.email'],
        traffic: { peakPerSecond: 0, averageBytes: 10 },
      });

    expect(declare).toThrow(ContractError);
    try {
      declare();
    } catch (error) {
      const { code, message } = error as ContractError;
      expect(code).toBe('WAYBILL_CONTRACT_INVALID');
      for (const part of [
        "event 'order placed'",
        'PascalCase',
        "received '1'",
        "'aws.'",
        'above zero',
        'never encrypted',
      ]) {
        expect(message).toContain(part);
      }
    }
  });

  test('refuses an upcaster from its own major version', () => {
    expect(() =>
      event('OrderPlaced', {
        version: '2.1',
        source: 'orders',
        data,
        upcast: { '2': (older: never) => older },
      }),
    ).toThrow(/older major version/);
  });

  test('types: paths, data and names are checked by the compiler', () => {
    const OrderPlaced: EventContract<'OrderPlaced', z.infer<typeof data>> = event('OrderPlaced', {
      version: '1.0',
      source: 'orders',
      data,
      orderingKey: 'customer.id',
    });
    event('OrderPlaced', {
      version: '1.0',
      source: 'orders',
      data,
      // @ts-expect-error a path that leads nowhere does not compile
      orderingKey: 'customer.nothing',
    });
    const placed: DataOf<typeof OrderPlaced> = {
      orderId: 'o1',
      customer: { id: 'c1', email: 'a@example.com' },
    };
    // @ts-expect-error the data is typed
    placed.unknownField = 1;

    expect(OrderPlaced.orderingKey).toBe('customer.id');
  });
});

describe('service()', () => {
  test('takes its name as source unless told otherwise', () => {
    expect(service('core-api').source).toBe('core-api');
    expect(service('orders', { source: 'ecommerce.orders' }).source).toBe('ecommerce.orders');
  });

  test('refuses a name that cannot be part of a resource name', () => {
    expect(() => service('Core API')).toThrow(/lower case letters/);
  });
});
