import { expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { createEnvelope, decode, event, parseEnvelope } from '../../../lib/contracts/index.ts';
import type { DataOf } from '../../../lib/contracts/index.ts';

const OrderPlacedV1 = event('OrderPlaced', {
  version: '1.0',
  source: 'ecommerce.orders',
  data: z.object({ orderId: z.string() }),
});
const OrderPlaced = event('OrderPlaced', {
  version: '2.0',
  source: 'ecommerce.orders',
  data: z.object({ id: z.string(), customer: z.object({ email: z.string() }), n: z.optional(z.number()) }),
  orderingKey: 'id',
  pii: ['customer.email'],
  upcast: { '1': (older: DataOf<typeof OrderPlacedV1>) => ({ id: older.orderId, customer: { email: '' } }) },
});

test('typed', async () => {
  const envelope = createEnvelope(OrderPlaced, {
    tenantId: 't',
    data: { id: 'x', customer: { email: 'a' } },
  });
  const decoded = await decode([OrderPlaced], parseEnvelope(JSON.stringify(envelope)));
  const email: string = decoded.data.customer.email;
  expect(email).toBe('a');
});
