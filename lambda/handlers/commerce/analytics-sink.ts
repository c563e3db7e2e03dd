/** Consumer `analytics-sink`: the Kafka topic of what visitors do, and how orders end, as rows to query. */
import { analyticsEvents } from '../../../catalog/commerce/index.ts';
import { factStore } from '../../commerce/analytics/store-fact.ts';
import { controls } from '../../commerce/controls.ts';
import { commerce } from '../../commerce/environment.ts';
import { consumeKafka } from '../../runtime/index.ts';

/** Keys at a time, which are written together: as many as a batch may have. */
const CONCURRENCY = 100;

export const handler = consumeKafka(analyticsEvents, factStore(commerce), {
  concurrency: CONCURRENCY,
  controls,
});
