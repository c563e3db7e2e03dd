/** Topics: making, describing, changing, listing, tagging, deleting. */
import {
  AddPermissionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetTopicAttributesCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PutDataProtectionPolicyCommand,
  RemovePermissionCommand,
  SetTopicAttributesCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-sns';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { API, GUIDE, topic } from './topics.ts';

const behaviour = behavioursOf('sns');
const create = (aws: Conformance, Name: string, Attributes: Record<string, string> = {}) =>
  aws.sns.send(new CreateTopicCommand({ Name, Attributes }));
const missing = async (aws: Conformance) =>
  `arn:aws:sns:${aws.region}:${await aws.accountId()}:${aws.uniqueName('missing')}`;

behaviour("a topic's ARN names region, account and topic", `${API}/API_CreateTopic.html`, async (aws) => {
  const { arn, name } = await topic(aws);

  expect(arn).toBe(`arn:aws:sns:${aws.region}:${await aws.accountId()}:${name}`);
});

behaviour('making a topic again gives the same ARN', `${API}/API_CreateTopic.html`, async (aws) => {
  const { arn, name } = await topic(aws, { DisplayName: 'shop' });

  expect((await create(aws, name, { DisplayName: 'shop' })).TopicArn).toBe(arn);
  expect((await create(aws, name)).TopicArn).toBe(arn);
});

behaviour(
  'making a topic again with other attributes is refused',
  `${API}/API_CreateTopic.html`,
  async (aws) => {
    const { name } = await topic(aws, { DisplayName: 'shop' });

    await refused(
      create(aws, name, { DisplayName: 'other' }),
      'InvalidParameter',
      'InvalidParameterException',
    );
  },
);

const badNames: readonly (readonly [why: string, name: string, attributes?: Record<string, string>])[] = [
  ['with a space', 'a b'],
  ['with a dot', 'a.b'],
  ['of 257 characters', 'x'.repeat(257)],
  ['of a FIFO topic that does not end in .fifo', 'orders', { FifoTopic: 'true' }],
];
for (const [why, name, attributes] of badNames) {
  behaviour(`a topic name ${why} is refused`, `${API}/API_CreateTopic.html`, async (aws) => {
    await refused(create(aws, name, attributes), 'InvalidParameter', 'InvalidParameterException');
  });
}

behaviour('a topic name may have 256 characters', `${API}/API_CreateTopic.html`, async (aws) => {
  const Name = aws.uniqueName('long').padEnd(256, 'x');
  const { TopicArn } = await create(aws, Name);
  aws.cleanup(() => aws.sns.send(new DeleteTopicCommand({ TopicArn })));

  expect(TopicArn?.endsWith(Name)).toBe(true);
});

behaviour('an unknown attribute is refused', `${API}/API_CreateTopic.html`, async (aws) => {
  await refused(
    create(aws, aws.uniqueName(), { Colour: 'red' }),
    'InvalidParameter',
    'InvalidParameterException',
  );
});

behaviour(
  'attributes of FIFO topics are refused for standard topics',
  `${API}/API_CreateTopic.html`,
  async (aws) => {
    await refused(
      create(aws, aws.uniqueName(), { ContentBasedDeduplication: 'true' }),
      'InvalidParameter',
      'InvalidParameterException',
    );
  },
);

behaviour(
  'a topic describes itself: owner, policy, counts of subscriptions',
  `${API}/API_GetTopicAttributes.html`,
  async (aws) => {
    const { arn, attributes } = await topic(aws, { DisplayName: 'shop' });

    expect(await attributes()).toMatchObject({
      TopicArn: arn,
      Owner: await aws.accountId(),
      DisplayName: 'shop',
      SubscriptionsConfirmed: '0',
      SubscriptionsPending: '0',
      SubscriptionsDeleted: '0',
    });
  },
);

behaviour(
  'a topic without a policy has the default one, for its owner',
  `${API}/API_GetTopicAttributes.html`,
  async (aws) => {
    const { arn, attributes } = await topic(aws);

    const policy = JSON.parse((await attributes())['Policy'] ?? '{}') as { Statement: object[] };
    expect(policy.Statement).toMatchObject([
      {
        Effect: 'Allow',
        Resource: arn,
        Condition: { StringEquals: { 'AWS:SourceOwner': await aws.accountId() } },
      },
    ]);
  },
);

behaviour(
  'the delivery policy in effect is three retries, 20 seconds apart',
  `${GUIDE}/sns-message-delivery-retries.html`,
  async (aws) => {
    const { attributes } = await topic(aws);

    expect(JSON.parse((await attributes())['EffectiveDeliveryPolicy'] ?? '{}')).toMatchObject({
      http: { defaultHealthyRetryPolicy: { numRetries: 3, minDelayTarget: 20, maxDelayTarget: 20 } },
    });
  },
);

behaviour('a FIFO topic says so', `${GUIDE}/sns-fifo-topics.html`, async (aws) => {
  const { attributes } = await topic(aws, { FifoTopic: 'true' });

  expect(await attributes()).toMatchObject({
    FifoTopic: 'true',
    ContentBasedDeduplication: 'false',
  });
});

behaviour('a changed attribute is shown', `${API}/API_SetTopicAttributes.html`, async (aws) => {
  const { attributes, setAttribute } = await topic(aws);
  await setAttribute('DisplayName', 'changed');
  await aws.applied();

  expect((await attributes())['DisplayName']).toBe('changed');
});

const badValues: readonly (readonly [name: string, value: string])[] = [
  ['Policy', 'no JSON'],
  ['DeliveryPolicy', 'no JSON'],
  ['SignatureVersion', '3'],
  ['TracingConfig', 'Sometimes'],
  ['MaximumMessageSize', '1023'],
  ['MaximumMessageSize', '1048577'],
  ['Colour', 'red'],
  ['FifoTopic', 'true'],
];
for (const [name, value] of badValues) {
  behaviour(`${name} "${value}" is refused`, `${API}/API_SetTopicAttributes.html`, async (aws) => {
    const { setAttribute } = await topic(aws);

    await refused(setAttribute(name, value), 'InvalidParameter', 'InvalidParameterException');
  });
}

const badDelivery: readonly (readonly [why: string, policy: object])[] = [
  ['a smallest delay above the largest', { minDelayTarget: 30, maxDelayTarget: 20, numRetries: 3 }],
  ['a delay of more than an hour', { minDelayTarget: 20, maxDelayTarget: 3601, numRetries: 3 }],
  ['more than 100 retries', { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 101 }],
  [
    'more retries in its phases than in all',
    { numRetries: 2, numNoDelayRetries: 3, minDelayTarget: 1, maxDelayTarget: 1 },
  ],
  [
    'an unknown backoff function',
    { numRetries: 2, minDelayTarget: 1, maxDelayTarget: 1, backoffFunction: 'fibonacci' },
  ],
];
for (const [why, defaultHealthyRetryPolicy] of badDelivery) {
  behaviour(
    `a delivery policy with ${why} is refused`,
    `${GUIDE}/sns-message-delivery-retries.html`,
    async (aws) => {
      const { setAttribute } = await topic(aws);

      await refused(
        setAttribute('DeliveryPolicy', JSON.stringify({ http: { defaultHealthyRetryPolicy } })),
        'InvalidParameter',
        'InvalidParameterException',
      );
    },
  );
}

behaviour('a topic that does not exist is not found', `${API}/API_GetTopicAttributes.html`, async (aws) => {
  const TopicArn = await missing(aws);

  const { status } = await refused(
    aws.sns.send(new GetTopicAttributesCommand({ TopicArn })),
    'NotFound',
    'NotFoundException',
  );
  expect(status).toBe(404);
});

behaviour('what is no ARN is refused', `${API}/API_GetTopicAttributes.html`, async (aws) => {
  await refused(
    aws.sns.send(new GetTopicAttributesCommand({ TopicArn: 'orders' })),
    'InvalidParameter',
    'InvalidParameterException',
  );
});

behaviour(
  'a deleted topic is gone, and deleting it again is no error',
  `${API}/API_DeleteTopic.html`,
  async (aws) => {
    const { arn } = await topic(aws);
    await aws.sns.send(new DeleteTopicCommand({ TopicArn: arn }));
    await aws.sns.send(new DeleteTopicCommand({ TopicArn: arn }));

    await refused(
      aws.sns.send(new GetTopicAttributesCommand({ TopicArn: arn })),
      'NotFound',
      'NotFoundException',
    );
  },
);

behaviour('topics are listed, a hundred a page', `${API}/API_ListTopics.html`, async (aws) => {
  const { arn } = await topic(aws);
  const found: string[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await aws.sns.send(new ListTopicsCommand(NextToken === undefined ? {} : { NextToken }));
    expect(answer.Topics?.length).toBeLessThanOrEqual(100);
    found.push(...(answer.Topics ?? []).map(({ TopicArn = '' }) => TopicArn));
    ({ NextToken } = answer);
  } while (NextToken !== undefined);

  expect(found).toContain(arn);
});

behaviour('a page token that was never given is refused', `${API}/API_ListTopics.html`, async (aws) => {
  await refused(
    aws.sns.send(new ListTopicsCommand({ NextToken: 'nonsense' })),
    'InvalidParameter',
    'InvalidParameterException',
  );
});

behaviour('tags are added, replaced and taken away', `${API}/API_TagResource.html`, async (aws) => {
  const { arn } = await topic(aws);
  const tags = async () => {
    const { Tags } = await aws.sns.send(new ListTagsForResourceCommand({ ResourceArn: arn }));
    return Object.fromEntries((Tags ?? []).map(({ Key, Value }) => [Key, Value]));
  };
  const tag = (Tags: { Key: string; Value: string }[]) =>
    aws.sns.send(new TagResourceCommand({ ResourceArn: arn, Tags }));

  await tag([
    { Key: 'team', Value: 'a' },
    { Key: 'stage', Value: 'test' },
  ]);
  await tag([{ Key: 'team', Value: 'b' }]);
  expect(await tags()).toEqual({ team: 'b', stage: 'test' });

  await aws.sns.send(new UntagResourceCommand({ ResourceArn: arn, TagKeys: ['stage', 'never'] }));
  expect(await tags()).toEqual({ team: 'b' });
});

behaviour('tags of a topic that does not exist are not found', `${API}/API_TagResource.html`, async (aws) => {
  await refused(
    aws.sns.send(new ListTagsForResourceCommand({ ResourceArn: await missing(aws) })),
    'ResourceNotFound',
    'ResourceNotFoundException',
  );
});

behaviour('a topic has at most 50 tags', `${API}/API_TagResource.html`, async (aws) => {
  const { arn } = await topic(aws);
  const Tags = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: 'v' }));

  await refused(
    aws.sns.send(new TagResourceCommand({ ResourceArn: arn, Tags })),
    'TagLimitExceeded',
    'TagLimitExceededException',
  );
});

