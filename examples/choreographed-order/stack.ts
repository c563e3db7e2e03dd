/** The topology: one bus, and for each service a consumer with a table of its own. Nothing in here knows the flow. */
import { join } from 'node:path';
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { AlertTopic, EventFunction, MessageBus, QueueConsumer } from 'waybill';
import { OrderPlaced } from '../../catalog/commerce/index.ts';
import type { Participant } from './participant.ts';
import { fraud } from './services/fraud.ts';
import { inventory } from './services/inventory.ts';
import { orders } from './services/orders.ts';
import { payments } from './services/payments.ts';
import { shipping } from './services/shipping.ts';

export class ChoreographedOrderStack extends Stack {
  readonly #bus: MessageBus;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    new AlertTopic(this, 'Alerts');
    this.#bus = new MessageBus(this, 'Bus', {
      description: 'What became of orders',
      archiveRetention: Duration.days(30),
    });
    new EventFunction(this, 'PlaceOrder', {
      entry: entryOf('place-order'),
      publishesTo: [this.#bus.publishing([OrderPlaced])],
    });
    this.#add('Payments', payments);
    this.#add('Fraud', fraud);
    this.#add('Inventory', inventory);
    this.#add('Shipping', shipping);
    this.#add('Orders', orders);
  }

  #add(id: string, { reactsTo, publishes }: Participant): void {
    const book = new TableV2(this, `${id}Book`, {
      partitionKey: { name: 'order', type: AttributeType.STRING },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const consumer = new QueueConsumer(this, id, {
      subscribesTo: reactsTo.map((contract) => this.#bus.event(contract)),
      publishesTo: [this.#bus.publishing(publishes)],
      entry: entryOf(id.toLowerCase()),
      environment: { ORDER_BOOK: book.tableName },
    });
    consumer.handler.role.addToPolicy(
      new PolicyStatement({ actions: ['dynamodb:UpdateItem'], resources: [book.tableArn] }),
    );
  }
}

/** The same wherever the application is synthesized from. */
function entryOf(name: string): string {
  return join(import.meta.dirname, 'handlers', `${name}.ts`);
}
