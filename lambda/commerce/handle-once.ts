/** One event's effect in the commerce system, once. All effects are in one table. */
import { commerceEvents } from '../../catalog/commerce/index.ts';
import { handleOnceWith } from '../service/handle-once.ts';

export const handleOnce = handleOnceWith<string>(commerceEvents, (consumer) => ({
  table: 'effect',
  columns: { consumer },
}));
