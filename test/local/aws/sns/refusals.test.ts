/** What SNS refuses, in its words. */
import { describe, expect, test } from '@jest/globals';

import { createHarness, queueArn, refusal } from './harness.ts';

const { sns, context } = createHarness();
const { TopicArn } = sns.createTopic({ Name: 'orders' });
const fifo = sns.createTopic({ Name: 'orders.fifo', Attributes: { FifoTopic: 'true' } }).TopicArn;
const { SubscriptionArn } = sns.subscribe({ TopicArn, Protocol: 'sqs', Endpoint: queueArn('q') });
const caller = { accountId: context.accountId, arn: 'arn:aws:iam::000000000000:root' };
const call = (action: string, input: Record<string, unknown>) => sns.handle(action, input, caller);

const INVALID = 'InvalidParameter';
const attribute = (value: Record<string, unknown>, name = 'attr1') => ({
  TopicArn,
  Message: 'x',
  MessageAttributes: { [name]: value },
});
const set = (AttributeName: string, AttributeValue: string) => ({
  SubscriptionArn,
  AttributeName,
  AttributeValue,
});
const subscription = (input: Record<string, unknown>) => ({
  TopicArn,
  Protocol: 'sqs',
  Endpoint: queueArn('other'),
  ...input,
});
const entries = (count: number, more: Record<string, unknown> = {}, topic = TopicArn) => ({
  TopicArn: topic,
  PublishBatchRequestEntries: Array.from({ length: count }, (_, index) => ({
    Id: `id${index}`,
    Message: 'x',
    ...more,
  })),
});

type Case = readonly [action: string, input: Record<string, unknown>, code: string, message: string];

const topics: readonly Case[] = [
  ['CreateTopic', { Name: 'a b' }, INVALID, 'Invalid parameter: Topic Name'],
  ['CreateTopic', { Name: 'a.fifo' }, INVALID, 'Invalid parameter: Topic Name'],
  ['CreateTopic', { Name: 'a', Attributes: { FifoTopic: 'true' } }, INVALID, 'Invalid parameter: Topic Name'],
  [
    'CreateTopic',
    { Name: 'orders', Attributes: { DisplayName: 'x' } },
    INVALID,
    'Invalid parameter: Attributes Reason: Topic already exists with different attributes',
  ],
  [
    'CreateTopic',
    { Name: 'orders', Tags: [{ Key: 'a', Value: 'b' }] },
    INVALID,
    'Invalid parameter: Tags Reason: Topic already exists with different tags',
  ],
  [
    'CreateTopic',
    {
      Name: 'new',
      Tags: [
        { Key: 'a', Value: 'b' },
        { Key: 'a', Value: 'c' },
      ],
    },
    INVALID,
    'Invalid parameter: Duplicated keys are not allowed.',
  ],
  ['GetTopicAttributes', { TopicArn: `${TopicArn}x` }, 'NotFound', 'Topic does not exist'],
  [
    'GetTopicAttributes',
    { TopicArn: 'topic' },
    INVALID,
    'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
  ],
  [
    'SetTopicAttributes',
    { TopicArn, AttributeName: 'x', AttributeValue: 'y' },
    INVALID,
    'Invalid parameter: AttributeName',
  ],
  [
    'SetTopicAttributes',
    { TopicArn, AttributeName: 'MaximumMessageSize', AttributeValue: '1' },
    INVALID,
    'Invalid parameter: Attributes Reason: MaximumMessageSize: Invalid value [1]. Must be from 1024 to 1048576.',
  ],
  ['ListTagsForResource', { ResourceArn: `${TopicArn}x` }, 'ResourceNotFound', 'Resource does not exist'],
];

