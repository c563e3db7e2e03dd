/**
 * W2: whoever delivers into a queue or topic under a customer's key, or polls it, may not use the key.
 *
 * | who carries the message | must be allowed `kms:GenerateDataKey` and `kms:Decrypt` by |
 * |---|---|
 * | SNS, EventBridge, S3 themselves, dead-letter queues included | the key policy |
 * | a role (scheduler, pipe, Lambda's destinations) | the key policy or the role's, and the key must trust its account |
 * | a role that polls (only `kms:Decrypt`) | the same |
 * | CloudWatch | W8 |
 *
 * AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html; aws/aws-cdk#33169
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const customerKeyGrant: Guard = {
  id: 'W2',
  title: "Who delivers into an encrypted queue or topic may not use its customer's key",
  explanation:
    'The service encrypts in the name of whoever sends. Where the key policy does not let the sender in, KMS refuses, and SNS and EventBridge do not try again. On a dead-letter queue this loses the very messages that have failed already. CDK adds the statement to the queue policy of a dead-letter queue, and none to its key.',
  source: 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W2'),
};
