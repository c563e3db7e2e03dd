/**
 * W23: a hop that a policy refuses, for a reason that no other guard names. Not in the design's list of known traps: it
 * is what makes the list complete, so that nothing that the assembly itself refuses stays unsaid.
 *
 * | carried by | needs |
 * |---|---|
 * | SNS, EventBridge, S3 themselves | the policy of the queue, topic or function |
 * | a role | its trust in the service, its own policy, no Deny on the other side |
 * | the function's role, for what it polls | its own policy |
 *
 * eventbridge/latest/userguide/eb-use-resource-based.html; IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const refusedHop: Guard = {
  id: 'W23',
  title: 'A policy of the application refuses a hop of the application',
  explanation:
    'Every hop is somebody who does something: SNS sends to a queue, a role invokes a function. The policies in the templates do not allow it. AWS deploys that without a word, and refuses at every message.',
  source: 'IAM/latest/UserGuide/reference_policies_evaluation-logic.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W23'),
};
