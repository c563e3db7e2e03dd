/**
 * The permissions that each action of SNS needs: one on the topic, and the use of its key when it is encrypted under one.
 * sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { ENCRYPTING, keyUse } from '../iam/key-use.ts';
import type { Topic } from './model.ts';
import type { SnsState } from './state.ts';
import { topicPolicy } from './topic-attributes.ts';

type Input = Readonly<Record<string, unknown>>;

/** `arn:aws:sns:REGION:ACCOUNT:TOPIC`, also as the beginning of a subscription's ARN. */
const TOPIC_ARN = /^arn:[\w-]+:sns:[\w-]*:\d*:[^:/]+/;

export function snsAuthorization(
  context: AwsContext,
  state: SnsState,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const isPublish = action === 'Publish' || action === 'PublishBatch';
  const topicArn = topicArnOf(context, input);
  const topic = state.topics.get(topicArn);
  const conditionKeys = subscriptionKeys(action, input);
  const request: AuthorizationRequest = {
    action: `sns:${isPublish ? 'Publish' : action}`,
    resourceArn: topicArn,
    ...(topic && { resourcePolicy: policyOf(topic, context.accountId) }),
    ...(topic && { isDefaultPolicy: !topic.attributes.has('Policy') }),
    ...(conditionKeys && { conditionKeys }),
  };
  const keyId = isPublish ? topic?.attributes.get('KmsMasterKeyId') : undefined;
  return [request, ...keyUse(context, 'sns', keyId, ENCRYPTING, { 'aws:sns:topicArn': topicArn })];
}

/** Made once per topic: this is asked for every message. */
const defaultPolicies = new WeakMap<Topic, string>();

function policyOf(topic: Topic, accountId: string): string {
  const own = topic.attributes.get('Policy');
  if (own !== undefined) return own;
  const known = defaultPolicies.get(topic) ?? topicPolicy(topic, accountId);
  defaultPolicies.set(topic, known);
  return known;
}

/** The topic that a request is about; `*` for what is about none, such as ListTopics and an SMS. */
function topicArnOf({ region, accountId }: AwsContext, input: Input): string {
  for (const member of ['TopicArn', 'TargetArn', 'ResourceArn', 'SubscriptionArn']) {
    const value = input[member];
    if (typeof value === 'string') return TOPIC_ARN.exec(value)?.[0] ?? value;
  }
  const name = input['Name'];
  return typeof name === 'string' ? `arn:aws:sns:${region}:${accountId}:${name}` : '*';
}

function subscriptionKeys(action: string, input: Input): Record<string, string> | undefined {
  if (action !== 'Subscribe') return undefined;
  const { Protocol: protocol, Endpoint: endpoint } = input;
  return {
    ...(typeof protocol === 'string' && { 'sns:Protocol': protocol }),
    ...(typeof endpoint === 'string' && { 'sns:Endpoint': endpoint }),
  };
}
