/** Consumer `payment-worker`: the saga's steps that move money. */
import { paymentCommands } from '../../../catalog/commerce/index.ts';
import { workOnPayment } from '../../commerce/payments/payment-worker.ts';
import { simulatedPaymentProvider } from '../../commerce/payments/provider.ts';
import { taskCallbacks } from '../../commerce/saga/step-functions.ts';
import { urgentCommerce } from '../../commerce/urgent.ts';
import { controls, dependency, guardedProvider } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

const callbacks = taskCallbacks();
const provider = guardedProvider(simulatedPaymentProvider(), dependency('payment-gateway'));

export const handler = consume(
  paymentCommands,
  async (command, context) =>
    workOnPayment({ service: await urgentCommerce(), callbacks, provider }, command, context),
  { controls },
);
