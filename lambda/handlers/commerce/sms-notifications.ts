/** Consumer `sms-notifications`: notifications of the channel sms. Opens the address. */
import { notificationEvents } from '../../../catalog/commerce/index.ts';
import { commerce, sealer } from '../../commerce/environment.ts';
import { deliverNotification } from '../../commerce/notifications/deliver.ts';
import { simulatedSender } from '../../commerce/notifications/senders.ts';
import { controls, dependency, guardedSender } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

const sender = guardedSender(simulatedSender('sms'), dependency('sms-service'));

export const handler = consume(
  notificationEvents,
  async (event, context) => deliverNotification(await commerce(), sender, event, context),
  { sealer, controls },
);
