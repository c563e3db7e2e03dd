/** One event's effect in the core system, once: each consumer keeps its effects in a table of its own. */
import { coreEvents } from '../../catalog/index.ts';
import { handleOnceWith } from '../service/handle-once.ts';
import { EFFECT_TABLES } from './migrations/0002-consumer-tables.ts';
import type { EffectConsumer } from './migrations/0002-consumer-tables.ts';

export const handleOnce = handleOnceWith<EffectConsumer>(coreEvents, (consumer) => ({
  table: EFFECT_TABLES[consumer],
}));
