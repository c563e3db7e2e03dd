/**
 * A topic's policy, written in full. CDK's `enforceSSL` attaches a policy that holds one Deny and nothing
 * else, and any policy replaces SNS's default one, which is what let the account in (W14).
 */
import { AccountRootPrincipal, AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';

/** The owner's actions of SNS's default policy, sns/latest/dg/sns-access-policy-use-cases.html. */
const OWNER_ACTIONS = [
  'sns:AddPermission',
  'sns:DeleteTopic',
  'sns:GetTopicAttributes',
  'sns:ListSubscriptionsByTopic',
  'sns:Publish',
  'sns:RemovePermission',
  'sns:SetTopicAttributes',
  'sns:Subscribe',
];

/**
 * Lets identities of the account do what their own policies allow, and refuses publishing without TLS.
 * A service that publishes to the topic needs a statement of its own.
 */
export function writeTopicPolicy(topic: Topic): void {
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OwnerAccount',
      principals: [new AccountRootPrincipal()],
      actions: OWNER_ACTIONS,
      resources: [topic.topicArn],
    }),
  );
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OnlyOverTls',
      effect: Effect.DENY,
      principals: [new AnyPrincipal()],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
  );
}
