/**
 * W15: the key of a topic lets EventBridge in under a condition that can never hold.
 *
 * | statement for `events.amazonaws.com` in the key of | without condition | with `aws:SourceArn`, `aws:SourceAccount` or the like |
 * |---|---|---|
 * | a topic | fine | found |
 * | a queue | fine | fine where it means the rule |
 *
 * sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const unsupportedCondition: Guard = {
  id: 'W15',
  title: 'The key of a topic lets EventBridge in under a condition that never holds',
  explanation:
    'When EventBridge publishes to an encrypted topic, the key is told nothing about the rule. A statement with aws:SourceArn, aws:SourceAccount or aws:SourceOrgID is right for queues, and for topics it drops every event without an error in any log.',
  source: 'sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html',
  level: 'error',
  check: (messaging) =>
    deliveryFindings(
      messaging,
      'W15',
      'take the condition from the statement, which AWS does not support there',
    ),
};
