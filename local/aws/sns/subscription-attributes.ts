/** Attributes of a subscription: what they may be, and what GetSubscriptionAttributes answers. */
import {
  type Pattern,
  PatternError,
  readPattern,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
} from '../../../lib/matching/index.ts';
import { readReplayPolicy, replayAttributes } from './archive.ts';
import { isArnOf } from './arn.ts';
import { deliveryPolicyFault, deliveryPolicyOf, effectivePolicy } from './delivery-policy.ts';
import { invalidParameter } from './errors.ts';
import { filterPolicyScope, isFifoName, type Protocol, type Subscription, type Topic } from './model.ts';

/** sns/latest/api/API_SetSubscriptionAttributes.html */
const SETTABLE: ReadonlySet<string> = new Set([
  'DeliveryPolicy',
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
  'ReplayPolicy',
  'SubscriptionRoleArn',
]);

/** Protocols that RawMessageDelivery is for. */
const RAW_PROTOCOLS: ReadonlySet<Protocol> = new Set<Protocol>(['sqs', 'http', 'https', 'firehose']);

/** The part of a subscription that decides which values its attributes may have. */
export interface AttributeHolder {
  readonly protocol: Protocol;
  readonly endpoint: string;
  readonly topic: Topic;
}

/**
 * Refuses the value of one attribute.
 *
 * @param context put before the reason: `Attributes Reason: ` in Subscribe, nothing in SetSubscriptionAttributes
 */
export function checkSubscriptionAttribute(
  holder: AttributeHolder,
  name: string,
  value: string,
  context: '' | 'Attributes Reason: ',
): void {
  if (!SETTABLE.has(name)) throw invalidParameter('AttributeName');
  const refuse = (reason: string) => invalidParameter(`${context}${name}: ${reason}`);
  switch (name) {
    case 'RawMessageDelivery':
      if (!/^(true|false)$/i.test(value)) throw refuse(`Invalid value [${value}]. Must be true or false.`);
      if (value.toLowerCase() === 'true' && !RAW_PROTOCOLS.has(holder.protocol)) {
        throw refuse(`not supported for the protocol ${holder.protocol}`);
      }
      return;
    case 'FilterPolicyScope':
      if (value !== 'MessageAttributes' && value !== 'MessageBody') {
        throw refuse(`Invalid value [${value}]. Please use either MessageBody or MessageAttributes`);
      }
      return;
    case 'RedrivePolicy':
      if (value !== '') checkRedrivePolicy(holder, value, refuse);
      return;
    case 'ReplayPolicy':
      if (value !== '') readReplayPolicy(value, holder.topic, context);
      return;
    case 'DeliveryPolicy':
      if (value !== '') checkDeliveryPolicy(parseJson(value, refuse), context);
      return;
    default:
  }
}

/** The filter of a policy text. Throws what AWS answers to a policy it refuses. */
export function readFilterPolicy(
  text: string | undefined,
  scope: 'MessageAttributes' | 'MessageBody',
  context: '' | 'Attributes Reason: ',
): Pattern | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return readPattern(text, scope === 'MessageBody' ? SNS_BODY_PROFILE : SNS_ATTRIBUTES_PROFILE);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    if (error.code === 'NestedPattern') {
      throw invalidParameter('Filter policy scope MessageAttributes does not support nested filter policy');
    }
    const reason = isJson(text) ? error.message : `failed to parse JSON. ${error.message}`;
    throw invalidParameter(`${context}FilterPolicy: ${reason}`);
  }
}

/** The ARN of the subscription's dead-letter queue. */
export function deadLetterTarget(subscription: Subscription): string | undefined {
  const text = subscription.attributes.get('RedrivePolicy');
  if (text === undefined) return undefined;
  const { deadLetterTargetArn: arn } = JSON.parse(text) as { deadLetterTargetArn?: string };
  return arn;
}

export function describeSubscription(topic: Topic, subscription: Subscription): Record<string, string> {
  const attributes = Object.fromEntries(subscription.attributes);
  // AWS shows the scope only beside a filter policy, and then always.
  delete attributes['FilterPolicyScope'];
  if (subscription.attributes.has('FilterPolicy')) {
    attributes['FilterPolicyScope'] = filterPolicyScope(subscription);
  }
  return {
    SubscriptionArn: subscription.arn,
    TopicArn: subscription.topicArn,
    Protocol: subscription.protocol,
    Endpoint: subscription.endpoint,
    Owner: subscription.owner,
    SubscriptionPrincipal: subscription.principal,
    PendingConfirmation: String(subscription.pending),
    ConfirmationWasAuthenticated: String(
      subscription.authenticated || !needsConfirmation(subscription.protocol),
    ),
    RawMessageDelivery: 'false',
    ...(subscription.protocol.startsWith('http')
      ? { EffectiveDeliveryPolicy: JSON.stringify(effectivePolicy(deliveryPolicyOf(topic, subscription))) }
      : {}),
    ...attributes,
    ...replayAttributes(subscription),
  };
}

/** Protocols whose endpoint has to answer before it gets messages. */
export function needsConfirmation(protocol: Protocol): boolean {
  return ['http', 'https', 'email', 'email-json'].includes(protocol);
}

function checkRedrivePolicy(holder: AttributeHolder, text: string, refuse: (reason: string) => Error): void {
  const { deadLetterTargetArn: arn } = parseJson(text, refuse);
  if (typeof arn !== 'string' || !isArnOf('sqs', arn)) throw refuse('deadLetterTargetArn is an invalid arn');
  if (holder.topic.fifo && isFifoName(holder.endpoint) && !isFifoName(arn)) {
    throw refuse('must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.');
  }
  if (!holder.topic.fifo && isFifoName(arn)) {
    throw refuse('must use a standard queue as DLQ for a subscription to a standard topic.');
  }
}

function checkDeliveryPolicy(policy: Record<string, unknown>, context: '' | 'Attributes Reason: '): void {
  const fault = deliveryPolicyFault(policy, ['healthyRetryPolicy', 'throttlePolicy', 'requestPolicy']);
  if (fault !== undefined) throw invalidParameter(`${context}${fault}`);
}

function parseJson(text: string, refuse: (reason: string) => Error): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch (error) {
    throw refuse(`failed to parse JSON. ${error instanceof Error ? error.message : ''}`);
  }
  throw refuse('failed to parse JSON. Not an object');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