behaviour(
  'a permission becomes a statement of the policy, and goes by its label',
  `${API}/API_AddPermission.html`,
  async (aws) => {
    const { arn, attributes } = await topic(aws);
    const account = await aws.accountId();
    const add = () =>
      aws.sns.send(
        new AddPermissionCommand({
          TopicArn: arn,
          Label: 'partner',
          AWSAccountId: [account],
          ActionName: ['Publish'],
        }),
      );
    const labels = async () =>
      (JSON.parse((await attributes())['Policy'] ?? '{}') as { Statement: { Sid: string }[] }).Statement.map(
        ({ Sid }) => Sid,
      );

    await add();
    expect(await labels()).toContain('partner');
    await refused(add(), 'InvalidParameter', 'InvalidParameterException');

    await aws.sns.send(new RemovePermissionCommand({ TopicArn: arn, Label: 'partner' }));
    expect(await labels()).not.toContain('partner');
  },
);

behaviour(
  'a permission for an action SNS does not have is refused',
  `${API}/API_AddPermission.html`,
  async (aws) => {
    const { arn } = await topic(aws);
    const AWSAccountId = [await aws.accountId()];

    await refused(
      aws.sns.send(
        new AddPermissionCommand({ TopicArn: arn, Label: 'x', AWSAccountId, ActionName: ['Fly'] }),
      ),
      'InvalidParameter',
      'InvalidParameterException',
    );
  },
);

