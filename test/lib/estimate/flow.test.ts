import { describe, expect, test } from '@jest/globals';
import { averageBytes, flowOf } from '../../../lib/estimate/flow.ts';
import { node, shop } from './support.ts';

const EVENTS = [
  { name: 'OrderPlaced', perSecond: 100, bytes: 1000 },
  { name: 'OrderCancelled', perSecond: 50, bytes: 2000 },
];

describe('the flow of a topology', () => {
  test('fan-out is multiplied, and filters on the type are applied', () => {
    const { topology } = shop({
      events: EVENTS,
      consumers: [
        { name: 'Invoices', events: ['OrderPlaced'] },
        { name: 'Audit', events: ['OrderPlaced', 'OrderCancelled'] },
      ],
    });

    const flow = flowOf(topology!);

    expect(flow.into('shop/Orders')).toEqual({ perSecond: 150, bytesPerSecond: 200_000 });
    expect(flow.into('shop/InvoicesQueue')).toEqual({ perSecond: 100, bytesPerSecond: 100_000 });
    expect(flow.into('shop/AuditQueue')).toEqual({ perSecond: 150, bytesPerSecond: 200_000 });
    expect(flow.outOf('shop/Orders')).toEqual({ perSecond: 250, bytesPerSecond: 300_000 });
    expect(flow.into('shop/AuditFunction')).toEqual({ perSecond: 150, bytesPerSecond: 200_000 });
    expect(averageBytes(flow.into('shop/AuditQueue'))).toBeCloseTo(1333.33, 1);
  });

  test('a second publisher of the same events adds nothing: the declared rate is that of all', () => {
    const { topology } = shop({
      events: EVENTS,
      nodes: [node('shop/Relay', 'relay', null)],
      edges: [
        {
          kind: 'publishes',
          from: 'shop/Relay',
          to: 'shop/Orders',
          events: ['OrderPlaced'],
          source: 'orders',
        },
      ],
    });

    const flow = flowOf(topology!);

    expect(flow.into('shop/Orders').perSecond).toBe(150);
    expect(flow.outOf('shop/Relay').perSecond).toBe(100);
  });

  test('an event on a topic and a bus is on both, and its relay takes it from the database once', () => {
    const { topology } = shop({
      events: EVENTS,
      bus: true,
      consumers: [{ name: 'Stock', events: ['OrderPlaced'], from: 'bus' }],
      nodes: [
        node('shop/Relay', 'relay', null),
        node('shop/Nudges', 'queue', null),
        node('shop/Api', 'function', null),
      ],
      edges: [
        {
          kind: 'publishes',
          from: 'shop/Relay',
          to: 'shop/Orders',
          events: ['OrderPlaced', 'OrderCancelled'],
          source: 'orders',
        },
        { kind: 'publishes', from: 'shop/Relay', to: 'shop/Bus', events: ['OrderPlaced'], source: 'orders' },
        { kind: 'nudges', from: 'shop/Api', to: 'shop/Nudges' },
        {
          kind: 'consumes',
          from: 'shop/Nudges',
          to: 'shop/Relay',
          consumer: 'relay',
          events: [],
          batchSize: 10,
          maxBatchingWindowSeconds: 0,
          maxConcurrency: 2,
          visibilityTimeoutSeconds: 60,
          timeoutSeconds: 10,
        },
      ],
    });

    const flow = flowOf(topology!);

    expect(flow.into('shop/StockQueue').perSecond).toBe(100);
    expect(flow.outOf('shop/Relay').perSecond).toBe(250);
    expect(flow.drainedBy('shop/Relay').perSecond).toBe(150);
    expect(flow.into('shop/Nudges').perSecond).toBe(150);
  });

  test('versions of an event add up; a share of the peak scales everything', () => {
    const { topology } = shop({
      events: [
        { name: 'OrderPlaced', perSecond: 100, bytes: 1000 },
        { name: 'OrderPlaced', perSecond: 20, bytes: 4000, version: '2.0' },
      ],
      consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
    });

    const flow = flowOf(topology!, { share: 0.5 });

    expect(flow.into('shop/InvoicesQueue')).toEqual({ perSecond: 60, bytesPerSecond: 90_000 });
    expect(flow.events.get('OrderPlaced')?.averageBytes).toBe(1500);
  });
});
