/** Consumer `webhook-delivery`: events to the URLs of the tenants. */
import { deliveredEvents } from '../../catalog/index.ts';
import { deliverWebhook } from '../core/consumers/webhook-delivery.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(deliveredEvents, async (event, context) =>
  deliverWebhook(await core(), event, context),
);