const subscriptions: readonly Case[] = [
  [
    'Subscribe',
    subscription({ Protocol: 'test-protocol' }),
    INVALID,
    'Invalid parameter: Amazon SNS does not support this protocol string: test-protocol',
  ],
  [
    'Subscribe',
    subscription({ Endpoint: 'http://127.0.0.1/000000000000/q' }),
    INVALID,
    'Invalid parameter: SQS endpoint ARN',
  ],
  [
    'Subscribe',
    subscription({ Endpoint: queueArn('q.fifo') }),
    INVALID,
    'Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics',
  ],
  ['Subscribe', subscription({ TopicArn: `${TopicArn}x` }), 'NotFound', 'Topic does not exist'],
  [
    'Subscribe',
    subscription({ Attributes: { RawMessageDelivery: 'wrongvalue' } }),
    INVALID,
    'Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false.',
  ],
  [
    'Subscribe',
    subscription({ Attributes: { FilterPolicy: '{"a":{"b":["c"]}}' } }),
    INVALID,
    'Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy',
  ],
  [
    'Subscribe',
    subscription({ Attributes: { FilterPolicy: '{"a":[{"wrong-operator":true}]}' } }),
    INVALID,
    'Invalid parameter: Attributes Reason: FilterPolicy: Unrecognized match type wrong-operator',
  ],
  [
    'Subscribe',
    { TopicArn, Protocol: 'sqs', Endpoint: queueArn('q'), Attributes: { RawMessageDelivery: 'true' } },
    INVALID,
    'Invalid parameter: Attributes Reason: Subscription already exists with different attributes',
  ],
  [
    'Subscribe',
    {
      TopicArn: fifo,
      Protocol: 'sqs',
      Endpoint: queueArn('q.fifo'),
      Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn('dead') }) },
    },
    INVALID,
    'Invalid parameter: Attributes Reason: RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.',
  ],
  ['SetSubscriptionAttributes', set('FakeAttribute', 'x'), INVALID, 'Invalid parameter: AttributeName'],
  [
    'SetSubscriptionAttributes',
    set('FilterPolicyScope', 'RandomValue'),
    INVALID,
    'Invalid parameter: FilterPolicyScope: Invalid value [RandomValue]. Please use either MessageBody or MessageAttributes',
  ],
  [
    'SetSubscriptionAttributes',
    set('RedrivePolicy', '{"deadLetterTargetArn":"x"}'),
    INVALID,
    'Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn',
  ],
  [
    'SetSubscriptionAttributes',
    set('FilterPolicy', JSON.stringify({ a: ['1'], b: ['1'], c: ['1'], d: ['1'], e: ['1'], f: ['1'] })),
    INVALID,
    'Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys',
  ],
  [
    'GetSubscriptionAttributes',
    { SubscriptionArn: `${SubscriptionArn}x` },
    'NotFound',
    'Subscription does not exist',
  ],
  [
    'Unsubscribe',
    { SubscriptionArn: 'x' },
    INVALID,
    'Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1',
  ],
  ['ConfirmSubscription', { TopicArn, Token: 'nonsense' }, INVALID, 'Invalid parameter: Token'],
];

const publishing: readonly Case[] = [
  ['Publish', { TopicArn, Message: '' }, INVALID, 'Invalid parameter: Empty message'],
  ['Publish', { TopicArn, Message: 'x', Subject: '' }, INVALID, 'Invalid parameter: Subject'],
  ['Publish', { TopicArn, Message: 'x', Subject: 'x'.repeat(101) }, INVALID, 'Invalid parameter: Subject'],
  ['Publish', { TopicArn, Message: 'x'.repeat(262_145) }, INVALID, 'Invalid parameter: Message too long'],
  [
    'Publish',
    { ...attribute({ DataType: 'String', StringValue: 'x' }, 'a'), Message: 'x'.repeat(262_144) },
    INVALID,
    'Invalid parameter: Message too long',
  ],
  ['Publish', { TopicArn: `${TopicArn}x`, Message: 'x' }, 'NotFound', 'Topic does not exist'],
  [
    'Publish',
    { Message: 'x' },
    INVALID,
    'Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter',
  ],
  [
    'Publish',
    { TopicArn, Message: 'x', MessageDeduplicationId: 'd' },
    INVALID,
    'Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type',
  ],
  [
    'Publish',
    { TopicArn: fifo, Message: 'x' },
    INVALID,
    'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
  ],
  [
    'Publish',
    { TopicArn: fifo, Message: 'x', MessageGroupId: 'g' },
    INVALID,
    'Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
  ],
  [
    'Publish',
    { TopicArn, Message: '{"sqs":"x"}', MessageStructure: 'json' },
    INVALID,
    'Invalid parameter: Message Structure - No default entry in JSON message body',
  ],
  [
    'Publish',
    { TopicArn, Message: 'not json', MessageStructure: 'json' },
    INVALID,
    'Invalid parameter: Message Structure - JSON message body failed to parse',
  ],
  [
    'Publish',
    { PhoneNumber: '+1a234', Message: 'x' },
    INVALID,
    'Invalid parameter: PhoneNumber Reason: +1a234 is not valid to publish to',
  ],
  [
    'Publish',
    attribute({ DataType: 'String', StringValue: '' }),
    'ParameterValueInvalid',
    "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type 'String'.",
  ],
  [
    'Publish',
    attribute({ DataType: 'Number', BinaryValue: 'AgME' }),
    'ParameterValueInvalid',
    "The message attribute 'attr1' with type 'Number' must use field 'String'.",
  ],
  [
    'Publish',
    attribute({ DataType: 'nonsense', StringValue: 'x' }),
    'ParameterValueInvalid',
    "The message attribute 'attr1' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
  ],
  [
    'Publish',
    attribute({ StringValue: 'x' }),
    'ValidationError',
    "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' failed to satisfy constraint: Member must not be null",
  ],
  [
    'Publish',
    attribute({ DataType: 'String', StringValue: 'x' }, 'a^b'),
    'ParameterValueInvalid',
    "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots.",
  ],
];

