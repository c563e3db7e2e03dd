/** Consumer `order-history`: the audit trail of orders and their money. */
import { orderHistoryEvents } from '../../../catalog/commerce/index.ts';
import { recordInOrderHistory } from '../../commerce/consumers/order-history.ts';
import { commerce } from '../../commerce/environment.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(
  orderHistoryEvents,
  async (event) => recordInOrderHistory(await commerce(), event),
  { controls },
);
