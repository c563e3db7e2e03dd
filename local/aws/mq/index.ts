/** Public surface of the embedded Amazon MQ. */
export type { RabbitmqBroker, StartRabbitmq } from './running.ts';
export { createMqService, type MqService } from './service.ts';
