/** Consumer `storefront-availability`: what the shop's pages show as available. */
import { availabilityEvents } from '../../../catalog/commerce/index.ts';
import { updateAvailability } from '../../commerce/consumers/storefront-availability.ts';
import { commerce } from '../../commerce/environment.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(
  availabilityEvents,
  async (event) => updateAvailability(await commerce(), event),
  { controls },
);
