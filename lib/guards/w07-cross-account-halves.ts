/**
 * W7: a hop crosses accounts and one half of what it needs is missing.
 *
 * | hop | the sender's half | the receiver's half |
 * |---|---|---|
 * | rule to anything, a bus included | a role that trusts EventBridge and may send | the resource's policy names the role or its account |
 * | subscription | none | the queue policy, or function policy, names SNS and the topic |
 * | schedule, pipe, destination | the role's policy | the resource's policy names the role or its account |
 *
 * A half that is not in the assembly is not known.
 *
 * eventbridge/latest/userguide/eb-cross-account.html, eb-service-cross-account.html; aws/aws-cdk#33328
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const crossAccountHalves: Guard = {
  id: 'W7',
  title: 'One half of a delivery to another account is missing',
  explanation:
    'Between accounts both sides have to agree: the role on the side of the sender, and the policy of the resource on the side of the receiver. Each half deploys without the other. EventBridge needs a role on every target in another account, and on buses for every rule that was made since March 2023; CDK makes one for buses alone.',
  source: 'eventbridge/latest/userguide/eb-cross-account.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W7'),
};
