/** A stack that knows nothing of Waybill: plain constructs of aws-cdk-lib, and code of its own. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export class ShopStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const orders = new Topic(this, 'Orders');
    const shipped = new Queue(this, 'Shipped');
    const shippingDeadLetters = new Queue(this, 'ShippingDeadLetters', {
      retentionPeriod: Duration.days(14),
    });
    const shipping = new Queue(this, 'Shipping', {
      visibilityTimeout: Duration.minutes(3),
      deadLetterQueue: { queue: shippingDeadLetters, maxReceiveCount: 3 },
    });
    orders.addSubscription(
      new SqsSubscription(shipping, {
        rawMessageDelivery: true,
        filterPolicy: { kind: SubscriptionFilter.stringFilter({ allowlist: ['OrderPlaced'] }) },
      }),
    );

    const ship = new LambdaFunction(this, 'Ship', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'ship.handler',
      code: Code.fromAsset('examples/plain-cdk/functions'),
      timeout: Duration.seconds(30),
      environment: { SHIPPED_QUEUE_URL: shipped.queueUrl },
    });
    ship.addEventSource(new SqsEventSource(shipping, { reportBatchItemFailures: true }));
    shipped.grantSendMessages(ship);
  }
}
