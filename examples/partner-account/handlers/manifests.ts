/** The carrier: what is in the parcels. */
import { consume } from 'waybill/runtime';
import { OrderConfirmed } from '../../../catalog/commerce/index.ts';

export const handler = consume(OrderConfirmed, ({ data }, { logger }) => {
  logger.info('manifest written', { orderId: data.orderId, items: String(data.items.length) });
});
