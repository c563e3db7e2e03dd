/** The subscription actions: subscribe, confirm, describe, change, list, unsubscribe. */
import { randomBytes, randomUUID } from 'node:crypto';

import type { AwsContext, Caller } from '../context.ts';
import { isArnOf, readArn } from './arn.ts';
import { invalidParameter, limitExceeded, subscriptionNotFound } from './errors.ts';
import { type Input, optionalText, textMap } from './input.ts';
import { MAX_FILTER_POLICIES_PER_TOPIC, MAX_SUBSCRIPTIONS, PAGE_SIZE } from './limits.ts';
import {
  filterPolicyScope,
  isFifoName,
  type Protocol,
  PROTOCOLS,
  type Subscription,
  type Topic,
} from './model.ts';
import { page } from '../paging.ts';
import { forgetUnconfirmed, type SnsState } from './state.ts';
import {
  checkSubscriptionAttribute,
  describeSubscription,
  needsConfirmation,
  readFilterPolicy,
} from './subscription-attributes.ts';
import { findTopic } from './topics.ts';

/** What Subscribe and the lists answer in place of the ARN of a subscription that is not confirmed yet. */
const PENDING = 'pending confirmation';
const PENDING_IN_LISTS = 'PendingConfirmation';
const TOKEN_BYTES = 128;

export interface Subscribed {
  readonly subscription: Subscription;
  /** True when it was there before. */
  readonly existed: boolean;
  /** What the action answers. */
  readonly output: { readonly SubscriptionArn: string };
}

export function subscribe(context: AwsContext, state: SnsState, input: Input, caller: Caller): Subscribed {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  forgetUnconfirmed(context, state, topic);
  const protocol = readProtocol(optionalText(input, 'Protocol'));
  const endpoint = optionalText(input, 'Endpoint') ?? '';
  checkEndpoint(topic, protocol, endpoint);
  const attributes = textMap(input, 'Attributes');
  for (const [name, value] of attributes) {
    checkSubscriptionAttribute({ topic, protocol, endpoint }, name, value, 'Attributes Reason: ');
  }
  const scope = attributes.get('FilterPolicyScope') === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
  const filter = readFilterPolicy(attributes.get('FilterPolicy'), scope, 'Attributes Reason: ');
  if (attributes.get('FilterPolicy') === '') attributes.delete('FilterPolicy');
  if (attributes.get('RedrivePolicy') === '') attributes.delete('RedrivePolicy');

  const wantsArn = optionalText(input, 'ReturnSubscriptionArn') === 'true';
  const existing = [...topic.subscriptions.values()].find(
    (one) => one.protocol === protocol && one.endpoint === endpoint,
  );
  if (existing) {
    checkSame(existing, attributes);
    return { subscription: existing, existed: true, output: answer(existing, wantsArn) };
  }
  checkQuotas(topic, attributes.has('FilterPolicy'));
  const subscription: Subscription = {
    arn: `${topic.arn}:${randomUUID()}`,
    topicArn: topic.arn,
    owner: caller.accountId,
    principal: caller.arn,
    protocol,
    endpoint,
    attributes,
    filter,
    pending: needsConfirmation(protocol),
    replayStatus: undefined,
    createdAt: context.clock.now(),
    authenticated: false,
    confirmationToken: needsConfirmation(protocol) ? newToken() : undefined,
  };
  addSubscription(state, topic, subscription);
  return { subscription, existed: false, output: answer(subscription, wantsArn) };
}

function addSubscription(state: SnsState, topic: Topic, subscription: Subscription): void {
  topic.subscriptions.set(subscription.arn, subscription);
  state.subscriptions.set(subscription.arn, subscription);
  state.saveSubscription(subscription);
}

/** What confirms or restores a subscription. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}

function answer(subscription: Subscription, wantsArn: boolean): { SubscriptionArn: string } {
  return { SubscriptionArn: subscription.pending && !wantsArn ? PENDING : subscription.arn };
}

/** Subscribing again is idempotent as long as the attributes it names are as they were. */
function checkSame(existing: Subscription, attributes: ReadonlyMap<string, string>): void {
  for (const [name, value] of attributes) {
    if (existing.attributes.get(name) !== value) {
      throw invalidParameter('Attributes Reason: Subscription already exists with different attributes');
    }
  }
}

