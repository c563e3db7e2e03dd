/** Called once for each order. */
import { consume } from 'waybill/runtime';
import { OrderPlaced } from '../events.ts';

export const handler = consume(OrderPlaced, (event, context) => {
  context.logger.info('packing', { orderId: event.data.orderId });
});
