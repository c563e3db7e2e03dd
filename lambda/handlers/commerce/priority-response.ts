/** Consumer `priority-response`: what can not wait. */
import { priorityEvents } from '../../../catalog/commerce/index.ts';
import { respond } from '../../commerce/consumers/priority-response.ts';
import { commerce } from '../../commerce/environment.ts';
import { consume } from '../../runtime/index.ts';

// What can not wait does not wait for the first connection either: it is opened while the instance starts.
commerce()
  .then(({ database }) => database.query('select 1', []))
  // The event that needs it tries again, and says why it can not be had.
  .catch(() => undefined);

export const handler = consume(priorityEvents, async (event) => respond(await commerce(), event));