function checkQuotas(topic: Topic, filtered: boolean): void {
  if (topic.subscriptions.size >= MAX_SUBSCRIPTIONS[topic.fifo ? 'fifo' : 'standard']) {
    throw limitExceeded('SubscriptionLimitExceeded', 'Subscription limit exceeded for this topic');
  }
  if (filtered) checkFilterQuota(topic);
}

function checkFilterQuota(topic: Topic): void {
  const filters = [...topic.subscriptions.values()].filter((one) =>
    one.attributes.has('FilterPolicy'),
  ).length;
  if (filters >= MAX_FILTER_POLICIES_PER_TOPIC) {
    throw limitExceeded(
      'FilterPolicyLimitExceeded',
      `Filter policy limit exceeded: a topic has at most ${MAX_FILTER_POLICIES_PER_TOPIC} filter policies`,
    );
  }
}

function readProtocol(text: string | undefined): Protocol {
  if (text === undefined || !PROTOCOLS.has(text)) {
    throw invalidParameter(`Amazon SNS does not support this protocol string: ${text ?? ''}`);
  }
  return text as Protocol;
}

const ENDPOINTS: Readonly<
  Record<Protocol, readonly [matches: (endpoint: string) => boolean, error: string]>
> = {
  sqs: [(endpoint) => isArnOf('sqs', endpoint), 'SQS endpoint ARN'],
  lambda: [(endpoint) => isArnOf('lambda', endpoint), 'Lambda endpoint ARN'],
  firehose: [(endpoint) => isArnOf('firehose', endpoint), 'Firehose endpoint ARN'],
  application: [(endpoint) => isArnOf('sns', endpoint), 'Application endpoint arn'],
  http: [(endpoint) => endpoint.startsWith('http://'), 'Endpoint must match the specified protocol'],
  https: [(endpoint) => endpoint.startsWith('https://'), 'Endpoint must match the specified protocol'],
  email: [(endpoint) => endpoint.includes('@'), 'Email address'],
  'email-json': [(endpoint) => endpoint.includes('@'), 'Email address'],
  sms: [(endpoint) => /^\+?[0-9][0-9-]*[0-9]$/.test(endpoint) && !endpoint.includes('--'), 'SMS endpoint'],
};

function checkEndpoint(topic: Topic, protocol: Protocol, endpoint: string): void {
  const [matches, error] = ENDPOINTS[protocol];
  if (!matches(endpoint)) throw invalidParameter(protocol === 'sms' ? `${error}: ${endpoint}` : error);
  if (!topic.fifo && protocol === 'sqs' && isFifoName(endpoint)) {
    throw invalidParameter(
      'Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
    );
  }
  if (topic.fifo && protocol !== 'sqs') {
    throw invalidParameter(
      `Invalid parameter: Endpoint Reason: FIFO topics deliver to SQS queues only, not to ${protocol}`,
    );
  }
}

/** Returns the subscription as it is now. */
export function setSubscriptionAttributes(state: SnsState, input: Input): Subscription {
  const subscription = findSubscription(state, input);
  const topic = state.topics.get(subscription.topicArn);
  if (!topic) throw subscriptionNotFound();
  const name = optionalText(input, 'AttributeName') ?? '';
  const value = optionalText(input, 'AttributeValue') ?? '';
  const { attributes, protocol, endpoint } = subscription;
  checkSubscriptionAttribute({ topic, protocol, endpoint }, name, value, '');

  if (name === 'FilterPolicy') {
    const filter = readFilterPolicy(value, filterPolicyScope(subscription), '');
    if (value !== '' && !attributes.has('FilterPolicy')) checkFilterQuota(topic);
    subscription.filter = filter;
  }
  if (name === 'FilterPolicyScope' && attributes.has('FilterPolicy')) {
    const scope = value === 'MessageBody' ? 'MessageBody' : 'MessageAttributes';
    subscription.filter = readFilterPolicy(attributes.get('FilterPolicy'), scope, '');
  }
  if (value === '') attributes.delete(name);
  else attributes.set(name, value);
  state.saveSubscription(subscription);
  return subscription;
}