behaviour(
  'an archive is for FIFO topics only',
  `${GUIDE}/fifo-message-archiving-replay.html`,
  async (aws) => {
    const { arn } = await topic(aws);

    await refused(
      aws.sns.send(
        new SetTopicAttributesCommand({
          TopicArn: arn,
          AttributeName: 'ArchivePolicy',
          AttributeValue: '{"MessageRetentionPeriod":"1"}',
        }),
      ),
      'InvalidParameter',
      'InvalidParameterException',
    );
  },
);

behaviour(
  'a topic with an archive can not be deleted',
  `${GUIDE}/fifo-message-archiving-replay.html`,
  async (aws) => {
    const { arn, setAttribute } = await topic(aws, {
      FifoTopic: 'true',
      ArchivePolicy: '{"MessageRetentionPeriod":"1"}',
    });
    aws.cleanup(() => setAttribute('ArchivePolicy', '{}'));

    await refused(
      aws.sns.send(new DeleteTopicCommand({ TopicArn: arn })),
      'InvalidState',
      'InvalidStateException',
      'InvalidParameter',
      'InvalidParameterException',
    );
  },
);

behaviour(
  'message data protection is closed to new customers',
  `${API}/API_PutDataProtectionPolicy.html`,
  async (aws) => {
    if (!aws.embedded) aws.notRun('depends on when the account began to use it');
    const { arn } = await topic(aws);

    await refused(
      aws.sns.send(new PutDataProtectionPolicyCommand({ ResourceArn: arn, DataProtectionPolicy: '{}' })),
      'AuthorizationError',
      'AuthorizationErrorException',
    );
  },
);
