/** AWS::SQS::* */
import { answered, attributeTexts, booleanProperty, generatedFifoName, textProperty } from './provider.ts';
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

const QUEUE_POLICY: PolicyHolder = {
  several: 'Queues',
  one: 'Queue',
  nameLength: QUEUE_NAME_LENGTH,
  setPolicy: (context, queueUrl, policy) =>
    context.call('sqs', 'SetQueueAttributes', { QueueUrl: queueUrl, Attributes: { Policy: policy } }),
};

export const SQS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::SQS::Queue': {
    honoured: ['QueueName', ...QUEUE_ATTRIBUTES],
    inert: ['Tags'],
    async create(properties, context) {
      const fifo = booleanProperty(properties, 'FifoQueue') === true;
      const queueName =
        textProperty(properties, 'QueueName') ?? generatedFifoName(context, QUEUE_NAME_LENGTH, fifo);
      const answer = await context.call('sqs', 'CreateQueue', {
        QueueName: queueName,
        Attributes: attributeTexts(properties, QUEUE_ATTRIBUTES),
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
  },
  'AWS::SQS::QueuePolicy': policyOfSeveral(QUEUE_POLICY),
  'AWS::SQS::QueueInlinePolicy': policyOfOne(QUEUE_POLICY),
};
