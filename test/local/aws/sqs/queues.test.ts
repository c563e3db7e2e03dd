/** Queues themselves: creating, finding, listing, attributes, tags, permissions, purging, deleting. */
import { describe, expect, test } from '@jest/globals';
import { sqsInProcess } from './in-process.ts';

type Attributes = { readonly Attributes: Readonly<Record<string, string>> };

describe('CreateQueue', () => {
  test('is idempotent for the same attributes and QueueNameExists for others', async () => {
    const { call, queue, refusal } = sqsInProcess();
    const jobs = await queue('jobs', { VisibilityTimeout: '60' });

    expect(await call('CreateQueue', { QueueName: 'jobs' })).toEqual({ QueueUrl: jobs.url });
    expect(
      await call('CreateQueue', {
        QueueName: 'jobs',
        Attributes: { VisibilityTimeout: '60', DelaySeconds: '0' },
      }),
    ).toEqual({ QueueUrl: jobs.url });
    expect(await refusal('CreateQueue', { QueueName: 'jobs', Attributes: { VisibilityTimeout: '61' } })).toBe(
      'QueueAlreadyExists',
    );
  });

  test.each([
    ['jobs', {}],
    ['x'.repeat(80), {}],
    ['a_B-9', {}],
    [`${'x'.repeat(75)}.fifo`, { FifoQueue: 'true' }],
  ])('takes the name %s', async (QueueName, Attributes) => {
    const { call } = sqsInProcess();

    expect(await call('CreateQueue', { QueueName, Attributes })).toHaveProperty('QueueUrl');
  });

  test.each([
    ['x'.repeat(81), {}],
    ['a b', {}],
    ['jobs.fifo', {}],
    ['jobs', { FifoQueue: 'true' }],
    [`${'x'.repeat(76)}.fifo`, { FifoQueue: 'true' }],
    ['.fifo', { FifoQueue: 'true' }],
  ])('refuses the name %s with %j', async (QueueName, Attributes) => {
    const { refusal } = sqsInProcess();

    expect(await refusal('CreateQueue', { QueueName, Attributes })).toBe('InvalidParameterValue');
  });

  test.each([
    [{ VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
    [{ DelaySeconds: '901' }, 'InvalidAttributeValue'],
    [{ MessageRetentionPeriod: '59' }, 'InvalidAttributeValue'],
    [{ MessageRetentionPeriod: '1209601' }, 'InvalidAttributeValue'],
    [{ ReceiveMessageWaitTimeSeconds: '21' }, 'InvalidAttributeValue'],
    [{ MaximumMessageSize: '1023' }, 'InvalidAttributeValue'],
    [{ MaximumMessageSize: '1048577' }, 'InvalidAttributeValue'],
    [{ KmsDataKeyReusePeriodSeconds: '59' }, 'InvalidAttributeValue'],
    [{ VisibilityTimeout: 'long' }, 'InvalidAttributeValue'],
    [{ Policy: '{' }, 'InvalidAttributeValue'],
    [
      { Policy: JSON.stringify({ Statement: Array.from({ length: 21 }, () => ({})) }) },
      'InvalidAttributeValue',
    ],
    [{ Nope: '1' }, 'InvalidAttributeName'],
    [{ QueueArn: 'x' }, 'InvalidAttributeName'],
    [{ ContentBasedDeduplication: 'true' }, 'InvalidAttributeName'],
  ])('refuses %j as %s', async (Attributes, code) => {
    const { refusal } = sqsInProcess();

    expect(await refusal('CreateQueue', { QueueName: 'jobs', Attributes })).toBe(code);
  });

  test('perMessageGroupId needs the deduplication scope messageGroup', async () => {
    const { refusal } = sqsInProcess();
    const Attributes = {
      FifoQueue: 'true',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perMessageGroupId',
    };

    expect(await refusal('CreateQueue', { QueueName: 'q.fifo', Attributes })).toBe('InvalidAttributeValue');
  });
});

describe('DeleteQueue', () => {
  test('takes the queue away, and its name for a minute', async () => {
    const { clock, queue, refusal } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.send('a');
    await jobs.call('DeleteQueue');

    expect(await jobs.refusal('ReceiveMessage')).toBe('AWS.SimpleQueueService.NonExistentQueue');
    await clock.advance(59_999);
    expect(await refusal('CreateQueue', { QueueName: 'jobs' })).toBe(
      'AWS.SimpleQueueService.QueueDeletedRecently',
    );
    await clock.advance(1);
    const successor = await queue('jobs');

    expect(successor.counts().visible).toBe(0);
  });
});

describe('GetQueueUrl and ListQueues', () => {
  test('GetQueueUrl finds a queue by name and owner', async () => {
    const { call, queue, refusal } = sqsInProcess();
    const jobs = await queue('jobs');

    expect(await call('GetQueueUrl', { QueueName: 'jobs' })).toEqual({ QueueUrl: jobs.url });
    expect(await refusal('GetQueueUrl', { QueueName: 'nope' })).toBe(
      'AWS.SimpleQueueService.NonExistentQueue',
    );
    expect(await refusal('GetQueueUrl', { QueueName: 'jobs', QueueOwnerAWSAccountId: '111111111111' })).toBe(
      'AWS.SimpleQueueService.NonExistentQueue',
    );
  });

  test('ListQueues filters by prefix and pages when MaxResults is set', async () => {
    const { call, queue, refusal } = sqsInProcess();
    for (const name of ['b-3', 'a-1', 'b-1', 'b-2']) await queue(name);
    const names = (output: { QueueUrls?: string[] }) => output.QueueUrls?.map((url) => url.split('/').at(-1));
    const list = (input: object) =>
      call<{ QueueUrls?: string[]; NextToken?: string }>('ListQueues', { ...input });

    expect(names(await list({}))).toEqual(['a-1', 'b-1', 'b-2', 'b-3']);
    const first = await list({ QueueNamePrefix: 'b', MaxResults: 2 });
    const second = await list({ QueueNamePrefix: 'b', MaxResults: 2, NextToken: first.NextToken });

    expect([names(first), names(second)]).toEqual([['b-1', 'b-2'], ['b-3']]);
    expect(second).not.toHaveProperty('NextToken');
    expect(await list({ QueueNamePrefix: 'none' })).toEqual({});
    expect(await refusal('ListQueues', { MaxResults: 1001 })).toBe('InvalidParameterValue');
    expect(await refusal('ListQueues', { NextToken: 'x' })).toBe('InvalidParameterValue');
  });
});

describe('attributes', () => {
  test('All shows the defaults of a queue', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    const { Attributes } = await jobs.call<Attributes>('GetQueueAttributes', { AttributeNames: ['All'] });

    expect(Attributes).toEqual({
      QueueArn: 'arn:aws:sqs:us-east-1:000000000000:jobs',
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '0',
      ApproximateNumberOfMessagesDelayed: '0',
      CreatedTimestamp: String(Date.UTC(2026, 0, 1) / 1000),
      LastModifiedTimestamp: String(Date.UTC(2026, 0, 1) / 1000),
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
    });
  });

  test('only what is asked for is shown; nothing asked for, nothing shown', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');

    expect(await jobs.call('GetQueueAttributes')).toEqual({});
    expect(
      await jobs.call('GetQueueAttributes', { AttributeNames: ['DelaySeconds', 'RedrivePolicy'] }),
    ).toEqual({
      Attributes: { DelaySeconds: '0' },
    });
    expect(await jobs.refusal('GetQueueAttributes', { AttributeNames: ['Nope'] })).toBe(
      'InvalidAttributeName',
    );
  });

  test('counts show what waits, is in flight and is delayed', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    for (const body of ['a', 'b', 'c']) await jobs.send(body);
    await jobs.send('d', { DelaySeconds: 10 });
    await jobs.receive({ MaxNumberOfMessages: 1 });

    const { Attributes } = await jobs.call<Attributes>('GetQueueAttributes', {
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    });

    expect(Object.values(Attributes)).toEqual(['2', '1', '1']);
  });

  test('a customer key switches the service key off, and the other way round', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs', { KmsMasterKeyId: 'alias/mine' });
    const shown = async () =>
      (await jobs.call<Attributes>('GetQueueAttributes', { AttributeNames: ['All'] })).Attributes;

    expect(await shown()).toMatchObject({ KmsMasterKeyId: 'alias/mine', SqsManagedSseEnabled: 'false' });
    await jobs.call('SetQueueAttributes', { Attributes: { SqsManagedSseEnabled: 'true' } });
    expect(await shown()).not.toHaveProperty('KmsMasterKeyId');
  });
});

