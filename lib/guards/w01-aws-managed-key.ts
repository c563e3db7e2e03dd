/**
 * W1: a service delivers into a queue or topic under AWS's own key, whose policy nobody can edit.
 *
 * | encrypted with | a service delivers | a role of the account delivers |
 * |---|---|---|
 * | nothing, SSE-SQS | fine | fine |
 * | `alias/aws/sqs`, `alias/aws/sns` | found | fine |
 * | a customer's key | W2 | W2 |
 *
 * AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html; aws/aws-cdk#19796, #30549
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const awsManagedKey: Guard = {
  id: 'W1',
  title: "A service delivers into a queue or topic that AWS's own key encrypts",
  explanation:
    "The policy of AWS's own key cannot be edited, and it lets no service in. SNS, EventBridge and S3 are refused by KMS at every delivery. They do not try again: the message goes to the dead-letter queue of the hop, or is lost. The deployment is green.",
  source: 'AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html',
  level: 'error',
  check: (messaging) =>
    deliveryFindings(
      messaging,
      'W1',
      'leave the key out, so that SSE-SQS encrypts a queue, or name a customer managed key and grant it to the service',
    ),
};
