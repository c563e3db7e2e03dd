import { expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { createEnvelope, decode, event } from '../../../lib/contracts/index.ts';
import type { ContractError, DataOf, Envelope, StandardSchema } from '../../../lib/contracts/index.ts';

const OrderPlacedV1 = event('OrderPlaced', {
  version: '1.0',
  source: 'orders',
  data: z.object({ order: z.string() }),
});
const OrderPlaced = event('OrderPlaced', {
  version: '2.0',
  source: 'orders',
  data: z.object({ orderId: z.string() }),
  upcast: { '1': (older: DataOf<typeof OrderPlacedV1>) => ({ orderId: older.order.toUpperCase() }) },
});
const OrderCancelled = event('OrderCancelled', { version: '1.0', source: 'orders', data: z.object({}) });

const v1 = createEnvelope(OrderPlacedV1, { tenantId: 'acme', data: { order: 'o1' } });

async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return (error as ContractError).code;
  }
  throw new Error('expected an error');
}

test('an older major version is upcast, then validated', async () => {
  const decoded = await decode([OrderPlaced, OrderCancelled], v1);

  expect(decoded.data).toEqual({ orderId: 'O1' });
  expect(decoded.eventVersion).toBe('1.0');
});

test('another minor version of the same major is read as it is', async () => {
  const newer: Envelope = { ...v1, eventVersion: '1.7', data: { order: 'o1', added: true } };

  expect((await decode([OrderPlacedV1], newer)).data).toMatchObject({ order: 'o1' });
});

test.each<[string, Envelope, string]>([
  ['an event type nobody declared', { ...v1, eventType: 'Unknown' }, 'WAYBILL_EVENT_TYPE_UNKNOWN'],
  ['a major version without upcaster', { ...v1, eventVersion: '3.0' }, 'WAYBILL_EVENT_VERSION_UNSUPPORTED'],
  ['data the upcaster cannot read', { ...v1, data: null }, 'WAYBILL_UPCAST_FAILED'],
  [
    'data that fails the schema',
    { ...v1, eventVersion: '2.0', data: { orderId: 1 } },
    'WAYBILL_EVENT_DATA_INVALID',
  ],
])('refuses %s with its own code', async (_name, envelope, code) => {
  expect(await codeOf(() => decode([OrderPlaced], envelope))).toBe(code);
});

test('a schema that answers later is awaited', async () => {
  const schema: StandardSchema<{ a: string }> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: async (value) => ({ value: value as { a: string } }),
    },
  };
  const Slow = event('Slow', { version: '1.0', source: 'orders', data: schema });
  const envelope: Envelope = { ...v1, eventType: 'Slow', data: { a: 'b' } };

  expect((await decode([Slow], envelope)).data).toEqual({ a: 'b' });
});
