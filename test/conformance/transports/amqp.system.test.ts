import { describeBrokers } from '../../local/rabbitmq/brokers.ts';
import { amqpOn } from './drivers/amqp.ts';
import { describeTransport } from './suite.ts';

describeBrokers('transports', (start) => {
  describeTransport(amqpOn(start, 'RabbitMQ'));
});
