/** Consumer `analytics-sink`: the Kafka topic of what visitors do, and how orders end, as rows to query. */
import { analyticsEvents } from '../../../catalog/commerce/index.ts';
import { storeFact } from '../../commerce/analytics/store-fact.ts';
import { commerce } from '../../commerce/environment.ts';
import { consumeKafka } from '../../runtime/index.ts';

export const handler = consumeKafka(analyticsEvents, async (event) => storeFact(await commerce(), event));
