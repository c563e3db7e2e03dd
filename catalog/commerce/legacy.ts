/** What the bridge to the warehouse's old system tells: it counts stock, and knows nothing of our events. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { Id, Sku } from './fields.ts';

export const Legacy = service('legacy', {
  source: 'ecommerce.legacy',
  description: 'The bridge to the old warehouse system behind RabbitMQ.',
});

export const LegacyStockCounted = event('LegacyStockCounted', {
  version: '1.0',
  source: Legacy.source,
  description: 'The old warehouse system counted a shelf.',
  data: z.object({
    sku: Sku,
    counted: z.number().check(z.int(), z.minimum(0)),
    /** The count's own id there; the same count told twice has the same. */
    countId: Id,
    countedAt: z.string(),
  }),
  orderingKey: 'sku',
  traffic: { peakPerSecond: 50, averageBytes: 620 },
  examples: [
    { sku: 'mug-blue', counted: 118, countId: 'cnt-20261102-0007', countedAt: '2026-11-02T06:15:00.000Z' },
  ],
});

export const legacyEvents = [LegacyStockCounted] as const;
