/**
 * W5: SNS delivers from or into a Region that must be enabled first, and the policies name its usual principal. The
 * table of principals is that of `snsDeliveryPrincipal` in lib/policies/service-principals.ts.
 *
 * | policy names | topic and queue in Regions enabled by default, or in the same | one of them in an opt-in Region |
 * |---|---|---|
 * | `sns.amazonaws.com` | fine | found |
 * | `sns.REGION.amazonaws.com` of the table | not needed | fine |
 * | nothing of SNS | W23 | W23 |
 *
 * sns/latest/dg/sns-cross-region-delivery.html; aws/aws-cdk#32526, #37590
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const optInRegionPrincipal: Guard = {
  id: 'W5',
  title: 'A policy names the wrong principal of SNS for an opt-in Region',
  explanation:
    'Between a Region that an account has to enable and any other, SNS delivers as sns.REGION.amazonaws.com. A policy that names sns.amazonaws.com refuses it, SNS does not try again, and the message is lost without a dead-letter queue.',
  source: 'sns/latest/dg/sns-cross-region-delivery.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W5', 'name the principal of the opt-in Region'),
};
