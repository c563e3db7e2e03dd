/** AWS::SNS::* */
import {
  answered,
  attributeTexts,
  booleanProperty,
  generatedFifoName,
  listProperty,
  tagsOf,
  textProperty,
} from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import { policyOfOne, policyOfSeveral } from './resource-policy.ts';
import type { PolicyHolder } from './resource-policy.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
const TOPIC_NAME_LENGTH = 256;

const TOPIC_ATTRIBUTES = [
  'ArchivePolicy',
  'ContentBasedDeduplication',
  'DisplayName',
  'FifoThroughputScope',
  'FifoTopic',
  'KmsMasterKeyId',
  'MaximumMessageSize',
  'SignatureVersion',
  'TracingConfig',
];
const SUBSCRIPTION_ATTRIBUTES = [
  'DeliveryPolicy',
  'FilterPolicyScope',
  'FilterPolicy',
  'RawMessageDelivery',
  'RedrivePolicy',
  'ReplayPolicy',
  'SubscriptionRoleArn',
];

/** What an attribute is again when it is taken out of the template; empty takes any other away. */
const DEFAULTS: Readonly<Record<string, string>> = {
  ArchivePolicy: '{}',
  ContentBasedDeduplication: 'false',
  FifoThroughputScope: 'Topic',
  FilterPolicy: '{}',
  FilterPolicyScope: 'MessageAttributes',
  MaximumMessageSize: '262144',
  RawMessageDelivery: 'false',
  SignatureVersion: '1',
  TracingConfig: 'PassThrough',
};

/** `DeliveryStatusLogging[].Protocol` to what the attributes of that protocol begin with. */
const STATUS_PREFIXES: Readonly<Record<string, string>> = {
  'http/s': 'HTTP',
  http: 'HTTP',
  https: 'HTTP',
  sqs: 'SQS',
  lambda: 'Lambda',
  firehose: 'Firehose',
  application: 'Application',
};

const TOPIC_POLICY: PolicyHolder = {
  several: 'Topics',
  one: 'TopicArn',
  nameLength: TOPIC_NAME_LENGTH,
  setPolicy: (context, topicArn, policy) =>
    context.call('sns', 'SetTopicAttributes', {
      TopicArn: topicArn,
      AttributeName: 'Policy',
      AttributeValue: policy,
    }),
};

export const SNS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::SNS::Topic': {
    honoured: ['TopicName', 'Subscription', 'Tags', 'DeliveryStatusLogging', ...TOPIC_ATTRIBUTES],
    inert: [],
    replacedOnChange: ['FifoTopic', 'TopicName'],
    async create(properties, context) {
      const fifo = booleanProperty(properties, 'FifoTopic') === true;
      const topicName =
        textProperty(properties, 'TopicName') ?? generatedFifoName(context, TOPIC_NAME_LENGTH, fifo);
      const answer = await context.call('sns', 'CreateTopic', {
        Name: topicName,
        Attributes: topicAttributes(properties),
        Tags: listProperty(properties, 'Tags'),
      });
      const topicArn = answered(answer, 'TopicArn');
      await subscribeAll(context, topicArn, properties);
      return { physicalId: topicArn, attributes: { TopicArn: topicArn, TopicName: topicName } };
    },
    /** Subscriptions that other resources made stay. */
    async update(created, properties, previous, context) {
      const TopicArn = created.physicalId;
      const changes = changedAttributes(topicAttributes(previous), topicAttributes(properties));
      for (const [AttributeName, AttributeValue] of changes) {
        await context.call('sns', 'SetTopicAttributes', { TopicArn, AttributeName, AttributeValue });
      }
      await unsubscribeLost(context, TopicArn, properties, previous);
      await subscribeAll(context, TopicArn, properties);
      const tags = tagsOf(properties);
      const lost = Object.keys(tagsOf(previous)).filter((key) => tags[key] === undefined);
      if (lost.length > 0) {
        await context.call('sns', 'UntagResource', { ResourceArn: TopicArn, TagKeys: lost });
      }
      const Tags = listProperty(properties, 'Tags');
      if (Tags.length > 0) await context.call('sns', 'TagResource', { ResourceArn: TopicArn, Tags });
      return created;
    },
    async delete(created, properties, context) {
      const TopicArn = created.physicalId;
      if (properties['ArchivePolicy'] !== undefined) {
        const AttributeName = 'ArchivePolicy';
        await context.call('sns', 'SetTopicAttributes', { TopicArn, AttributeName, AttributeValue: '{}' });
      }
      await context.call('sns', 'DeleteTopic', { TopicArn });
    },
  },
  'AWS::SNS::Subscription': {
    honoured: ['Endpoint', 'Protocol', 'TopicArn', ...SUBSCRIPTION_ATTRIBUTES],
    inert: ['Region'],
    replacedOnChange: ['Endpoint', 'Protocol', 'TopicArn'],
    async create(properties, context) {
      const arn = await subscribe(context, properties);
      return { physicalId: arn, attributes: { Arn: arn } };
    },
    async update(created, properties, previous, context) {
      const SubscriptionArn = created.physicalId;
      const set = (AttributeName: string, AttributeValue: string) =>
        context.call('sns', 'SetSubscriptionAttributes', { SubscriptionArn, AttributeName, AttributeValue });
      const former = attributeTexts(previous, SUBSCRIPTION_ATTRIBUTES);
      const next = attributeTexts(properties, SUBSCRIPTION_ATTRIBUTES);
      const changes = changedAttributes(former, next);
      const scoped = changes.some(([name]) => name === 'FilterPolicyScope');
      // A policy that fits one scope may not fit the other: it is put anew under the new one.
      if (scoped && former['FilterPolicy'] !== undefined) await set('FilterPolicy', '{}');
      for (const [name, value] of changes) await set(name, value);
      if (scoped && next['FilterPolicy'] !== undefined) await set('FilterPolicy', next['FilterPolicy']);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('sns', 'Unsubscribe', { SubscriptionArn: created.physicalId });
    },
  },
  'AWS::SNS::TopicPolicy': policyOfSeveral(TOPIC_POLICY),
  'AWS::SNS::TopicInlinePolicy': policyOfOne(TOPIC_POLICY),
};

