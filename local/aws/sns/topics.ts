/** The topic actions: create, describe, change, tag, list, delete. */
import type { AwsContext } from '../context.ts';
import { applyArchivePolicy } from './archive.ts';
import { readArn } from './arn.ts';
import {
  archiveIsActive,
  invalidParameter,
  limitExceeded,
  resourceNotFound,
  tagLimitExceeded,
  topicNotFound,
} from './errors.ts';
import { type Input, list, optionalText, record, tagMap, textMap } from './input.ts';
import { MAX_TAGS, MAX_TOPICS, PAGE_SIZE } from './limits.ts';
import { isFifoName, type Topic } from './model.ts';
import { page } from '../paging.ts';
import type { SnsState } from './state.ts';
import {
  checkCreateAttributes,
  checkTopicAttribute,
  describeTopic,
  isNone,
  topicPolicy,
} from './topic-attributes.ts';

/** Topic names, sns/latest/api/API_CreateTopic.html; a FIFO topic's ends in `.fifo`. */
const NAME = /^[a-zA-Z0-9_-]{1,256}$/;
const FIFO_NAME = /^[a-zA-Z0-9_-]{1,251}\.fifo$/;

export function createTopic(context: AwsContext, state: SnsState, input: Input): { TopicArn: string } {
  const name = optionalText(input, 'Name') ?? '';
  const attributes = textMap(input, 'Attributes');
  const fifo = attributes.get('FifoTopic')?.toLowerCase() === 'true';
  const tags = tagMap(input['Tags'], () => invalidParameter('Duplicated keys are not allowed.'));
  if (fifo ? !FIFO_NAME.test(name) : !NAME.test(name)) {
    throw invalidParameter(
      fifo && !isFifoName(name)
        ? 'Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long.'
        : 'Topic Name',
    );
  }
  checkCreateAttributes(attributes, fifo);
  if (!fifo) attributes.delete('FifoTopic');

  const arn = `arn:aws:sns:${context.region}:${context.accountId}:${name}`;
  const existing = state.topics.get(arn);
  if (existing) {
    checkSame(existing, attributes, tags);
    return { TopicArn: arn };
  }
  const topic: Topic = {
    arn,
    name,
    fifo,
    attributes,
    tags,
    subscriptions: new Map(),
    published: new Map(),
    archive: [],
    archivedSince: undefined,
    lastSequence: 0n,
    deletedSubscriptions: 0,
  };
  checkTopicQuota(state, fifo);
  applyArchivePolicy(context, state, topic);
  state.topics.set(arn, topic);
  state.saveTopic(topic);
  return { TopicArn: arn };
}

function checkTopicQuota(state: SnsState, fifo: boolean): void {
  // The quota of standard topics is far above what a machine holds; counting would cost more than it tells.
  if (!fifo) return;
  const topics = [...state.topics.values()].filter((topic) => topic.fifo).length;
  if (topics >= MAX_TOPICS.fifo) {
    throw limitExceeded('TopicLimitExceeded', 'The number of FIFO topics is at its limit');
  }
}

/** CreateTopic is idempotent as long as what it names is as it was. */
function checkSame(
  topic: Topic,
  attributes: ReadonlyMap<string, string>,
  tags: ReadonlyMap<string, string>,
): void {
  for (const [name, value] of attributes) {
    if (topic.attributes.get(name) !== value) {
      throw invalidParameter('Attributes Reason: Topic already exists with different attributes');
    }
  }
  const tagsDiffer = tags.size > 0 && [...tags].some(([key, value]) => topic.tags.get(key) !== value);
  if (tagsDiffer || (tags.size > 0 && tags.size !== topic.tags.size)) {
    throw invalidParameter('Tags Reason: Topic already exists with different tags');
  }
}

/** The topic an input names. Throws what AWS answers when there is none. */
export function findTopic(
  context: AwsContext,
  state: SnsState,
  arn: string | undefined,
  parameter = 'TopicArn',
) {
  const { region } = readArn(arn, parameter);
  if (region !== context.region) throw invalidParameter(parameter);
  const topic = arn === undefined ? undefined : state.topics.get(arn);
  if (!topic) throw topicNotFound();
  return topic;
}

export function getTopicAttributes(context: AwsContext, state: SnsState, input: Input) {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  return { Attributes: describeTopic(topic, context.accountId) };
}

