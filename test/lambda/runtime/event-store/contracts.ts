/** The events of the tests; apart from the builders, because child processes have no jest. */
import * as z from 'zod/mini';

import { createLogger } from '../../../../lambda/runtime/logger.ts';
import { event } from '../../../../lib/contracts/index.ts';

export const Noted = event('Noted', {
  version: '1.0',
  source: 'notes',
  data: z.object({ note: z.string(), number: z.number() }),
  orderingKey: 'note',
});

export const Counted = event('Counted', {
  version: '1.0',
  source: 'notes',
  data: z.object({ by: z.number() }),
});

export const silent = createLogger({ level: 'silent' });
