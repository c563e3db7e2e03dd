/** Conformance of SQS: queue attributes, their defaults, ranges, names, and what excludes what. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
} from '@aws-sdk/client-sqs';
import { behavioursOf, expect, refused } from '../harness.ts';
import { api, guide, MESSAGE_QUOTAS, QUEUE_QUOTAS } from './pages.ts';

const behaviour = behavioursOf('sqs');
const FIFO = { FifoQueue: 'true' };

behaviour('defaults of a standard queue', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue();
  expect(await queue.attributes()).toMatchObject({
    VisibilityTimeout: '30',
    DelaySeconds: '0',
    MaximumMessageSize: '1048576',
    MessageRetentionPeriod: '345600',
    ReceiveMessageWaitTimeSeconds: '0',
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
    ApproximateNumberOfMessagesDelayed: '0',
  });
});

behaviour('encryption with keys of SQS is on by default', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue();
  expect(await queue.attributes('SqsManagedSseEnabled')).toEqual({ SqsManagedSseEnabled: 'true' });
});

behaviour('defaults of a FIFO queue', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue(FIFO);
  expect(await queue.attributes()).toMatchObject({
    FifoQueue: 'true',
    ContentBasedDeduplication: 'false',
    DeduplicationScope: 'queue',
    FifoThroughputLimit: 'perQueue',
  });
});

behaviour('a standard queue shows no FIFO attributes', api('GetQueueAttributes'), async (aws) => {
  const attributes = await (await aws.queue()).attributes();
  for (const name of [
    'FifoQueue',
    'ContentBasedDeduplication',
    'DeduplicationScope',
    'FifoThroughputLimit',
  ]) {
    expect(attributes).not.toHaveProperty(name);
  }
});

behaviour('QueueArn is made of Region, account and name', api('GetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  expect(queue.arn).toBe(`arn:aws:sqs:${aws.region}:${await aws.accountId()}:${queue.name}`);
});

behaviour(
  'CreatedTimestamp and LastModifiedTimestamp are in seconds',
  api('GetQueueAttributes'),
  async (aws) => {
    const attributes = await (await aws.queue()).attributes('CreatedTimestamp', 'LastModifiedTimestamp');
    expect(attributes['CreatedTimestamp']).toMatch(/^\d{10}$/);
    expect(attributes['LastModifiedTimestamp']).toMatch(/^\d{10}$/);
  },
);

behaviour(
  'a change moves LastModifiedTimestamp, not CreatedTimestamp',
  api('GetQueueAttributes'),
  async (aws) => {
    const queue = await aws.queue();
    const before = await queue.attributes('CreatedTimestamp', 'LastModifiedTimestamp');
    await aws.wait(2);
    await queue.setAttributes({ VisibilityTimeout: '31' });
    await aws.applied();

    const after = await queue.attributes('CreatedTimestamp', 'LastModifiedTimestamp');
    expect(after['CreatedTimestamp']).toBe(before['CreatedTimestamp']);
    expect(Number(after['LastModifiedTimestamp'])).toBeGreaterThan(Number(before['LastModifiedTimestamp']));
  },
);

behaviour('only the attributes asked for are given', api('GetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  expect(Object.keys(await queue.attributes('QueueArn', 'DelaySeconds')).toSorted()).toEqual([
    'DelaySeconds',
    'QueueArn',
  ]);
});

behaviour('without AttributeNames nothing is given', api('GetQueueAttributes'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  const { Attributes } = await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl }));
  expect(Attributes).toBeUndefined();
});

behaviour('asking for an unknown attribute: InvalidAttributeName', api('GetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  await refused(queue.attributes('Colour' as QueueAttributeName), 'InvalidAttributeName');
});

behaviour('setting an unknown attribute: InvalidAttributeName', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  await refused(queue.setAttributes({ Colour: 'red' }), 'InvalidAttributeName');
});

behaviour('creating with an unknown attribute: InvalidAttributeName', api('CreateQueue'), async (aws) => {
  await refused(aws.queue({ Colour: 'red' }), 'InvalidAttributeName');
});

for (const name of ['QueueArn', 'ApproximateNumberOfMessages', 'CreatedTimestamp']) {
  behaviour(`${name} can not be set`, api('SetQueueAttributes'), async (aws) => {
    const queue = await aws.queue();
    await refused(queue.setAttributes({ [name]: '1' }), 'InvalidAttributeName', 'InvalidAttributeValue');
  });
}

const RANGES: readonly (readonly [name: string, minimum: number, maximum: number])[] = [
  ['VisibilityTimeout', 0, 43_200],
  ['DelaySeconds', 0, 900],
  ['MaximumMessageSize', 1024, 1_048_576],
  ['MessageRetentionPeriod', 60, 1_209_600],
  ['ReceiveMessageWaitTimeSeconds', 0, 20],
];

for (const [name, minimum, maximum] of RANGES) {
  behaviour(`${name} takes ${minimum} and ${maximum}`, api('SetQueueAttributes'), async (aws) => {
    const queue = await aws.queue({ [name]: String(minimum) });
    await queue.setAttributes({ [name]: String(maximum) });
    await aws.applied();

    expect(await queue.attributes(name as QueueAttributeName)).toEqual({ [name]: String(maximum) });
  });

  for (const value of [String(minimum - 1), String(maximum + 1), 'abc', '1.5']) {
    behaviour(`${name} ${value}: InvalidAttributeValue`, api('SetQueueAttributes'), async (aws) => {
      await refused(aws.queue({ [name]: value }), 'InvalidAttributeValue');
      const queue = await aws.queue();
      await refused(queue.setAttributes({ [name]: value }), 'InvalidAttributeValue');
    });
  }
}

behaviour('one refused attribute leaves the others as they were', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  await refused(
    queue.setAttributes({ VisibilityTimeout: '50', DelaySeconds: '901' }),
    'InvalidAttributeValue',
  );
  expect(await queue.attributes('VisibilityTimeout')).toEqual({ VisibilityTimeout: '30' });
});

for (const [name, value] of [
  ['ContentBasedDeduplication', 'maybe'],
  ['DeduplicationScope', 'group'],
  ['FifoThroughputLimit', 'perGroup'],
] as const) {
  behaviour(`${name} ${value}: InvalidAttributeValue`, api('CreateQueue'), async (aws) => {
    await refused(aws.queue({ ...FIFO, [name]: value }), 'InvalidAttributeValue');
  });
}

for (const [name, value] of [
  ['ContentBasedDeduplication', 'true'],
  ['DeduplicationScope', 'queue'],
  ['FifoThroughputLimit', 'perQueue'],
] as const) {
  behaviour(`a standard queue does not take ${name}`, api('CreateQueue'), async (aws) => {
    await refused(aws.queue({ [name]: value }), 'InvalidAttributeName', 'InvalidAttributeValue');
  });
}

behaviour(
  'high throughput: both attributes together are taken',
  guide('high-throughput-fifo'),
  async (aws) => {
    const high = { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' };
    const queue = await aws.queue({ ...FIFO, ...high });
    expect(await queue.attributes('DeduplicationScope', 'FifoThroughputLimit')).toEqual(high);
  },
);

behaviour(
  'perMessageGroupId is refused unless the deduplication scope is messageGroup',
  api('CreateQueue'),
  async (aws) => {
    const limit = { FifoThroughputLimit: 'perMessageGroupId' };
    await refused(
      aws.queue({ ...FIFO, ...limit, DeduplicationScope: 'queue' }),
      'InvalidAttributeValue',
      'InvalidParameterValue',
    );
    await refused(aws.queue({ ...FIFO, ...limit }), 'InvalidAttributeValue', 'InvalidParameterValue');
  },
);

behaviour('the type of a queue can not be changed', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue();
  await refused(queue.setAttributes(FIFO), 'InvalidAttributeName', 'InvalidAttributeValue');
});

behaviour('a key of KMS turns the keys of SQS off', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue({ KmsMasterKeyId: 'alias/aws/sqs' });
  expect(await queue.attributes('KmsMasterKeyId', 'SqsManagedSseEnabled')).toEqual({
    KmsMasterKeyId: 'alias/aws/sqs',
    SqsManagedSseEnabled: 'false',
  });
});

behaviour('a key of KMS has a reuse period of 300 seconds by default', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue({ KmsMasterKeyId: 'alias/aws/sqs' });
  expect(await queue.attributes('KmsDataKeyReusePeriodSeconds')).toEqual({
    KmsDataKeyReusePeriodSeconds: '300',
  });
});

behaviour('only one kind of encryption at a time', api('CreateQueue'), async (aws) => {
  await refused(
    aws.queue({ KmsMasterKeyId: 'alias/aws/sqs', SqsManagedSseEnabled: 'true' }),
    'InvalidAttributeValue',
    'InvalidParameterValue',
  );
});

for (const value of ['59', '86401']) {
  behaviour(
    `KmsDataKeyReusePeriodSeconds ${value}: InvalidAttributeValue`,
    api('CreateQueue'),
    async (aws) => {
      await refused(
        aws.queue({ KmsMasterKeyId: 'alias/aws/sqs', KmsDataKeyReusePeriodSeconds: value }),
        'InvalidAttributeValue',
      );
    },
  );
}

behaviour('an empty Policy takes the policy away', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  await aws.allow(queue, 'sns.amazonaws.com', `arn:aws:sns:${aws.region}:${await aws.accountId()}:t`);
  expect(Object.keys(await queue.attributes('Policy'))).toEqual(['Policy']);
  await queue.setAttributes({ Policy: '' });
  await aws.applied();

  expect(Object.keys(await queue.attributes('Policy'))).toEqual([]);
});

for (const [title, Policy] of [
  ['that is no JSON', '{'],
  ['without statements', '{"Version":"2012-10-17"}'],
  [
    'with an unknown effect',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Maybe","Principal":"*","Action":"sqs:*","Resource":"*"}]}',
  ],
] as const) {
  behaviour(`a policy ${title} is refused`, api('SetQueueAttributes'), async (aws) => {
    const queue = await aws.queue();
    await refused(queue.setAttributes({ Policy }), 'InvalidAttributeValue', 'InvalidParameterValue');
  });
}

behaviour('a policy over 8,192 bytes is refused', guide('quotas-policies'), async (aws) => {
  const queue = await aws.queue();
  const statement = (Sid: string) => ({
    Sid,
    Effect: 'Allow',
    Principal: '*',
    Action: 'sqs:SendMessage',
    Resource: queue.arn,
  });
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement('x'.repeat(8200))] });
  await refused(
    queue.setAttributes({ Policy }),
    'InvalidAttributeValue',
    'OverLimit',
    'InvalidParameterValue',
  );
});

behaviour(
  'a new retention holds for messages in the queue already',
  api('SetQueueAttributes'),
  async (aws) => {
    const queue = await aws.queue();
    await queue.send('a');
    await aws.wait(120);
    await queue.setAttributes({ MessageRetentionPeriod: '60' });
    await aws.wait(aws.embedded ? 0 : 900);

    expect(await queue.receiveOnce()).toEqual([]);
  },
);

behaviour('a message is gone after the retention period', api('CreateQueue'), async (aws) => {
  const queue = await aws.queue({ MessageRetentionPeriod: '60' });
  await queue.send('a');
  await aws.wait(61);

  expect(await queue.receiveOnce()).toEqual([]);
  expect(await queue.attributes('ApproximateNumberOfMessages')).toEqual({ ApproximateNumberOfMessages: '0' });
});

behaviour('a message stays until the retention period ends', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue({ MessageRetentionPeriod: '60' });
  await queue.send('a');
  await aws.wait(50);

  expect(await queue.receive(1)).toHaveLength(1);
});

behaviour('a message in flight expires, too', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue({ MessageRetentionPeriod: '60', VisibilityTimeout: '90' });
  await queue.send('a');
  await queue.receive(1);
  await aws.wait(95);

  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour(
  'a new delay holds for later messages only on standard queues',
  api('SetQueueAttributes'),
  async (aws) => {
    const queue = await aws.queue({ DelaySeconds: '60' });
    await queue.send('early');
    await queue.setAttributes({ DelaySeconds: '0' });
    await aws.applied();
    await queue.send('late');

    expect((await queue.receiveOnce()).map(({ Body }) => Body)).toEqual(['late']);
  },
);

behaviour(
  'a new delay holds for messages in a FIFO queue already',
  guide('sqs-delay-queues'),
  async (aws) => {
    const queue = await aws.queue({ ...FIFO, DelaySeconds: '600' });
    await queue.sendTo('g', 'a');
    await queue.setAttributes({ DelaySeconds: '0' });
    await aws.applied();

    expect(await queue.receive(1)).toHaveLength(1);
  },
);

behaviour('a queue name is taken once per account, in both types', QUEUE_QUOTAS, async (aws) => {
  const name = aws.uniqueName();
  for (const [QueueName, Attributes] of [
    [name, {}],
    [`${name}.fifo`, FIFO],
  ] as const) {
    const { QueueUrl } = await aws.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    aws.cleanup(() => aws.sqs.send(new DeleteQueueCommand({ QueueUrl })));
    expect(QueueUrl?.endsWith(`/${QueueName}`)).toBe(true);
  }
});
