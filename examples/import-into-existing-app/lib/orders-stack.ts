/**
 * The orders service: a topic of declared events, and the relay that fills it from the outbox. The relay's code
 * comes with the package as a bundle, so this stack is synthesized without a bundler.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { AlertTopic, EventTopic, OutboxRelay } from 'waybill';
import { OrderPlaced, Orders } from '../events.ts';

export interface OrdersStackProps extends StackProps {
  /** A queue that was there before; it gets the orders too. */
  readonly accounting: Queue;
}

export class OrdersStack extends Stack {
  readonly orders: EventTopic<typeof OrderPlaced>;

  constructor(scope: Construct, id: string, props: OrdersStackProps) {
    super(scope, id, props);
    new AlertTopic(this, 'Alerts');
    this.orders = new EventTopic(this, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    new OutboxRelay(this, 'Relay', {
      database: { secret: Secret.fromSecretNameV2(this, 'Database', 'orders-database') },
      publishesTo: [this.orders],
    });
    // The other way round works as well: CDK's own subscription on our topic.
    this.orders.topic.addSubscription(
      new SqsSubscription(props.accounting, {
        rawMessageDelivery: true,
        deadLetterQueue: new Queue(this, 'AccountingDeadLetters', {
          enforceSSL: true,
          retentionPeriod: Duration.days(14),
        }),
      }),
    );
  }
}
