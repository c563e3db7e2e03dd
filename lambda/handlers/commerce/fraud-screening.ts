/** Consumer `fraud-screening`: the saga's step that looks for fraud. */
import { screeningCommands } from '../../../catalog/commerce/index.ts';
import { screenOrder } from '../../commerce/fraud/screen-order.ts';
import { taskCallbacks } from '../../commerce/saga/step-functions.ts';
import { urgentCommerce } from '../../commerce/urgent.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

const callbacks = taskCallbacks();

export const handler = consume(
  screeningCommands,
  async (command, context) => screenOrder({ service: await urgentCommerce(), callbacks }, command, context),
  { controls },
);
