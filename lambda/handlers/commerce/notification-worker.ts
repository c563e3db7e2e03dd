/** Consumer `notification-worker`: the saga's last step. */
import { notificationCommands } from '../../../catalog/commerce/index.ts';
import { commerce } from '../../commerce/environment.ts';
import { notifyCustomer } from '../../commerce/notifications/notification-worker.ts';
import { taskCallbacks } from '../../commerce/saga/step-functions.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

const callbacks = taskCallbacks();

export const handler = consume(
  notificationCommands,
  async (command, context) => notifyCustomer({ service: await commerce(), callbacks }, command, context),
  { controls },
);