const batches: readonly Case[] = [
  ['PublishBatch', entries(0), 'EmptyBatchRequest', "The batch request doesn't contain any entries."],
  [
    'PublishBatch',
    entries(11),
    'TooManyEntriesInBatchRequest',
    'The batch request contains more entries than permissible.',
  ],
  [
    'PublishBatch',
    entries(2, { Id: 'same' }),
    'BatchEntryIdsNotDistinct',
    'Two or more batch entries in the request have the same Id.',
  ],
  [
    'PublishBatch',
    entries(1, { Id: 'a.b' }),
    'InvalidBatchEntryId',
    'The Id of a batch entry in the batch request contains an impermissible character: a.b',
  ],
  [
    'PublishBatch',
    entries(1, { Id: 'x'.repeat(81) }),
    'InvalidBatchEntryId',
    `The Id of a batch entry in the batch request is too long: ${'x'.repeat(81)}`,
  ],
  [
    'PublishBatch',
    entries(2, { Message: 'x'.repeat(131_073) }),
    'BatchRequestTooLong',
    'The length of all the messages put together is more than the limit.',
  ],
  [
    'PublishBatch',
    entries(1, {}, fifo),
    INVALID,
    'Invalid parameter: The MessageGroupId parameter is required for FIFO topics',
  ],
];

describe('SNS refuses, with the code and the words of AWS', () => {
  test.each([...topics, ...subscriptions, ...publishing, ...batches])(
    '%s %j',
    async (action, input, code, message) => {
      expect(await refusal(() => call(action, input))).toEqual([code, expect.stringContaining(message)]);
    },
  );
});

test('a batch entry that is refused does not hold back its neighbours', async () => {
  const output = await sns.publishBatch({
    TopicArn,
    PublishBatchRequestEntries: [
      { Id: 'good', Message: 'x' },
      { Id: 'empty', Message: '' },
      { Id: 'typeless', Message: 'x', MessageAttributes: { a: { DataType: 'nonsense', StringValue: 'x' } } },
    ],
  });

  expect(output.Successful).toEqual([{ Id: 'good', MessageId: expect.any(String) as unknown }]);
  expect(output.Failed).toMatchObject([
    { Id: 'empty', Code: 'InvalidParameter', SenderFault: true },
    { Id: 'typeless', Code: 'ParameterValueInvalid', SenderFault: true },
  ]);
});

test('exactly the limit is accepted, and a topic may have a larger one', async () => {
  const { sns: other } = createHarness();
  const { TopicArn: small } = other.createTopic({ Name: 'small' });
  const { TopicArn: large } = other.createTopic({
    Name: 'large',
    Attributes: { MaximumMessageSize: '1048576' },
  });

  await expect(other.publish({ TopicArn: small, Message: 'x'.repeat(262_144) })).resolves.toBeDefined();
  await expect(other.publish({ TopicArn: large, Message: 'x'.repeat(1_048_576) })).resolves.toBeDefined();
});
