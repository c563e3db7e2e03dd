/** The topology: a FIFO topic of the service, and a consumer with its queues, function, role and alarms. */
import { Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertTopic, EventTopic, QueueConsumer } from 'waybill';
import { OrderPlaced, Orders } from './events.ts';

export class OrdersStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    new AlertTopic(this, 'Alerts');

    const orders = new EventTopic(this, 'Orders', { service: Orders, publishes: [OrderPlaced], fifo: true });
    new QueueConsumer(this, 'Fulfilment', {
      subscribesTo: [orders.event(OrderPlaced)], // a type error when Orders does not publish it
      entry: 'examples/orders/handlers/fulfilment.ts',
    });
  }
}
