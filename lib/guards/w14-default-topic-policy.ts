/**
 * W14: a policy that only denies has replaced SNS's default policy, by which something publishes.
 *
 * | policies of the topic | CloudWatch, S3, SES of the account | roles of the account | other services |
 * |---|---|---|---|
 * | none: SNS's default | let in | by their own policies | not let in: W23 |
 * | only Deny, such as `enforceSSL` | found | by their own policies | W23 |
 * | an Allow for somebody else | W8, W23 | by their own policies | W23 |
 *
 * sns/latest/dg/sns-access-policy-use-cases.html
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const defaultTopicPolicy: Guard = {
  id: 'W14',
  title: "A topic policy that only denies has replaced SNS's default policy, which something relies on",
  explanation:
    'A new topic lets its account in, and CloudWatch, S3 and SES on its behalf. Attaching any policy replaces that one. `enforceSSL` of CDK attaches a policy that holds nothing but a Deny: from then on the alarms of the account are refused, and nobody is told.',
  source: 'sns/latest/dg/sns-access-policy-use-cases.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W14'),
};