export function setTopicAttributes(context: AwsContext, state: SnsState, input: Input): void {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  const name = optionalText(input, 'AttributeName') ?? '';
  const value = optionalText(input, 'AttributeValue') ?? '';
  checkTopicAttribute(name, value, topic.fifo);
  if (value === '' || (name === 'ArchivePolicy' && isNone(value))) topic.attributes.delete(name);
  else topic.attributes.set(name, value);
  if (name === 'ArchivePolicy') applyArchivePolicy(context, state, topic);
  state.saveTopic(topic);
}

/** Deletes the topic with its subscriptions. Deleting what is not there is fine. */
export function deleteTopic(state: SnsState, input: Input): void {
  const arn = optionalText(input, 'TopicArn');
  readArn(arn, 'TopicArn');
  const topic = arn === undefined ? undefined : state.topics.get(arn);
  if (!topic) return;
  if (topic.attributes.has('ArchivePolicy')) throw archiveIsActive();
  for (const subscription of topic.subscriptions.values()) {
    state.subscriptions.delete(subscription.arn);
    state.deleteSubscription(subscription);
  }
  state.topics.delete(topic.arn);
  state.deleteTopic(topic);
}

export function listTopics(state: SnsState, input: Input) {
  const { items, next } = page([...state.topics.keys()], {
    size: PAGE_SIZE,
    token: optionalText(input, 'NextToken'),
    invalidToken: () => invalidParameter('NextToken'),
  });
  return { Topics: items.map((TopicArn) => ({ TopicArn })), ...next };
}

export function tagResource(state: SnsState, input: Input): void {
  const topic = taggedTopic(state, input);
  const tags = tagMap(input['Tags'], () => invalidParameter('Duplicated keys are not allowed.'));
  const merged = new Map([...topic.tags, ...tags]);
  if (merged.size > MAX_TAGS) throw tagLimitExceeded();
  for (const [key, value] of tags) topic.tags.set(key, value);
  state.saveTopic(topic);
}

export function untagResource(state: SnsState, input: Input): void {
  const topic = taggedTopic(state, input);
  for (const key of list(input, 'TagKeys')) if (typeof key === 'string') topic.tags.delete(key);
  state.saveTopic(topic);
}

export function listTagsForResource(state: SnsState, input: Input) {
  const { tags } = taggedTopic(state, input);
  return { Tags: [...tags].map(([Key, Value]) => ({ Key, Value })) };
}

function taggedTopic(state: SnsState, input: Input): Topic {
  const arn = optionalText(input, 'ResourceArn');
  readArn(arn, 'ResourceArn');
  const topic = arn === undefined ? undefined : state.topics.get(arn);
  if (!topic) throw resourceNotFound();
  return topic;
}

/** Actions that a statement of a topic policy may name. */
const PERMISSIONS: ReadonlySet<string> = new Set([
  'GetTopicAttributes',
  'SetTopicAttributes',
  'AddPermission',
  'RemovePermission',
  'DeleteTopic',
  'Subscribe',
  'ListSubscriptionsByTopic',
  'Publish',
  'GetDataProtectionPolicy',
  'PutDataProtectionPolicy',
  'Receive',
]);

export function addPermission(context: AwsContext, state: SnsState, input: Input): void {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  const label = optionalText(input, 'Label') ?? '';
  const actions = list(input, 'ActionName').map(String);
  if (actions.some((action) => !PERMISSIONS.has(action))) {
    throw invalidParameter('Policy statement action out of service scope!');
  }
  const policy = parsePolicy(topicPolicy(topic, context.accountId));
  if (policy.Statement.some((statement) => statement['Sid'] === label)) {
    throw invalidParameter('Statement already exists');
  }
  policy.Statement.push({
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: list(input, 'AWSAccountId').map((account) => `arn:aws:iam::${String(account)}:root`) },
    Action: actions.map((action) => `SNS:${action}`),
    Resource: topic.arn,
  });
  topic.attributes.set('Policy', JSON.stringify(policy));
  state.saveTopic(topic);
}

export function removePermission(context: AwsContext, state: SnsState, input: Input): void {
  const topic = findTopic(context, state, optionalText(input, 'TopicArn'));
  const label = optionalText(input, 'Label');
  const policy = parsePolicy(topicPolicy(topic, context.accountId));
  const kept = policy.Statement.filter((statement) => statement['Sid'] !== label);
  topic.attributes.set('Policy', JSON.stringify({ ...policy, Statement: kept }));
  state.saveTopic(topic);
}

function parsePolicy(text: string): { Statement: Record<string, unknown>[] } & Record<string, unknown> {
  const policy = record(JSON.parse(text));
  const statements = Array.isArray(policy['Statement']) ? (policy['Statement'] as unknown[]) : [];
  return { ...policy, Statement: statements.map((statement) => ({ ...record(statement) })) };
}
