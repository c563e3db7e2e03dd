/** What the client uses of the SQS client, and nothing else, so that the rest shakes out of a bundle. */
export { DeleteMessageCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
