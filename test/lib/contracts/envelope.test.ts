import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import {
  createEnvelope,
  event,
  isUuid,
  MAX_HOP_COUNT,
  orderingKeyOf,
  parseEnvelope,
  uuidv7,
} from '../../../lib/contracts/index.ts';
import type { ContractError, Envelope } from '../../../lib/contracts/index.ts';

const OrderPlaced = event('OrderPlaced', {
  version: '1.2',
  source: 'orders',
  data: z.object({ orderId: z.string(), customerId: z.string(), note: z.optional(z.string()) }),
  orderingKey: 'customerId',
});
const order = { orderId: 'o1', customerId: 'c1' };

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as ContractError).code;
  }
  throw new Error('expected an error');
}

describe('createEnvelope', () => {
  test('a first event starts its own chain', () => {
    const envelope = createEnvelope(OrderPlaced, { tenantId: 'acme', data: order });

    expect(isUuid(envelope.eventId)).toBe(true);
    expect(envelope).toMatchObject({
      eventType: 'OrderPlaced',
      eventVersion: '1.2',
      source: 'orders',
      correlationId: envelope.eventId,
      causationId: null,
      metadata: { hopCount: 0 },
    });
  });

  test('an event caused by another keeps correlation, trace, replay mark and counts the hop', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const first = createEnvelope(OrderPlaced, { tenantId: 'acme', data: order, traceparent });
    const replay = { kind: 'replay', of: 'nightly', at: '2026-01-01T00:00:00.000Z' } as const;
    const cause: Envelope = { ...first, metadata: { ...first.metadata, replay } };

    const second = createEnvelope(OrderPlaced, { tenantId: 'acme', data: order, causedBy: cause });

    expect(second.correlationId).toBe(first.correlationId);
    expect(second.causationId).toBe(first.eventId);
    expect(second.metadata).toEqual({ traceparent, hopCount: 1, replay });
  });

  test('refuses data that fails the schema and names the field, never the value', () => {
    const create = (): unknown =>
      createEnvelope(OrderPlaced, {
        tenantId: 'acme',
        data: { orderId: 'secret-value', customerId: 7 as never },
      });

    expect(create).toThrow(/customerId/);
    expect(create).not.toThrow(/secret-value/);
    expect(codeOf(create)).toBe('WAYBILL_EVENT_DATA_INVALID');
  });

  test('refuses a loop of events', () => {
    const first = createEnvelope(OrderPlaced, { tenantId: 'acme', data: order });
    const looped: Envelope = { ...first, metadata: { hopCount: MAX_HOP_COUNT } };

    expect(() => createEnvelope(OrderPlaced, { tenantId: 'acme', data: order, causedBy: looped })).toThrow(
      /loop/,
    );
  });

  test('refuses a tenant id that could not be an attribute or a group id', () => {
    expect(() => createEnvelope(OrderPlaced, { tenantId: 'a b', data: order })).toThrow(/tenantId/);
  });
});

describe('parseEnvelope', () => {
  test('reads back what was written', () => {
    const envelope = createEnvelope(OrderPlaced, { tenantId: 'acme', data: order });

    expect(parseEnvelope(JSON.stringify(envelope))).toEqual(envelope);
  });

  test.each([
    ['not JSON', '{"eventId":', 'WAYBILL_ENVELOPE_NOT_JSON'],
    ['a list', '[]', 'WAYBILL_ENVELOPE_INVALID'],
    ['an empty object', '{}', 'WAYBILL_ENVELOPE_INVALID'],
  ])('refuses %s', (_name, body, code) => {
    expect(codeOf(() => parseEnvelope(body))).toBe(code);
  });

  test('names every mistake at once', () => {
    expect(() => parseEnvelope('{"eventId":"x","timestamp":"yesterday"}')).toThrow(
      /eventId.*eventType.*eventVersion.*source.*timestamp.*correlationId.*causationId.*tenantId.*data.*hopCount/s,
    );
  });
});

describe('orderingKeyOf (D8)', () => {
  test('is the ordering key within the tenant', () => {
    expect(orderingKeyOf(OrderPlaced, { tenantId: 'acme', data: order })).toBe('acme#c1');
  });

  test('is the tenant where the contract declares none', () => {
    const Unordered = event('Unordered', { version: '1.0', source: 'orders', data: z.object({}) });

    expect(orderingKeyOf(Unordered, { tenantId: 'acme', data: {} })).toBe('acme');
  });
});

test('uuidv7 carries its time, sorts by it and does not repeat', () => {
  const ids = Array.from({ length: 5000 }, (_, index) => uuidv7(1_700_000_000_000 + index));

  expect(new Set(ids).size).toBe(5000);
  expect([...ids].sort()).toEqual(ids);
  expect(ids.every((id) => isUuid(id) && id[14] === '7')).toBe(true);
  expect(Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16)).toBe(1_700_000_000_000);
});
