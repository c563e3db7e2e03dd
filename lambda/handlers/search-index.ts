/** Consumer `search-index`: what a tenant can search for. */
import { searchableEvents } from '../../catalog/index.ts';
import { indexForSearch } from '../core/consumers/search-index.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(searchableEvents, async (event) => indexForSearch(await core(), event));
