/** AWS::SQS::* */
import {
  answered,
  attributeTexts,
  booleanProperty,
  generatedFifoName,
  listProperty,
  textProperty,
} from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { Json, JsonObject } from '../template.ts';

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
  'AWS::SQS::QueuePolicy': {
    honoured: ['PolicyDocument', 'Queues'],
    inert: [],
    async create(properties, context) {
      await setPolicies(context, listProperty(properties, 'Queues'), properties);
      const id = context.generatedName(QUEUE_NAME_LENGTH);
      return { physicalId: id, attributes: { Id: id } };
    },
  },
  'AWS::SQS::QueueInlinePolicy': {
    honoured: ['PolicyDocument', 'Queue'],
    inert: [],
    async create(properties, context) {
      const queue = textProperty(properties, 'Queue') ?? '';
      await setPolicies(context, [queue], properties);
      return { physicalId: queue, attributes: {} };
    },
  },
};

async function setPolicies(
  context: ProviderContext,
  queueUrls: readonly Json[],
  properties: JsonObject,
): Promise<void> {
  for (const queueUrl of queueUrls) {
    await context.call('sqs', 'SetQueueAttributes', {
      QueueUrl: queueUrl,
      Attributes: { Policy: JSON.stringify(properties['PolicyDocument']) },
    });
  }
}
