/**
 * W8: CloudWatch cannot reach what an alarm should notify.
 *
 * | topic | key | |
 * |---|---|---|
 * | SNS's default policy | none | fine in the same account |
 * | a policy that lets CloudWatch in | none | fine |
 * | a policy without CloudWatch | any | found; W14 where it only denies |
 * | any | `alias/aws/sns` | found |
 * | any | a customer's key that lets CloudWatch in | fine |
 * | any | another customer's key | found |
 *
 * AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html; sns/latest/dg/sns-key-management.html
 */
import { deliveryFindings } from './delivery-findings.ts';
import type { Guard } from './guard.ts';

export const alarmTarget: Guard = {
  id: 'W8',
  title: 'CloudWatch cannot reach what an alarm should notify',
  explanation:
    "The alarm turns red and nobody is told. CloudWatch keeps the failed action in the alarm's history, where nobody looks. CDK's SnsAction changes neither the policy of the topic nor that of its key.",
  source: 'AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html',
  level: 'error',
  check: (messaging) => deliveryFindings(messaging, 'W8'),
};
