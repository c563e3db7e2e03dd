/** The shop's account: the bus `ecommerce-events` and the FIFO topic of orders, each under the shop's own key. */
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertTopic, EventFunction, EventTopic, MessageBus, MessagingKey } from 'waybill';
import { OrderConfirmed, Orders, ShipmentArranged } from '../../catalog/commerce/index.ts';

export class ShopStack extends Stack {
  readonly bus: MessageBus;
  readonly orders: EventTopic<typeof OrderConfirmed>;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    new AlertTopic(this, 'Alerts');
    const encryptionKey = new MessagingKey(this, 'ShopKey');
    this.bus = new MessageBus(this, 'Bus', { archiveRetention: Duration.days(30), encryptionKey });
    this.orders = new EventTopic(this, 'OrderEvents', {
      service: Orders,
      publishes: [OrderConfirmed],
      fifo: true,
      topicName: 'order-events', // the carrier's stack has to name it
      encryptionKey,
    });
    new EventFunction(this, 'Fulfilment', {
      entry: join(import.meta.dirname, 'handlers', 'fulfilment.ts'),
      publishesTo: [this.orders, this.bus.publishing([ShipmentArranged])],
    });
  }
}
