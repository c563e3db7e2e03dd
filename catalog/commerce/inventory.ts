/** What `inventory` publishes on the bus: stock that is set aside, given back, short, or filled up. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { example, exampleStock, Id, Quantity, Sku, StockItem } from './fields.ts';

export const Inventory = service('inventory', {
  source: 'ecommerce.inventory',
  description: 'Knows what is in stock, and sets it aside for orders.',
});

const ofReservation = { orderId: Id, customerId: Id, reservationId: Id, items: z.array(StockItem) };
const exampleOfReservation = {
  orderId: example.orderId,
  customerId: example.customerId,
  reservationId: example.reservationId,
  items: exampleStock,
};

export const InventoryReserved = event('InventoryReserved', {
  version: '1.0',
  source: Inventory.source,
  description: 'Stock was set aside for an order.',
  data: z.object(ofReservation),
  orderingKey: 'orderId',
  traffic: { peakPerSecond: 290, averageBytes: 780 },
  examples: [exampleOfReservation],
});

export const InventoryReleased = event('InventoryReleased', {
  version: '1.0',
  source: Inventory.source,
  description: 'Stock that was set aside for an order may be sold again.',
  data: z.object(ofReservation),
  orderingKey: 'orderId',
  traffic: { peakPerSecond: 25, averageBytes: 780 },
  examples: [exampleOfReservation],
});

export const StockShortageDetected = event('StockShortageDetected', {
  version: '1.0',
  source: Inventory.source,
  description: 'An order asked for more than there is.',
  data: z.object({
    sku: Sku,
    orderId: Id,
    requested: Quantity,
    available: z.number().check(z.int(), z.minimum(0)),
  }),
  orderingKey: 'sku',
  traffic: { peakPerSecond: 10, averageBytes: 620 },
  examples: [{ sku: 'out-of-stock', orderId: example.orderId, requested: 2, available: 0 }],
});

export const StockReplenished = event('StockReplenished', {
  version: '1.0',
  source: Inventory.source,
  description: 'Goods arrived at the warehouse.',
  data: z.object({ sku: Sku, quantity: Quantity, replenishmentId: Id }),
  orderingKey: 'sku',
  traffic: { peakPerSecond: 20, averageBytes: 600 },
  examples: [{ sku: 'mug-blue', quantity: 500, replenishmentId: 'rpl_01jd2mr0' }],
});

export const inventoryEvents = [
  InventoryReserved,
  InventoryReleased,
  StockShortageDetected,
  StockReplenished,
] as const;
