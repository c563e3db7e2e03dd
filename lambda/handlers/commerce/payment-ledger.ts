/** Consumer `payment-ledger`: each movement of money. */
import { paymentEvents } from '../../../catalog/commerce/index.ts';
import { bookPayment } from '../../commerce/consumers/payment-ledger.ts';
import { commerce } from '../../commerce/environment.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(paymentEvents, async (event) => bookPayment(await commerce(), event), {
  controls,
});
