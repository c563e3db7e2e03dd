/** The service principal under which SNS delivers, which differs where a Region must be enabled first (W5). */

/**
 * Regions enabled in every account. All that were launched after 20 March 2019 are opt-in, so this list is closed.
 * sns/latest/dg/sns-cross-region-delivery.html, accounts/latest/reference/manage-acct-regions.html
 */
const ENABLED_BY_DEFAULT: ReadonlySet<string> = new Set([
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-northeast-3',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
]);

/** Partitions without opt-in Regions: China, GovCloud, isolated and sovereign ones. */
const OTHER_PARTITION = /^(?:cn|us-gov|us-iso\w*|eu-iso\w*|eusc)-/;

/** Whether an account must enable the Region before it can use it. */
export function isOptInRegion(region: string): boolean {
  return !ENABLED_BY_DEFAULT.has(region) && !OTHER_PARTITION.test(region);
}

/**
 * Whom the policies of a queue, and of its key, must let in for a topic to deliver to it. With the wrong one SNS is
 * denied, does not try again, and the message is gone but for the subscription's dead-letter queue.
 *
 * | topic in | queue in | principal |
 * |---|---|---|
 * | a Region | the same | `sns.amazonaws.com` |
 * | enabled by default | enabled by default | `sns.amazonaws.com` |
 * | opt-in | enabled by default | `sns.TOPIC-REGION.amazonaws.com` |
 * | enabled by default | opt-in | `sns.QUEUE-REGION.amazonaws.com` |
 * | opt-in | another opt-in | `sns.QUEUE-REGION.amazonaws.com` |
 *
 * Source: sns/latest/dg/sns-cross-region-delivery.html, and aws/aws-cdk#38301 for the last two.
 */
export function snsDeliveryPrincipal(topicRegion: string, queueRegion: string): string {
  if (topicRegion === queueRegion) return 'sns.amazonaws.com';
  if (isOptInRegion(queueRegion)) return `sns.${queueRegion}.amazonaws.com`;
  return isOptInRegion(topicRegion) ? `sns.${topicRegion}.amazonaws.com` : 'sns.amazonaws.com';
}
