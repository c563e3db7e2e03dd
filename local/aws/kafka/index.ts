/** Public surface of the embedded Amazon MSK. */
export type { KafkaBroker, StartKafka } from './brokers.ts';
export { arnWithin } from './model.ts';
export { createKafkaService, type KafkaService } from './service.ts';
