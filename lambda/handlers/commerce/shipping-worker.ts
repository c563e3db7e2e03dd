/** Consumer `shipping-worker`: the saga's steps that call a carrier, and call it off. */
import { shippingCommands } from '../../../catalog/commerce/index.ts';
import { commerce } from '../../commerce/environment.ts';
import { workOnShipping } from '../../commerce/shipping/shipping-worker.ts';
import { taskCallbacks } from '../../commerce/saga/step-functions.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

const callbacks = taskCallbacks();

export const handler = consume(
  shippingCommands,
  async (command, context) => workOnShipping({ service: await commerce(), callbacks }, command, context),
  { controls },
);
