/** Consumer `entitlement-cache`: what each tenant may use now, in the order of its changes. */
import { entitlementEvents } from '../../catalog/index.ts';
import { cacheEntitlements } from '../core/consumers/entitlement-cache.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(entitlementEvents, async (event) => cacheEntitlements(await core(), event));