function topicAttributes(properties: JsonObject): Record<string, string> {
  const attributes = attributeTexts(properties, TOPIC_ATTRIBUTES);
  for (const logging of listProperty(properties, 'DeliveryStatusLogging').filter(isJsonObject)) {
    const prefix = STATUS_PREFIXES[textProperty(logging, 'Protocol') ?? ''] ?? '';
    for (const name of ['SuccessFeedbackRoleArn', 'SuccessFeedbackSampleRate', 'FailureFeedbackRoleArn']) {
      const value = textProperty(logging, name);
      if (value !== undefined) attributes[`${prefix}${name}`] = value;
    }
  }
  return attributes;
}

/** Names and values to set, those of lost attributes at their defaults; the scope of a filter before the filter. */
function changedAttributes(
  former: Readonly<Record<string, string>>,
  next: Readonly<Record<string, string>>,
): (readonly [name: string, value: string])[] {
  const removed = Object.keys(former).filter((name) => next[name] === undefined);
  const changed = Object.entries(next).filter(([name, value]) => former[name] !== value);
  return [...removed.map((name) => [name, DEFAULTS[name] ?? ''] as const), ...changed];
}

async function subscribe(context: ProviderContext, properties: JsonObject): Promise<string> {
  const answer = await context.call('sns', 'Subscribe', {
    TopicArn: properties['TopicArn'],
    Protocol: properties['Protocol'],
    Endpoint: properties['Endpoint'],
    Attributes: attributeTexts(properties, SUBSCRIPTION_ATTRIBUTES),
    ReturnSubscriptionArn: true,
  });
  return answered(answer, 'SubscriptionArn');
}

/** The `Subscription` property of a topic. */
async function subscribeAll(
  context: ProviderContext,
  topicArn: string,
  properties: JsonObject,
): Promise<void> {
  for (const subscription of listProperty(properties, 'Subscription').filter(isJsonObject)) {
    await subscribe(context, { ...subscription, TopicArn: topicArn });
  }
}

async function unsubscribeLost(
  context: ProviderContext,
  TopicArn: string,
  properties: JsonObject,
  previous: JsonObject,
): Promise<void> {
  const keys = (of: JsonObject) =>
    listProperty(of, 'Subscription')
      .filter(isJsonObject)
      .map((one) => `${textProperty(one, 'Protocol')} ${textProperty(one, 'Endpoint')}`);
  const kept = new Set(keys(properties));
  const lost = new Set(keys(previous).filter((key) => !kept.has(key)));
  if (lost.size === 0) return;
  const listed = await context.call('sns', 'ListSubscriptionsByTopic', { TopicArn });
  for (const one of listProperty(listed, 'Subscriptions').filter(isJsonObject)) {
    if (!lost.has(`${textProperty(one, 'Protocol')} ${textProperty(one, 'Endpoint')}`)) continue;
    await context.call('sns', 'Unsubscribe', { SubscriptionArn: one['SubscriptionArn'] });
  }
}
