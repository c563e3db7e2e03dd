/** Publish and PublishBatch: what is taken, what is refused, and what comes out of it. */
import { PublishBatchCommand, PublishCommand } from '@aws-sdk/client-sns';
import { behavioursOf, bodies, expect, refused } from '../harness.ts';
import { API, envelope, GUIDE, messageAttributes, topic } from './topics.ts';

const behaviour = behavioursOf('sns');
const INVALID = ['InvalidParameter', 'InvalidParameterException'];
const PUBLISH = `${API}/API_Publish.html`;
const BATCH = `${API}/API_PublishBatch.html`;

behaviour('a message published has an id', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  expect((await publish('hello')).MessageId).toMatch(/^[0-9a-f-]{36}$/);
});

behaviour('publishing to a topic that does not exist is not found', PUBLISH, async (aws) => {
  const { arn } = await topic(aws);

  const call = aws.sns.send(new PublishCommand({ TopicArn: `${arn}-not`, Message: 'a' }));
  expect((await refused(call, 'NotFound', 'NotFoundException')).status).toBe(404);
});

behaviour('publishing to nobody is refused', PUBLISH, async (aws) => {
  await refused(aws.sns.send(new PublishCommand({ Message: 'a' })), ...INVALID);
});

behaviour('TargetArn may name the topic', PUBLISH, async (aws) => {
  const { arn, queue } = await topic(aws);
  const subscribed = await queue({ RawMessageDelivery: 'true' });
  await aws.sns.send(new PublishCommand({ TargetArn: arn, Message: 'a' }));

  expect(bodies(await subscribed.receive(1))).toEqual(['a']);
});

behaviour('an empty message is refused', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish(''), ...INVALID);
});

behaviour('a message of 262,144 bytes is taken', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  expect((await publish('x'.repeat(262_144))).MessageId).toBeDefined();
});

behaviour('a message of one byte more is refused', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish('x'.repeat(262_145)), ...INVALID);
});

behaviour('bytes count, not characters', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish('é'.repeat(131_073)), ...INVALID);
});

behaviour(
  'names, types and values of attributes count as well',
  `${GUIDE}/sns-message-attributes.html`,
  async (aws) => {
    const { publish } = await topic(aws);
    const MessageAttributes = messageAttributes({ name: 'value' });
    const taken = 'name'.length + 'String'.length + 'value'.length;

    await publish('x'.repeat(262_144 - taken), { MessageAttributes });
    await refused(publish('x'.repeat(262_145 - taken), { MessageAttributes }), ...INVALID);
  },
);

behaviour("a topic's MaximumMessageSize is the limit", `${API}/API_SetTopicAttributes.html`, async (aws) => {
  const { publish } = await topic(aws, { MaximumMessageSize: '1024' });

  await publish('x'.repeat(1024));
  await refused(publish('x'.repeat(1025)), ...INVALID);
});

behaviour('a topic may take messages of 1 MiB', `${API}/API_SetTopicAttributes.html`, async (aws) => {
  const { publish } = await topic(aws, { MaximumMessageSize: '1048576' });

  expect((await publish('x'.repeat(1_048_576))).MessageId).toBeDefined();
});

behaviour('a subject of 100 characters is delivered', PUBLISH, async (aws) => {
  const { publish, queue } = await topic(aws);
  const subscribed = await queue();
  const Subject = 's'.repeat(100);
  await publish('a', { Subject });

  const [message] = await subscribed.receive(1);
  expect(envelope(message).Subject).toBe(Subject);
});

for (const [why, Subject] of [
  ['of 101 characters', 's'.repeat(101)],
  ['with a line break', 'a\nb'],
  ['that is empty', ''],
] as const) {
  behaviour(`a subject ${why} is refused`, PUBLISH, async (aws) => {
    const { publish } = await topic(aws);

    await refused(publish('a', { Subject }), ...INVALID);
  });
}

const REFUSED_ATTRIBUTES = [
  'ParameterValueInvalid',
  'InvalidParameterValueException',
  'InvalidParameterValue',
  ...INVALID,
];
const badAttributes: readonly (readonly [string, string, Record<string, string>])[] = [
  ['an unknown type', 'a', { DataType: 'Text', StringValue: 'x' }],
  ['an empty value', 'a', { DataType: 'String', StringValue: '' }],
  ['a Number that is none', 'a', { DataType: 'Number', StringValue: 'one' }],
  ['a space in its name', 'a b', { DataType: 'String', StringValue: 'x' }],
  ['a name that begins with a dot', '.a', { DataType: 'String', StringValue: 'x' }],
  ['a name that ends with a dot', 'a.', { DataType: 'String', StringValue: 'x' }],
  ['two dots in a row in its name', 'a..b', { DataType: 'String', StringValue: 'x' }],
  ['a text where its type says Binary', 'a', { DataType: 'Binary', StringValue: 'x' }],
];
for (const [why, name, value] of badAttributes) {
  behaviour(`an attribute with ${why} is refused`, `${GUIDE}/sns-message-attributes.html`, async (aws) => {
    const { publish } = await topic(aws);
    const attribute = { DataType: value['DataType'], StringValue: value['StringValue'] };

    await refused(publish('x', { MessageAttributes: { [name]: attribute } }), ...REFUSED_ATTRIBUTES);
  });
}

