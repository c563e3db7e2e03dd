/** A consumer with code of our own: its queue, dead-letter queues, permissions and alarms come with it. */
import { Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { QueueConsumer } from 'waybill';
import type { EventTopic } from 'waybill';
import { OrderPlaced } from '../events.ts';

export interface FulfilmentStackProps extends StackProps {
  readonly orders: EventTopic<typeof OrderPlaced>;
}

export class FulfilmentStack extends Stack {
  constructor(scope: Construct, id: string, props: FulfilmentStackProps) {
    super(scope, id, props);
    new QueueConsumer(this, 'Packing', {
      subscribesTo: [props.orders.event(OrderPlaced)],
      entry: 'handlers/fulfilment.ts',
    });
  }
}
