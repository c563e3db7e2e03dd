/** Consumer `inventory-worker`: the saga's steps that set goods aside and give them back. */
import { inventoryCommands } from '../../../catalog/commerce/index.ts';
import { commerce } from '../../commerce/environment.ts';
import { workOnInventory } from '../../commerce/inventory/inventory-worker.ts';
import { taskCallbacks } from '../../commerce/saga/step-functions.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

const callbacks = taskCallbacks();

export const handler = consume(
  inventoryCommands,
  async (command, context) => workOnInventory({ service: await commerce(), callbacks }, command, context),
  { controls },
);
