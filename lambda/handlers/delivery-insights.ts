/** Consumer `delivery-insights`: how software gets delivered, for premium tenants. */
import { insightEvents } from '../../catalog/index.ts';
import { measureDelivery } from '../core/consumers/delivery-insights.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(insightEvents, async (event) => measureDelivery(await core(), event));
