/** Consumer `usage-metering`: what each tenant used, by day. */
import { adaptersEvents, coreApiEvents } from '../../catalog/index.ts';
import { meterUsage } from '../core/consumers/usage-metering.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume([...coreApiEvents, ...adaptersEvents], async (event) =>
  meterUsage(await core(), event),
);
