/** Attributes of a topic: which there are, what they may be, and what GetTopicAttributes answers. */
import { checkArchivePolicy } from './archive.ts';
import { defaultTopicPolicy, deliveryPolicyFault } from './delivery-policy.ts';
import { invalidParameter } from './errors.ts';
import { record } from './input.ts';
import { DEFAULT_MAXIMUM_MESSAGE_SIZE, MAXIMUM_MESSAGE_SIZE_RANGE } from './limits.ts';
import type { Topic } from './model.ts';

/** Attributes that CreateTopic and SetTopicAttributes take on any topic. sns/latest/api/API_SetTopicAttributes.html */
const SETTABLE: ReadonlySet<string> = new Set([
  'DeliveryPolicy',
  'DisplayName',
  'Policy',
  'TracingConfig',
  'KmsMasterKeyId',
  'SignatureVersion',
  'MaximumMessageSize',
  ...['HTTP', 'Firehose', 'Lambda', 'Application', 'SQS'].flatMap((protocol) => [
    `${protocol}SuccessFeedbackRoleArn`,
    `${protocol}SuccessFeedbackSampleRate`,
    `${protocol}FailureFeedbackRoleArn`,
  ]),
]);
const SETTABLE_ON_FIFO: ReadonlySet<string> = new Set([
  'ArchivePolicy',
  'ContentBasedDeduplication',
  'FifoThroughputScope',
]);

const BOOLEANS: ReadonlySet<string> = new Set(['FifoTopic', 'ContentBasedDeduplication']);
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoThroughputScope: ['Topic', 'MessageGroup'],
  TracingConfig: ['Active', 'PassThrough'],
  SignatureVersion: ['1', '2'],
};

/** Refuses an attribute that SetTopicAttributes refuses. */
export function checkTopicAttribute(name: string, value: string, fifo: boolean): void {
  if (!SETTABLE.has(name) && !(fifo && SETTABLE_ON_FIFO.has(name))) throw invalidParameter('AttributeName');
  checkValue(name, value);
}

/** Refuses the attributes that CreateTopic refuses. */
export function checkCreateAttributes(attributes: ReadonlyMap<string, string>, fifo: boolean): void {
  for (const [name, value] of attributes) {
    const known = SETTABLE.has(name) || name === 'FifoTopic' || SETTABLE_ON_FIFO.has(name);
    if (!known) throw invalidParameter(`Attributes Reason: Unknown attribute ${name}`);
    if (SETTABLE_ON_FIFO.has(name) && !fifo) {
      throw invalidParameter(`Attributes Reason: ${name} is only supported for FIFO topics`);
    }
    checkValue(name, value);
  }
}

function checkValue(name: string, value: string): void {
  const invalid = (rule: string) =>
    invalidParameter(`Attributes Reason: ${name}: Invalid value [${value}]. ${rule}`);
  if (BOOLEANS.has(name) && !/^(true|false)$/i.test(value)) throw invalid('Must be true or false.');
  const choices = CHOICES[name];
  if (choices && !choices.includes(value)) throw invalid(`Must be ${choices.join(' or ')}.`);
  if (name === 'MaximumMessageSize') {
    const { from, to } = MAXIMUM_MESSAGE_SIZE_RANGE;
    const bytes = Number(value);
    if (!Number.isInteger(bytes) || bytes < from || bytes > to)
      throw invalid(`Must be from ${from} to ${to}.`);
  }
  if (name === 'ArchivePolicy' && !isNone(value)) checkArchivePolicy(value);
  if (['Policy', 'DeliveryPolicy'].includes(name) && value !== '' && !isJsonObject(value)) {
    throw invalidParameter(`${name}: failed to parse JSON`);
  }
  if (name === 'DeliveryPolicy' && value !== '') checkDeliveryPolicy(value);
  if (name.endsWith('SampleRate') && !/^(\d{1,2}|100)$/.test(value)) throw invalid('Must be from 0 to 100.');
  if (name.endsWith('RoleArn') && value !== '' && !ROLE_ARN.test(value)) throw invalid('Must be a role.');
}

const ROLE_ARN = /^arn:[a-z-]+:iam::\d{12}:role\/.+$/;

function checkDeliveryPolicy(text: string): void {
  const http = record(record(JSON.parse(text))['http']);
  const fault = deliveryPolicyFault(http, [
    'defaultHealthyRetryPolicy',
    'defaultThrottlePolicy',
    'defaultRequestPolicy',
  ]);
  if (fault !== undefined) throw invalidParameter(fault);
}

/** `{}` and the empty text take an archive policy away. */
export function isNone(value: string): boolean {
  return value === '' || value.replaceAll(/\s/g, '') === '{}';
}

export function maximumMessageSize(topic: Topic): number {
  return Number(topic.attributes.get('MaximumMessageSize') ?? DEFAULT_MAXIMUM_MESSAGE_SIZE);
}

export function isContentBasedDeduplication(topic: Topic): boolean {
  return topic.attributes.get('ContentBasedDeduplication')?.toLowerCase() === 'true';
}

/** FIFO deduplication per message group rather than per topic. */
export function isGroupScope(topic: Topic): boolean {
  return topic.attributes.get('FifoThroughputScope') === 'MessageGroup';
}

/** What GetTopicAttributes answers. */
export function describeTopic(topic: Topic, accountId: string): Record<string, string> {
  const pending = [...topic.subscriptions.values()].filter((one) => one.pending).length;
  return {
    TopicArn: topic.arn,
    Owner: accountId,
    DisplayName: '',
    Policy: topicPolicy(topic, accountId),
    EffectiveDeliveryPolicy: topic.attributes.get('DeliveryPolicy') ?? JSON.stringify(defaultTopicPolicy()),
    SubscriptionsPending: String(pending),
    SubscriptionsConfirmed: String(topic.subscriptions.size - pending),
    SubscriptionsDeleted: String(topic.deletedSubscriptions),
    ...(topic.archivedSince === undefined
      ? {}
      : { BeginningArchiveTime: new Date(topic.archivedSince).toISOString() }),
    ...(topic.fifo ? { ContentBasedDeduplication: 'false', FifoThroughputScope: 'Topic' } : {}),
    ...Object.fromEntries(topic.attributes),
  };
}

/** The topic's policy, or the one AWS gives to a topic that has none: everything to the owner. */
export function topicPolicy(topic: Topic, accountId: string): string {
  return topic.attributes.get('Policy') ?? defaultPolicy(topic.arn, accountId);
}

function defaultPolicy(arn: string, accountId: string): string {
  const actions = ['GetTopicAttributes', 'SetTopicAttributes', 'AddPermission', 'RemovePermission']
    .concat(['DeleteTopic', 'Subscribe', 'ListSubscriptionsByTopic', 'Publish'])
    .map((action) => `SNS:${action}`);
  return JSON.stringify({
    Version: '2008-10-17',
    Id: '__default_policy_ID',
    Statement: [
      {
        Sid: '__default_statement_ID',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: actions,
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': accountId } },
      },
    ],
  });
}

function isJsonObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}
