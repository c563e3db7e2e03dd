/** Consumer `webhook-delivery`: events to the URLs of the tenants. */
import { deliverWebhook, deliveredEvents } from '../core/consumers/webhook-delivery.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(deliveredEvents, async (event, context) =>
  deliverWebhook(await core(), event, context),
);
