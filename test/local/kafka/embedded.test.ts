import { afterAll, beforeAll, describe } from '@jest/globals';

import { startEmbeddedKafka, type EmbeddedKafka } from '../../../local/kafka/index.ts';
import { kafkaChecks } from './checks.ts';

describe('the embedded Kafka', () => {
  let kafka: EmbeddedKafka;
  beforeAll(async () => {
    kafka = await startEmbeddedKafka();
  });
  afterAll(() => kafka.stop());
  kafkaChecks(() => kafka.bootstrapServers);
});
