/** A subscriber of a topic that is no queue: an e-mail address, a telephone, a web server. */
import { SubscriptionProtocol, Subscription } from 'aws-cdk-lib/aws-sns';
import type { CfnSubscription } from 'aws-cdk-lib/aws-sns';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { deadLetters, HopAlarms, UNDELIVERED } from './alarms/index.ts';
import type { AlarmProps } from './alarms/index.ts';
import { allowDeliveryFrom, createDeadLetterQueue, recordDeadLetters } from './dead-letter-queue.ts';
import type { TopicEvents } from './event-routes.ts';
import { topicsIn } from './key-sources.ts';
import { topicFilter } from './topic-filter.ts';
import { recordNode } from './topology-recorder.ts';

export interface TopicEndpointProps extends AlarmProps {
  /** What it gets: `topic.event(...)` or `topic.events()` of a standard topic. */
  readonly subscribesTo: TopicEvents;
  readonly protocol: 'email' | 'sms' | 'https';
  /** An address, a number such as `+15550100`, or a URL, which has to confirm the subscription. */
  readonly endpoint: string;
  /**
   * Encrypts the dead-letter queue.
   * @default - SQS's own key (SSE-SQS)
   */
  readonly encryptionKey?: IKey;
}

/**
 * SNS tries a web server for an hour, and e-mail and text messages for six; then the message is in the dead-letter
 * queue. sns/latest/dg/sns-message-delivery-retries.html
 *
 * @example
 * new TopicEndpoint(this, 'Care', {
 *   subscribesTo: notifications.events({ data: { channel: ['email'] } }),
 *   protocol: 'email',
 *   endpoint: 'care@example.com',
 * });
 */
export class TopicEndpoint extends Construct {
  readonly subscription: Subscription;
  readonly deadLetterQueue: Queue;
  readonly alarms: HopAlarms['all'];

  constructor(scope: Construct, id: string, props: TopicEndpointProps) {
    super(scope, id);
    const { topic, watch } = props.subscribesTo;
    this.deadLetterQueue = createDeadLetterQueue(this, 'DeadLetterQueue', {
      encryptionKey: props.encryptionKey,
      owner: id,
    });
    allowDeliveryFrom(this.deadLetterQueue, 'sns', [topic.topicArn], {
      keySources: [topicsIn(this, Stack.of(this))],
    });
    this.subscription = new Subscription(this, 'Subscription', {
      topic,
      protocol: PROTOCOLS[props.protocol],
      endpoint: props.endpoint,
      ...topicFilter([props.subscribesTo]).props,
    });
    // Not the L2's prop, which writes a second statement of its own into the queue's policy.
    const resource = this.subscription.node.defaultChild as CfnSubscription;
    resource.redrivePolicy = { deadLetterTargetArn: this.deadLetterQueue.queueArn };
    const policy = this.deadLetterQueue.node.tryFindChild('Policy');
    if (policy !== undefined) this.subscription.node.addDependency(policy);
    recordNode(this.subscription, { kind: 'subscription', resource: this.subscription, owner: id });
    recordDeadLetters(this, 'subscription', this.subscription, this.deadLetterQueue, null);
    const alarms = new HopAlarms(this, props);
    alarms.add(
      'DeadLetterAlarm',
      deadLetters(
        this.deadLetterQueue,
        `A message that SNS could not deliver by ${props.protocol}`,
        UNDELIVERED,
      ),
    );
    this.alarms = alarms.all;
    if (alarms.wanted) watch();
  }
}

const PROTOCOLS = {
  email: SubscriptionProtocol.EMAIL,
  sms: SubscriptionProtocol.SMS,
  https: SubscriptionProtocol.HTTPS,
} as const;
