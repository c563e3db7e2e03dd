/** The carrier's account: it gets two events of the shop and nothing else, into queues under the carrier's own key. */
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertTopic, MessagingKey, QueueConsumer } from 'waybill';
import { OrderConfirmed, ShipmentArranged } from '../../catalog/commerce/index.ts';
import type { ShopStack } from './shop-stack.ts';

export interface CarrierStackProps extends StackProps {
  readonly shop: ShopStack;
}

export class CarrierStack extends Stack {
  constructor(scope: Construct, id: string, { shop, ...props }: CarrierStackProps) {
    super(scope, id, props);
    new AlertTopic(this, 'Alerts');
    const encryptionKey = new MessagingKey(this, 'CarrierKey');
    new QueueConsumer(this, 'Pickups', {
      subscribesTo: [shop.bus.event(ShipmentArranged)],
      entry: join(import.meta.dirname, 'handlers', 'pickups.ts'),
      encryptionKey,
    });
    new QueueConsumer(this, 'Manifests', {
      subscribesTo: [shop.orders.event(OrderConfirmed)],
      entry: join(import.meta.dirname, 'handlers', 'manifests.ts'),
      encryptionKey,
    });
  }
}
