/** Consumer `legacy-inbound`: what the old warehouse system counted, from its queue in RabbitMQ. */
import { LegacyStockCounted } from '../../../catalog/commerce/index.ts';
import { controls } from '../../commerce/controls.ts';
import { commerce } from '../../commerce/environment.ts';
import { isOurEcho } from '../../commerce/legacy/bridge.ts';
import { recordStockCount, stockCountFrom } from '../../commerce/legacy/stock-count.ts';
import { consumeAmqp } from '../../runtime/amqp/index.ts';

export const handler = consumeAmqp(
  {
    contracts: LegacyStockCounted,
    toEnvelope: (message) => (isOurEcho(message) ? undefined : stockCountFrom(message.body)),
  },
  async (event) => recordStockCount(await commerce(), event),
  { controls },
);
