/** Consumer `search-index`: what a tenant can search for. */
import { indexForSearch, searchIndexEvents } from '../core/consumers/search-index.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(searchIndexEvents, async (event) => indexForSearch(await core(), event));
