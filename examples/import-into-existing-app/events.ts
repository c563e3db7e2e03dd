/** The one event that the application declares with Waybill. Any Standard Schema will do for its data. */
import { event, service } from 'waybill/contracts';
import * as z from 'zod/mini';

export const Orders = service('orders');

export const OrderPlaced = event('OrderPlaced', {
  version: '1.0',
  source: Orders.source,
  data: z.object({ orderId: z.string(), total: z.number() }),
  examples: [{ orderId: 'o-1', total: 42 }],
});
