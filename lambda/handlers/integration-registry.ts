/** Consumer `integration-registry`: what is connected to a tenant, told by adapters over the bus. */
import { integrationEvents } from '../../catalog/index.ts';
import { registerIntegration } from '../core/consumers/integration-registry.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(integrationEvents, async (event) => registerIntegration(await core(), event));
