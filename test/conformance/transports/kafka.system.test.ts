import { findKafka } from '../../../local/brokers/kafka-installation.ts';
import { describeOnRealKafka } from '../../support/kafka.ts';
import { kafkaOn, kafkaRetryTopicsOn } from './drivers/kafka.ts';
import { describeTransport } from './suite.ts';

const installed = await findKafka();

describeOnRealKafka('transports', (kind) => {
  describeTransport(kafkaOn(kind, installed?.version));
  describeTransport(kafkaRetryTopicsOn(kind, installed?.version));
});
