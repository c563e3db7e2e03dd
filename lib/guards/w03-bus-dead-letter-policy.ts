/**
 * W3: an event bus has a dead-letter queue that does not let EventBridge in.
 *
 * | queue policy allows `events.amazonaws.com` for | |
 * |---|---|
 * | the bus's ARN, its account, or anything | fine |
 * | rules of the bus alone, or nothing | found |
 * | the queue is not in the assembly | not known; W4 warns |
 *
 * eventbridge/latest/userguide/eb-rule-dlq.html
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const busDeadLetterPolicy: Guard = {
  id: 'W3',
  title: 'The dead-letter queue of an event bus does not let EventBridge in',
  explanation:
    "An event that a bus with a customer's key cannot encrypt or decrypt goes to the bus's dead-letter queue. Setting the queue on the bus does not change the queue's policy, in CDK as little as in CloudFormation: the event is refused there and gone.",
  source: 'eventbridge/latest/userguide/eb-rule-dlq.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W3'),
};
