import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromCloudEvent, toCloudEvent, uuidv7 } from '../../../lib/contracts/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';

const envelope: Envelope = {
  eventId: '0190163d-8694-739b-aea5-966c26f8ad91',
  eventType: 'OrderPlaced',
  eventVersion: '1.0',
  source: 'ecommerce.orders',
  timestamp: '2026-11-21T08:00:00.000Z',
  correlationId: 'c-1',
  causationId: null,
  tenantId: 'acme',
  data: { orderId: 'o1' },
  metadata: { hopCount: 0 },
};

test('maps to the attributes of CloudEvents 1.0', () => {
  expect(toCloudEvent(envelope)).toEqual({
    specversion: '1.0',
    id: '0190163d-8694-739b-aea5-966c26f8ad91',
    type: 'OrderPlaced',
    source: 'ecommerce.orders',
    time: '2026-11-21T08:00:00.000Z',
    datacontenttype: 'application/json',
    dataschema: 'urn:waybill:event:OrderPlaced:1.0',
    correlationid: 'c-1',
    tenantid: 'acme',
    hopcount: 0,
    data: { orderId: 'o1' },
  });
});

test('there and back loses nothing', () => {
  const text = fc.string({ minLength: 1, maxLength: 12 });
  const metadata = fc.record(
    {
      hopCount: fc.integer({ min: 0, max: 16 }),
      traceparent: text,
      tracestate: text,
      replay: fc.record({ kind: fc.constantFrom('replay' as const, 'redrive' as const), of: text, at: text }),
      custom: fc.jsonValue(),
    },
    { requiredKeys: ['hopCount'] },
  );
  const anyEnvelope = fc.record({
    eventId: fc.nat().map((now) => uuidv7(now)),
    eventType: fc.stringMatching(/^[A-Z][a-z]{1,8}$/),
    eventVersion: fc.tuple(fc.nat(99), fc.nat(99)).map(([major, minor]) => `${major}.${minor}`),
    source: text,
    timestamp: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((date) => date.toISOString()),
    correlationId: text,
    causationId: fc.option(text),
    tenantId: fc.stringMatching(/^[a-z0-9]{1,10}$/),
    data: fc.jsonValue(),
    metadata,
  });

  fc.assert(
    fc.property(anyEnvelope, (original) => {
      const wire = JSON.stringify(toCloudEvent(original));
      expect(fromCloudEvent(JSON.parse(wire) as Record<string, unknown>)).toEqual(
        JSON.parse(JSON.stringify(original)),
      );
    }),
    { numRuns: 300, seed: 7 },
  );
});

test('attribute names and values are what the specification allows', () => {
  const cloudEvent = toCloudEvent({
    ...envelope,
    metadata: { hopCount: 1, replay: { kind: 'replay', of: 'x', at: 'y' }, custom: { nested: [1] } },
  });

  for (const [name, value] of Object.entries(cloudEvent)) {
    expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    if (name !== 'data') expect(['string', 'number', 'boolean']).toContain(typeof value);
  }
});

describe('refuses', () => {
  test.each([
    ['another spec version', { ...toCloudEvent(envelope), specversion: '0.3' }, /specversion/],
    ['a schema of another type', { ...toCloudEvent(envelope), type: 'Other' }, /dataschema/],
    ['binary data', { ...toCloudEvent(envelope), data_base64: 'AA==' }, /data_base64/],
    ['a missing tenant', { ...toCloudEvent(envelope), tenantid: undefined }, /tenantId/],
  ])('%s', (_name, cloudEvent, message) => {
    expect(() => fromCloudEvent(cloudEvent)).toThrow(message);
  });
});
