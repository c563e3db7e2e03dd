/** What the application had before: raw constructs of aws-cdk-lib. Nothing here knows of Waybill, or has to. */
import { Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export class ExistingStack extends Stack {
  /** Read by a service outside of this application. */
  readonly accounting: Queue;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const deadLetters = new Queue(this, 'DeadLetters', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.accounting = new Queue(this, 'Accounting', {
      enforceSSL: true,
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });

    const invoices = new Topic(this, 'Invoices', { enforceSSL: true });
    invoices.addSubscription(
      new SqsSubscription(this.accounting, { rawMessageDelivery: true, deadLetterQueue: deadLetters }),
    );
    const partners = new EventBus(this, 'Partners');
    new Rule(this, 'Refunds', {
      eventBus: partners,
      eventPattern: { source: ['partners'], detailType: ['Refunded'] },
      targets: [
        new SqsQueue(this.accounting, {
          deadLetterQueue: deadLetters,
          maxEventAge: Duration.hours(24),
          retryAttempts: 185,
        }),
      ],
    });
  }
}
