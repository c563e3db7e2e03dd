/**
 * What the runtime uses of the SQS client, and nothing else, so that the rest shakes out of a bundle even
 * though this file is imported lazily: a consumer that never fails never loads it.
 */
export {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
