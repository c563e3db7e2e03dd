/**
 * How SQS is spoken: AWS JSON 1.0, and the Query protocol with its flattened lists and maps.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html
 */
import type { ServiceProtocols } from '../context.ts';

const NAME_VALUE = { key: 'Name', value: 'Value' };
const KEY_VALUE = { key: 'Key', value: 'Value' };

export const SQS_PROTOCOLS: ServiceProtocols = {
  json: {
    version: '1.0',
    targetPrefix: 'AmazonSQS',
    errorNamespace: 'com.amazonaws.sqs',
    queryCompatible: true,
  },
  query: {
    apiVersion: '2012-11-05',
    xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
    integers: [
      'DelaySeconds',
      'MaxNumberOfMessages',
      'MaxNumberOfMessagesPerSecond',
      'MaxResults',
      'VisibilityTimeout',
      'WaitTimeSeconds',
    ],
    inputs: {
      AttributeName: { member: 'AttributeNames' },
      MessageAttributeName: { member: 'MessageAttributeNames' },
      MessageSystemAttributeName: { member: 'MessageSystemAttributeNames' },
      Attribute: { member: 'Attributes', map: NAME_VALUE },
      MessageAttribute: { member: 'MessageAttributes', map: NAME_VALUE },
      MessageSystemAttribute: { member: 'MessageSystemAttributes', map: NAME_VALUE },
      SendMessageBatchRequestEntry: { member: 'Entries' },
      DeleteMessageBatchRequestEntry: { member: 'Entries' },
      ChangeMessageVisibilityBatchRequestEntry: { member: 'Entries' },
      AWSAccountId: { member: 'AWSAccountIds' },
      ActionName: { member: 'Actions' },
      Tag: { member: 'Tags', map: KEY_VALUE },
      TagKey: { member: 'TagKeys' },
    },
    outputs: {
      QueueUrls: { element: 'QueueUrl' },
      queueUrls: { element: 'QueueUrl' },
      Messages: { element: 'Message' },
      Attributes: { element: 'Attribute', map: NAME_VALUE },
      MessageAttributes: { element: 'MessageAttribute', map: NAME_VALUE },
      Tags: { element: 'Tag', map: KEY_VALUE },
      'SendMessageBatch.Successful': { element: 'SendMessageBatchResultEntry' },
      'DeleteMessageBatch.Successful': { element: 'DeleteMessageBatchResultEntry' },
      'ChangeMessageVisibilityBatch.Successful': { element: 'ChangeMessageVisibilityBatchResultEntry' },
      Failed: { element: 'BatchResultErrorEntry' },
      Results: { element: 'ListMessageMoveTasksResultEntry' },
    },
  },
};
