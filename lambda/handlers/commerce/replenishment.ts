/** Consumer `replenishment`: what is asked of suppliers. */
import { replenishmentEvents } from '../../../catalog/commerce/index.ts';
import { replenish } from '../../commerce/consumers/replenishment.ts';
import { commerce } from '../../commerce/environment.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(replenishmentEvents, async (event) => replenish(await commerce(), event), {
  controls,
});
