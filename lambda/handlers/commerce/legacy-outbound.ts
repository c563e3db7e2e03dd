/** Consumer `legacy-outbound`: confirmed orders go to the old warehouse system as pick lists. */
import { OrderConfirmed } from '../../../catalog/commerce/index.ts';
import { commerce } from '../../commerce/environment.ts';
import { sendToLegacy } from '../../commerce/legacy/bridge.ts';
import { sendPickList } from '../../commerce/legacy/pick-list.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(OrderConfirmed, async (event) =>
  sendPickList(await commerce(), sendToLegacy, event),
);