describe('PurgeQueue', () => {
  test('deletes everything, in flight and delayed too, once a minute', async () => {
    const { clock, queue } = sqsInProcess();
    const jobs = await queue('jobs');
    for (const body of ['a', 'b']) await jobs.send(body);
    await jobs.send('c', { DelaySeconds: 10 });
    const [message] = await jobs.receive({ MaxNumberOfMessages: 1 });

    await jobs.call('PurgeQueue');

    expect(jobs.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    await jobs.delete(message);
    expect(await jobs.refusal('PurgeQueue')).toBe('AWS.SimpleQueueService.PurgeQueueInProgress');
    await clock.advance(60_000);
    await jobs.call('PurgeQueue');
  });

  test('a FIFO queue remembers deduplication ids and sequence over a purge, and forgets the locks', async () => {
    const { queue } = sqsInProcess();
    const orders = await queue('orders.fifo');
    const before = await orders.sendTo('A', 'a', { MessageDeduplicationId: 'd' });
    await orders.receive();

    await orders.call('PurgeQueue');
    await orders.sendTo('A', 'again', { MessageDeduplicationId: 'd' });
    const after = await orders.sendTo('A', 'b');

    expect((await orders.receive()).map((message) => message.Body)).toEqual(['b']);
    expect(after.SequenceNumber > before.SequenceNumber).toBe(true);
  });
});

describe('tags', () => {
  test('are set at creation, added, replaced and removed', async () => {
    const { call } = sqsInProcess();
    const { QueueUrl } = await call('CreateQueue', { QueueName: 'jobs', tags: { team: 'a', env: 'dev' } });

    await call('TagQueue', { QueueUrl, Tags: { team: 'b', cost: '1' } });
    await call('UntagQueue', { QueueUrl, TagKeys: ['env', 'absent'] });

    expect(await call('ListQueueTags', { QueueUrl })).toEqual({ Tags: { team: 'b', cost: '1' } });
  });
});

describe('permissions', () => {
  const grant = {
    Label: 'share',
    AWSAccountIds: ['111111111111'],
    Actions: ['SendMessage', 'ReceiveMessage'],
  };

  test('AddPermission writes a statement, RemovePermission takes it away', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    const policy = async () => {
      const { Attributes } = await jobs.call<Partial<Attributes>>('GetQueueAttributes', {
        AttributeNames: ['Policy'],
      });
      return JSON.parse(Attributes?.['Policy'] ?? 'null') as { Statement: unknown[] } | null;
    };

    await jobs.call('AddPermission', grant);
    expect((await policy())?.Statement).toEqual([
      {
        Sid: 'share',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111111111111:root' },
        Action: ['SQS:SendMessage', 'SQS:ReceiveMessage'],
        Resource: jobs.arn,
      },
    ]);
    await jobs.call('RemovePermission', { Label: 'share' });

    expect(await policy()).toBeNull();
  });

  test('a label used twice, an unknown label, an unknown action and too many actions are refused', async () => {
    const { queue } = sqsInProcess();
    const jobs = await queue('jobs');
    await jobs.call('AddPermission', grant);
    const actions = ['SendMessage', 'ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'];
    const eight = [
      ...actions,
      'GetQueueAttributes',
      'GetQueueUrl',
      'ListDeadLetterSourceQueues',
      'PurgeQueue',
    ];

    expect(await jobs.refusal('AddPermission', grant)).toBe('InvalidParameterValue');
    expect(await jobs.refusal('RemovePermission', { Label: 'other' })).toBe('InvalidParameterValue');
    expect(await jobs.refusal('AddPermission', { ...grant, Label: 'l', Actions: ['Fly'] })).toBe(
      'InvalidParameterValue',
    );
    expect(await jobs.refusal('AddPermission', { ...grant, Label: 'l', Actions: eight })).toBe('OverLimit');
  });

  test('a policy set as attribute is kept as it is', async () => {
    const { queue } = sqsInProcess();
    const Policy = '{"Version": "2012-10-17", "Statement": []}';
    const jobs = await queue('jobs', { Policy });

    expect(await jobs.call('GetQueueAttributes', { AttributeNames: ['Policy'] })).toEqual({
      Attributes: { Policy },
    });
  });
});
