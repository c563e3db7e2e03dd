/** AWS::SNS::* */
import {
  answered,
  attributeTexts,
  booleanProperty,
  generatedFifoName,
  listProperty,
  textProperty,
} from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import { policyOfOne, policyOfSeveral } from './resource-policy.ts';
import type { PolicyHolder } from './resource-policy.ts';
import { isJsonObject } from '../template.ts';
import type { JsonObject } from '../template.ts';

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
  'FilterPolicy',
  'FilterPolicyScope',
  'RawMessageDelivery',
  'RedrivePolicy',
  'ReplayPolicy',
  'SubscriptionRoleArn',
];

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
    honoured: ['TopicName', 'Subscription', ...TOPIC_ATTRIBUTES],
    inert: ['Tags', 'DeliveryStatusLogging'],
    async create(properties, context) {
      const fifo = booleanProperty(properties, 'FifoTopic') === true;
      const topicName =
        textProperty(properties, 'TopicName') ?? generatedFifoName(context, TOPIC_NAME_LENGTH, fifo);
      const answer = await context.call('sns', 'CreateTopic', {
        Name: topicName,
        Attributes: attributeTexts(properties, TOPIC_ATTRIBUTES),
      });
      const topicArn = answered(answer, 'TopicArn');
      for (const subscription of listProperty(properties, 'Subscription')) {
        if (isJsonObject(subscription)) await subscribe(context, { ...subscription, TopicArn: topicArn });
      }
      return { physicalId: topicArn, attributes: { TopicArn: topicArn, TopicName: topicName } };
    },
  },
  'AWS::SNS::Subscription': {
    honoured: ['Endpoint', 'Protocol', 'TopicArn', ...SUBSCRIPTION_ATTRIBUTES],
    inert: ['Region'],
    async create(properties, context) {
      const arn = await subscribe(context, properties);
      return { physicalId: arn, attributes: { Arn: arn } };
    },
  },
  'AWS::SNS::TopicPolicy': policyOfSeveral(TOPIC_POLICY),
  'AWS::SNS::TopicInlinePolicy': policyOfOne(TOPIC_POLICY),
};

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
