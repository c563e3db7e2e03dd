/** A topic under test, with the calls that nearly every behaviour makes. */
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  type MessageAttributeValue,
  type PublishCommandInput,
  type PublishCommandOutput,
} from '@aws-sdk/client-sns';
import type { Conformance, TestQueue } from '../harness.ts';

/** The pages that most behaviours come from. */
export const API = 'https://docs.aws.amazon.com/sns/latest/api';
export const GUIDE = 'https://docs.aws.amazon.com/sns/latest/dg';

type Attributes = Readonly<Record<string, string>>;

export interface TestTopic {
  readonly arn: string;
  readonly name: string;
  publish(message: string, input?: Partial<PublishCommandInput>): Promise<PublishCommandOutput>;
  /** Publishes to a group of a FIFO topic, with a deduplication id of its own. */
  publishTo(
    group: string,
    message: string,
    input?: Partial<PublishCommandInput>,
  ): Promise<PublishCommandOutput>;
  attributes(): Promise<Attributes>;
  setAttribute(name: string, value: string): Promise<void>;
  /** Subscribes a queue that lets the topic in; the subscription's ARN. */
  subscribe(queue: TestQueue, attributes?: Attributes): Promise<string>;
  /** A new queue, subscribed. */
  queue(attributes?: Attributes, queueAttributes?: Attributes): Promise<TestQueue>;
}

/** A new topic, FIFO when the attributes say so. Deleted afterwards. */
export async function topic(aws: Conformance, attributes: Attributes = {}): Promise<TestTopic> {
  const fifo = attributes['FifoTopic'] === 'true';
  const name = aws.uniqueName('topic') + (fifo ? '.fifo' : '');
  const created = await aws.sns.send(new CreateTopicCommand({ Name: name, Attributes: attributes }));
  const arn = created.TopicArn ?? '';
  aws.cleanup(() => aws.sns.send(new DeleteTopicCommand({ TopicArn: arn })));
  let published = 0;

  const opened: TestTopic = {
    arn,
    name,
    publish: (message, input = {}) =>
      aws.sns.send(new PublishCommand({ TopicArn: arn, Message: message, ...input })),
    publishTo: (group, message, input = {}) =>
      opened.publish(message, {
        MessageGroupId: group,
        MessageDeduplicationId: `${name}-${++published}`,
        ...input,
      }),
    async attributes() {
      const { Attributes = {} } = await aws.sns.send(new GetTopicAttributesCommand({ TopicArn: arn }));
      return Attributes;
    },
    async setAttribute(AttributeName, AttributeValue) {
      await aws.sns.send(new SetTopicAttributesCommand({ TopicArn: arn, AttributeName, AttributeValue }));
    },
    async subscribe(queue, subscriptionAttributes = {}) {
      await aws.allow(queue, 'sns.amazonaws.com', arn);
      const { SubscriptionArn = '' } = await aws.sns.send(
        new SubscribeCommand({
          TopicArn: arn,
          Protocol: 'sqs',
          Endpoint: queue.arn,
          Attributes: subscriptionAttributes,
        }),
      );
      return SubscriptionArn;
    },
    async queue(subscriptionAttributes = {}, queueAttributes = {}) {
      const made = await aws.queue({ ...(fifo ? { FifoQueue: 'true' } : {}), ...queueAttributes });
      await opened.subscribe(made, subscriptionAttributes);
      return made;
    },
  };
  return opened;
}

export async function subscriptionAttributes(aws: Conformance, SubscriptionArn: string): Promise<Attributes> {
  const { Attributes = {} } = await aws.sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  return Attributes;
}

export async function setSubscriptionAttribute(
  aws: Conformance,
  SubscriptionArn: string,
  AttributeName: string,
  AttributeValue: string,
): Promise<void> {
  await aws.sns.send(
    new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }),
  );
}

/** Message attributes from plain values: numbers are Number, lists String.Array, the rest String. */
export function messageAttributes(
  values: Readonly<Record<string, unknown>>,
): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (Array.isArray(value))
        return [name, { DataType: 'String.Array', StringValue: JSON.stringify(value) }];
      const DataType = typeof value === 'number' ? 'Number' : 'String';
      return [name, { DataType, StringValue: String(value) }];
    }),
  );
}

/** The envelope that a queue without raw delivery gets. */
export interface Envelope {
  readonly Type: string;
  readonly MessageId: string;
  readonly TopicArn: string;
  readonly Subject?: string;
  readonly Message: string;
  readonly Timestamp: string;
  readonly SignatureVersion?: string;
  readonly Signature?: string;
  readonly SigningCertURL?: string;
  readonly UnsubscribeURL: string;
  readonly SequenceNumber?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly Type: string; readonly Value: string }>>;
}

export function envelope(message: { readonly Body?: string | undefined } | undefined): Envelope {
  return JSON.parse(message?.Body ?? '{}') as Envelope;
}

/** A dead-letter policy. */
export function redriveTo(queue: TestQueue): string {
  return JSON.stringify({ deadLetterTargetArn: queue.arn });
}
