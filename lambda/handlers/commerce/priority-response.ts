/** Consumer `priority-response`: what can not wait. */
import { priorityEvents } from '../../../catalog/commerce/index.ts';
import { respond } from '../../commerce/consumers/priority-response.ts';
import { commerce } from '../../commerce/environment.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(priorityEvents, async (event) => respond(await commerce(), event));
