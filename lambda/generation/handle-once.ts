/** One event's effect in the generation system, once. All effects are in one table. */
import { generationEvents } from '../../catalog/generation/index.ts';
import { handleOnceWith } from '../service/handle-once.ts';

export const handleOnce = handleOnceWith<string>(generationEvents, (consumer) => ({
  table: 'effect',
  columns: { consumer },
}));