export function getSubscriptionAttributes(state: SnsState, input: Input) {
  const subscription = findSubscription(state, input);
  const topic = state.topics.get(subscription.topicArn);
  if (!topic) throw subscriptionNotFound();
  return { Attributes: describeSubscription(topic, subscription) };
}

/** Ends a subscription and returns it. Ending one that is not there is fine. */
export function unsubscribe(state: SnsState, input: Input): Subscription | undefined {
  const arn = optionalText(input, 'SubscriptionArn');
  const { resource } = readArn(arn, 'SubscriptionArn');
  if (!resource.includes(':')) throw invalidParameter('SubscriptionId');
  const subscription = arn === undefined ? undefined : state.subscriptions.get(arn);
  if (!subscription) return undefined;
  state.subscriptions.delete(subscription.arn);
  state.deleteSubscription(subscription);
  const topic = state.topics.get(subscription.topicArn);
  if (topic?.subscriptions.delete(subscription.arn)) {
    topic.deletedSubscriptions++;
    state.saveTopic(topic);
  }
  return subscription;
}

/** Confirming again with the same token answers the same; the token of an UnsubscribeConfirmation restores. */
export function confirmSubscription(context: AwsContext, state: SnsState, input: Input) {
  const arn = optionalText(input, 'TopicArn');
  const topic = arn === undefined ? undefined : state.topics.get(arn);
  const token = optionalText(input, 'Token') ?? '';
  if (!topic) {
    // AWS looks at the token first: one that is not even a token says nothing about the topic.
    throw /^[0-9a-f]{64,}$/.test(token) ? invalidParameter('Topic') : invalidParameter('Token');
  }
  forgetUnconfirmed(context, state, topic);
  const restored = state.deactivated.get(token);
  if (restored?.topicArn === topic.arn) {
    state.deactivated.delete(token);
    addSubscription(state, topic, restored);
    return { SubscriptionArn: restored.arn };
  }
  const subscription = [...topic.subscriptions.values()].find((one) => one.confirmationToken === token);
  if (!subscription) throw invalidParameter('Token');
  subscription.pending = false;
  if (optionalText(input, 'AuthenticateOnUnsubscribe')?.toLowerCase() === 'true') {
    subscription.authenticated = true;
  }
  state.saveSubscription(subscription);
  return { SubscriptionArn: subscription.arn };
}

export function listSubscriptions(context: AwsContext, state: SnsState, input: Input) {
  for (const topic of state.topics.values()) forgetUnconfirmed(context, state, topic);
  return listed([...state.subscriptions.values()], input);
}

export function listSubscriptionsByTopic(context: AwsContext, state: SnsState, input: Input) {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  forgetUnconfirmed(context, state, topic);
  return listed([...topic.subscriptions.values()], input);
}

function listed(all: readonly Subscription[], input: Input) {
  const { items, next } = page(all, {
    size: PAGE_SIZE,
    token: optionalText(input, 'NextToken'),
    invalidToken: () => invalidParameter('NextToken'),
  });
  return {
    Subscriptions: items.map((one) => ({
      SubscriptionArn: one.pending ? PENDING_IN_LISTS : one.arn,
      Owner: one.owner,
      Protocol: one.protocol,
      Endpoint: one.endpoint,
      TopicArn: one.topicArn,
    })),
    ...next,
  };
}

function findSubscription(state: SnsState, input: Input): Subscription {
  const arn = optionalText(input, 'SubscriptionArn');
  readArn(arn, 'SubscriptionArn');
  const subscription = arn === undefined ? undefined : state.subscriptions.get(arn);
  if (!subscription) throw subscriptionNotFound();
  return subscription;
}
