/** What the runtime uses of the SNS client, and nothing else (see sqs.ts). */
export { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
