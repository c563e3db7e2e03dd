/** AWS::SQS::* */
import {
  answered,
  attributeTexts,
  booleanProperty,
  generatedFifoName,
  tagsOf,
  textProperty,
} from './provider.ts';
import type { Provider } from './provider.ts';
import { policyOfOne, policyOfSeveral } from './resource-policy.ts';
import type { PolicyHolder } from './resource-policy.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
const QUEUE_NAME_LENGTH = 80;

const QUEUE_ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
];

/** What an attribute is again when it is taken out of the template. API_SetQueueAttributes; empty takes it away. */
const DEFAULTS: Readonly<Record<string, string>> = {
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  DelaySeconds: '0',
  FifoThroughputLimit: 'perQueue',
  KmsDataKeyReusePeriodSeconds: '300',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
  VisibilityTimeout: '30',
};

const QUEUE_POLICY: PolicyHolder = {
  several: 'Queues',
  one: 'Queue',
  nameLength: QUEUE_NAME_LENGTH,
  setPolicy: (context, queueUrl, policy) =>
    context.call('sqs', 'SetQueueAttributes', { QueueUrl: queueUrl, Attributes: { Policy: policy } }),
};

export const SQS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::SQS::Queue': {
    honoured: ['QueueName', 'Tags', ...QUEUE_ATTRIBUTES],
    inert: [],
    replacedOnChange: ['FifoQueue', 'QueueName'],
    async create(properties, context) {
      const fifo = booleanProperty(properties, 'FifoQueue') === true;
      const queueName =
        textProperty(properties, 'QueueName') ?? generatedFifoName(context, QUEUE_NAME_LENGTH, fifo);
      const answer = await context.call('sqs', 'CreateQueue', {
        QueueName: queueName,
        Attributes: attributeTexts(properties, QUEUE_ATTRIBUTES),
        tags: tagsOf(properties),
      });
      const queueUrl = answered(answer, 'QueueUrl');
      return {
        physicalId: queueUrl,
        attributes: {
          Arn: `arn:aws:sqs:${context.aws.region}:${context.aws.accountId}:${queueName}`,
          QueueName: queueName,
          QueueUrl: queueUrl,
        },
      };
    },
    /** Messages stay. A property that is gone from the template goes back to the service's default. */
    async update(created, properties, previous, context) {
      const QueueUrl = created.physicalId;
      const attributes = attributeTexts(properties, QUEUE_ATTRIBUTES);
      const former = attributeTexts(previous, QUEUE_ATTRIBUTES);
      const removed = Object.keys(former).filter((name) => attributes[name] === undefined);
      const changed = Object.keys(attributes).filter((name) => attributes[name] !== former[name]);
      const Attributes = Object.fromEntries([
        ...removed.map((name) => [name, DEFAULTS[name] ?? '']),
        ...changed.map((name) => [name, attributes[name]]),
      ]) as Record<string, string>;
      if (Object.keys(Attributes).length > 0) {
        await context.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes });
      }
      const tags = tagsOf(properties);
      const lost = Object.keys(tagsOf(previous)).filter((key) => tags[key] === undefined);
      if (lost.length > 0) await context.call('sqs', 'UntagQueue', { QueueUrl, TagKeys: lost });
      if (Object.keys(tags).length > 0) await context.call('sqs', 'TagQueue', { QueueUrl, Tags: tags });
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('sqs', 'DeleteQueue', { QueueUrl: created.physicalId });
    },
  },
  'AWS::SQS::QueuePolicy': policyOfSeveral(QUEUE_POLICY),
  'AWS::SQS::QueueInlinePolicy': policyOfOne(QUEUE_POLICY),
};
