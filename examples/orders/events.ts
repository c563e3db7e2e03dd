/** The declaration: one event and the service that publishes it. */
import { event, service } from 'waybill/contracts';
import * as z from 'zod/mini';

export const Orders = service('orders');

export const OrderPlaced = event('OrderPlaced', {
  version: '1.0',
  source: Orders.source,
  data: z.object({ orderId: z.string(), customerId: z.string(), total: z.number() }),
  orderingKey: 'customerId',
  examples: [{ orderId: 'o-1', customerId: 'c-1', total: 42 }],
});
