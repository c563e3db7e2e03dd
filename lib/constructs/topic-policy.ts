/**
 * A topic's policy, written in full. CDK's `enforceSSL` attaches a policy that holds one Deny and nothing
 * else, and any policy replaces SNS's default one, which is what let the account in (W14).
 */
import {
  AccountPrincipal,
  AccountRootPrincipal,
  AnyPrincipal,
  Effect,
  PolicyStatement,
} from 'aws-cdk-lib/aws-iam';
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

const subscribersOf = new WeakMap<Topic, Map<string, { statement: PolicyStatement; queueArns: string[] }>>();

/**
 * Lets another account subscribe these queues of its own, and nothing else. The owner of the queue subscribes,
 * because then nobody has to confirm. sns/latest/dg/sns-send-message-to-sqs-cross-account.html
 */
export function allowSubscribing(topic: Topic, account: string, queueArn: string): void {
  const subscribers = subscribersOf.get(topic) ?? new Map();
  subscribersOf.set(topic, subscribers);
  const known = subscribers.get(account);
  if (known === undefined) {
    const statement = new PolicyStatement({
      sid: `Subscribe${account}`,
      principals: [new AccountPrincipal(account)],
      actions: ['sns:Subscribe'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'sns:Endpoint': queueArn, 'sns:Protocol': 'sqs' } },
    });
    topic.addToResourcePolicy(statement);
    subscribers.set(account, { statement, queueArns: [queueArn] });
    return;
  }
  known.queueArns.push(queueArn);
  known.statement.addConditions({
    StringEquals: { 'sns:Endpoint': [...known.queueArns], 'sns:Protocol': 'sqs' },
  });
}
