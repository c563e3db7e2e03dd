/** The same checks against a real Kafka, where one is installed. */
import { afterAll, beforeAll, describe, test } from '@jest/globals';

import { findKafka } from '../../../local/brokers/kafka-installation.ts';
import { startRealKafka, type RealKafka } from '../../../local/brokers/kafka.ts';
import { kafkaChecks } from './checks.ts';

const installation = await findKafka();

if (installation === undefined) {
  test.skip('left out: no Kafka is installed here (npm run brokers:install)', () => undefined);
} else {
  describe(`Kafka ${installation.version}`, () => {
    let kafka: RealKafka;
    beforeAll(async () => {
      kafka = await startRealKafka({ installation });
    }, 240_000);
    afterAll(() => kafka.stop());
    kafkaChecks(() => kafka.bootstrapServers);
  });
}
