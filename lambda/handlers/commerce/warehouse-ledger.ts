/** Consumer `warehouse-ledger`: each movement of goods. */
import { warehouseEvents } from '../../../catalog/commerce/index.ts';
import { bookMovement } from '../../commerce/consumers/warehouse-ledger.ts';
import { commerce } from '../../commerce/environment.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(warehouseEvents, async (event) => bookMovement(await commerce(), event), {
  controls,
});