behaviour(
  'an attribute type may have a label of its own',
  `${GUIDE}/sns-message-attributes.html`,
  async (aws) => {
    const { publish, queue } = await topic(aws);
    const subscribed = await queue();
    await publish('x', { MessageAttributes: { id: { DataType: 'Number.long', StringValue: '7' } } });

    const [message] = await subscribed.receive(1);
    expect(envelope(message).MessageAttributes).toEqual({ id: { Type: 'Number.long', Value: '7' } });
  },
);

behaviour('a message structure other than json is refused', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish('{"default":"x"}', { MessageStructure: 'xml' }), ...INVALID);
});

behaviour('a structured message needs a default', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish('{"sqs":"x"}', { MessageStructure: 'json' }), ...INVALID);
});

behaviour('a structured message that is no JSON object is refused', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish('not json', { MessageStructure: 'json' }), ...INVALID);
  await refused(publish('["default"]', { MessageStructure: 'json' }), ...INVALID);
});

behaviour('a structured message gives each protocol its own text', PUBLISH, async (aws) => {
  const { publish, queue } = await topic(aws);
  const subscribed = await queue({ RawMessageDelivery: 'true' });
  await publish('{"default":"for all","sqs":"for queues"}', { MessageStructure: 'json' });
  await publish('{"default":"for all","lambda":"for functions"}', { MessageStructure: 'json' });

  expect(bodies(await subscribed.receive(2)).toSorted()).toEqual(['for all', 'for queues']);
});

behaviour('a standard topic takes no deduplication id', PUBLISH, async (aws) => {
  const { publish } = await topic(aws);

  await refused(publish('a', { MessageDeduplicationId: 'd' }), ...INVALID);
});

behaviour('a standard topic hands the group id on to standard queues', PUBLISH, async (aws) => {
  const { publish, queue } = await topic(aws);
  const subscribed = await queue();
  await publish('a', { MessageGroupId: 'tenant-1' });

  const [message] = await subscribed.receive(1);
  expect(message?.Attributes?.['MessageGroupId']).toBe('tenant-1');
});

behaviour('a phone number that is none is refused', PUBLISH, async (aws) => {
  await refused(aws.sns.send(new PublishCommand({ PhoneNumber: 'call me', Message: 'a' })), ...INVALID);
});

behaviour('ten messages in a batch are all delivered', BATCH, async (aws) => {
  const { arn, queue } = await topic(aws);
  const subscribed = await queue({ RawMessageDelivery: 'true' });
  const texts = Array.from({ length: 10 }, (_, index) => `m${index}`);
  const { Successful, Failed } = await aws.sns.send(
    new PublishBatchCommand({
      TopicArn: arn,
      PublishBatchRequestEntries: texts.map((Message) => ({ Id: Message, Message })),
    }),
  );

  expect(Successful?.map(({ Id }) => Id)).toEqual(texts);
  expect(Failed ?? []).toEqual([]);
  expect(bodies(await subscribed.receive(10)).toSorted()).toEqual(texts);
});

const badBatches: readonly (readonly [why: string, ids: readonly string[], code: string])[] = [
  ['without entries', [], 'EmptyBatchRequest'],
  [
    'of eleven entries',
    Array.from({ length: 11 }, (_, index) => `m${index}`),
    'TooManyEntriesInBatchRequest',
  ],
  ['with an id twice', ['a', 'a'], 'BatchEntryIdsNotDistinct'],
  ['with an id of odd characters', ['a b'], 'InvalidBatchEntryId'],
  ['with an id of 81 characters', ['x'.repeat(81)], 'InvalidBatchEntryId'],
];
for (const [why, ids, code] of badBatches) {
  behaviour(`a batch ${why} is refused`, BATCH, async (aws) => {
    const { arn } = await topic(aws);
    const PublishBatchRequestEntries = ids.map((Id) => ({ Id, Message: 'x' }));

    await refused(
      aws.sns.send(new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries })),
      code,
      `${code}Exception`,
      ...(ids.length === 0 ? ['ValidationError', 'ValidationException', ...INVALID] : []),
    );
  });
}

behaviour('the messages of a batch together are at most as large as one message', BATCH, async (aws) => {
  const { arn } = await topic(aws);
  const PublishBatchRequestEntries = ['a', 'b'].map((Id) => ({ Id, Message: 'x'.repeat(131_073) }));

  await refused(
    aws.sns.send(new PublishBatchCommand({ TopicArn: arn, PublishBatchRequestEntries })),
    'BatchRequestTooLong',
    'BatchRequestTooLongException',
  );
});

behaviour('one bad entry of a batch fails alone', BATCH, async (aws) => {
  const { arn, queue } = await topic(aws);
  const subscribed = await queue({ RawMessageDelivery: 'true' });
  const { Successful, Failed } = await aws.sns.send(
    new PublishBatchCommand({
      TopicArn: arn,
      PublishBatchRequestEntries: [
        { Id: 'good', Message: 'good' },
        { Id: 'bad', Message: '{"sqs":"x"}', MessageStructure: 'json' },
      ],
    }),
  );

  expect(Successful?.map(({ Id }) => Id)).toEqual(['good']);
  expect(Failed).toMatchObject([{ Id: 'bad', Code: 'InvalidParameter', SenderFault: true }]);
  expect(bodies(await subscribed.receive(1))).toEqual(['good']);
});
