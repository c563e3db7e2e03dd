/** Conformance of Kinesis: streams, their shards, settings and consumers. */
import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetResourcePolicyCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListShardsCommand,
  ListStreamConsumersCommand,
  ListStreamsCommand,
  ListTagsForStreamCommand,
  MergeShardsCommand,
  PutResourcePolicyCommand,
  RegisterStreamConsumerCommand,
  RemoveTagsFromStreamCommand,
  SplitShardCommand,
  StartStreamEncryptionCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
} from '@aws-sdk/client-kinesis';
import { behavioursOf, expect, refused } from '../harness.ts';
import { kinesisOf, stream } from '../streams.ts';

const behaviour = behavioursOf('kinesis');
const API = 'https://docs.aws.amazon.com/kinesis/latest/APIReference';
const GUIDE = 'https://docs.aws.amazon.com/streams/latest/dev';
const MIDDLE = String(2n ** 127n);

behaviour(
  'a new stream has its shards, a day of retention and no encryption',
  `${API}/API_CreateStream.html`,
  async (aws) => {
    const tested = await stream(aws, { ShardCount: 3 });

    const { StreamDescriptionSummary: summary } = await kinesisOf(aws).send(
      new DescribeStreamSummaryCommand({ StreamName: tested.name }),
    );

    expect(summary).toMatchObject({
      StreamStatus: 'ACTIVE',
      OpenShardCount: 3,
      RetentionPeriodHours: 24,
      EncryptionType: 'NONE',
      ConsumerCount: 0,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
    });
  },
);

behaviour(
  'the shards divide the range of hash keys without gaps',
  `${API}/API_HashKeyRange.html`,
  async (aws) => {
    const shards = await (await stream(aws, { ShardCount: 3 })).shards();
    const ranges = shards.map(({ HashKeyRange: range }) => [
      BigInt(range?.StartingHashKey ?? -1),
      BigInt(range?.EndingHashKey ?? -1),
    ]);

    expect(ranges[0]?.[0]).toBe(0n);
    expect(ranges.at(-1)?.[1]).toBe(2n ** 128n - 1n);
    expect(ranges[1]?.[0]).toBe((ranges[0]?.[1] ?? 0n) + 1n);
  },
);

behaviour(
  'an on-demand stream begins with four shards',
  `${GUIDE}/how-do-i-size-a-stream.html`,
  async (aws) => {
    const tested = await stream(aws, { StreamModeDetails: { StreamMode: 'ON_DEMAND' } });

    expect(await tested.shards()).toHaveLength(4);
  },
);

behaviour('a name is taken once', `${API}/API_CreateStream.html`, async (aws) => {
  const { name } = await stream(aws);

  await refused(
    kinesisOf(aws).send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 })),
    'ResourceInUseException',
  );
});

behaviour('a name with other characters is refused', `${API}/API_CreateStream.html`, async (aws) => {
  await refused(
    kinesisOf(aws).send(new CreateStreamCommand({ StreamName: 'a b', ShardCount: 1 })),
    'ValidationException',
  );
});

behaviour('a record size below 1,024 KiB is refused', `${API}/API_CreateStream.html`, async (aws) => {
  await refused(
    kinesisOf(aws).send(
      new CreateStreamCommand({ StreamName: aws.uniqueName(), ShardCount: 1, MaxRecordSizeInKiB: 512 }),
    ),
    'ValidationException',
    'InvalidArgumentException',
  );
});

behaviour('streams are listed by name, page by page', `${API}/API_ListStreams.html`, async (aws) => {
  const names = [(await stream(aws)).name, (await stream(aws)).name].toSorted();
  const before = names[0]?.slice(0, -1) ?? '';

  const first = await kinesisOf(aws).send(
    new ListStreamsCommand({ ExclusiveStartStreamName: before, Limit: 1 }),
  );

  expect(first.StreamNames).toHaveLength(1);
  expect(first.HasMoreStreams).toBe(true);
});

behaviour('a deleted stream is gone', `${API}/API_DeleteStream.html`, async (aws) => {
  const { name } = await stream(aws);
  await kinesisOf(aws).send(new DeleteStreamCommand({ StreamName: name }));

  await aws.eventually(
    () =>
      refused(
        kinesisOf(aws).send(new DescribeStreamCommand({ StreamName: name })),
        'ResourceNotFoundException',
      ),
    60,
  );
});

behaviour('a split closes the shard and opens two children', `${API}/API_SplitShard.html`, async (aws) => {
  const tested = await stream(aws);
  await tested.put('before');

  await kinesisOf(aws).send(
    new SplitShardCommand({
      StreamName: tested.name,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: MIDDLE,
    }),
  );
  await tested.active();

  const [parent, ...children] = await tested.shards();
  expect(parent?.SequenceNumberRange?.EndingSequenceNumber).toBeDefined();
  expect(children.map(({ ParentShardId }) => ParentShardId)).toEqual([parent?.ShardId, parent?.ShardId]);
  expect(children[1]?.HashKeyRange?.StartingHashKey).toBe(MIDDLE);
});

behaviour(
  'a closed shard is read to its end and names its children',
  `${API}/API_GetRecords.html`,
  async (aws) => {
    const tested = await stream(aws);
    const { shardId } = await tested.put('before');
    await kinesisOf(aws).send(
      new SplitShardCommand({ StreamName: tested.name, ShardToSplit: shardId, NewStartingHashKey: MIDDLE }),
    );
    await tested.active();

    const read = await tested.read(await tested.iterator(shardId, 'TRIM_HORIZON'));
    const end = read.next === undefined ? read : await tested.read(read.next);

    expect(read.texts).toEqual(['before']);
    expect(end.next).toBeUndefined();
    expect(end.childShardIds).toHaveLength(2);
  },
);

behaviour(
  'records after a split go to the children',
  `${GUIDE}/kinesis-using-sdk-java-after-resharding.html`,
  async (aws) => {
    const tested = await stream(aws);
    await kinesisOf(aws).send(
      new SplitShardCommand({
        StreamName: tested.name,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: MIDDLE,
      }),
    );
    await tested.active();

    expect((await tested.put('low', 'a', '0')).shardId).toBe('shardId-000000000001');
    expect((await tested.put('high', 'a', MIDDLE)).shardId).toBe('shardId-000000000002');
  },
);

behaviour('a split outside of the shard is refused', `${API}/API_SplitShard.html`, async (aws) => {
  const tested = await stream(aws, { ShardCount: 2 });

  await refused(
    kinesisOf(aws).send(
      new SplitShardCommand({
        StreamName: tested.name,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: String(2n ** 128n - 2n),
      }),
    ),
    'InvalidArgumentException',
  );
});

behaviour('a merge makes one child of two adjacent shards', `${API}/API_MergeShards.html`, async (aws) => {
  const tested = await stream(aws, { ShardCount: 2 });

  await kinesisOf(aws).send(
    new MergeShardsCommand({
      StreamName: tested.name,
      ShardToMerge: 'shardId-000000000000',
      AdjacentShardToMerge: 'shardId-000000000001',
    }),
  );
  await tested.active();

  expect((await tested.shards()).at(-1)).toMatchObject({
    ParentShardId: 'shardId-000000000000',
    AdjacentParentShardId: 'shardId-000000000001',
    HashKeyRange: { StartingHashKey: '0', EndingHashKey: String(2n ** 128n - 1n) },
  });
});

behaviour('shards that are not adjacent are not merged', `${API}/API_MergeShards.html`, async (aws) => {
  const tested = await stream(aws, { ShardCount: 3 });

  await refused(
    kinesisOf(aws).send(
      new MergeShardsCommand({
        StreamName: tested.name,
        ShardToMerge: 'shardId-000000000000',
        AdjacentShardToMerge: 'shardId-000000000002',
      }),
    ),
    'InvalidArgumentException',
  );
});

behaviour('the shard count scales to even ranges', `${API}/API_UpdateShardCount.html`, async (aws) => {
  const tested = await stream(aws, { ShardCount: 2 });

  const answer = await kinesisOf(aws).send(
    new UpdateShardCountCommand({
      StreamName: tested.name,
      TargetShardCount: 4,
      ScalingType: 'UNIFORM_SCALING',
    }),
  );
  await tested.active();

  const { Shards } = await kinesisOf(aws).send(
    new ListShardsCommand({ StreamName: tested.name, ShardFilter: { Type: 'AT_LATEST' } }),
  );
  expect(answer).toMatchObject({ CurrentShardCount: 2, TargetShardCount: 4 });
  expect(Shards).toHaveLength(4);
});

behaviour(
  'the shard count does not more than double at once',
  `${API}/API_UpdateShardCount.html`,
  async (aws) => {
    const tested = await stream(aws);

    await refused(
      kinesisOf(aws).send(
        new UpdateShardCountCommand({
          StreamName: tested.name,
          TargetShardCount: 3,
          ScalingType: 'UNIFORM_SCALING',
        }),
      ),
      'LimitExceededException',
      'InvalidArgumentException',
    );
  },
);

behaviour('an on-demand stream is not split by hand', `${API}/API_SplitShard.html`, async (aws) => {
  const tested = await stream(aws, { StreamModeDetails: { StreamMode: 'ON_DEMAND' } });

  await refused(
    kinesisOf(aws).send(
      new SplitShardCommand({
        StreamName: tested.name,
        ShardToSplit: 'shardId-000000000000',
        NewStartingHashKey: '5',
      }),
    ),
    'ValidationException',
  );
});

behaviour('a stream changes to on demand', `${API}/API_UpdateStreamMode.html`, async (aws) => {
  const tested = await stream(aws);

  await kinesisOf(aws).send(
    new UpdateStreamModeCommand({ StreamARN: tested.arn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
  );
  await tested.active();

  const { StreamDescriptionSummary: summary } = await kinesisOf(aws).send(
    new DescribeStreamSummaryCommand({ StreamARN: tested.arn }),
  );
  expect(summary?.StreamModeDetails?.StreamMode).toBe('ON_DEMAND');
});

behaviour(
  'retention grows up to 8,760 hours',
  `${API}/API_IncreaseStreamRetentionPeriod.html`,
  async (aws) => {
    const tested = await stream(aws);
    const increase = (RetentionPeriodHours: number) =>
      kinesisOf(aws).send(
        new IncreaseStreamRetentionPeriodCommand({ StreamName: tested.name, RetentionPeriodHours }),
      );
    await increase(48);
    await tested.active();

    await refused(increase(36), 'InvalidArgumentException');
    await refused(increase(8761), 'InvalidArgumentException');
  },
);

behaviour(
  'retention shrinks to 24 hours and no further',
  `${API}/API_DecreaseStreamRetentionPeriod.html`,
  async (aws) => {
    const tested = await stream(aws);

    await refused(
      kinesisOf(aws).send(
        new DecreaseStreamRetentionPeriodCommand({ StreamName: tested.name, RetentionPeriodHours: 23 }),
      ),
      'InvalidArgumentException',
    );
  },
);

behaviour('tags are added, listed and removed', `${API}/API_AddTagsToStream.html`, async (aws) => {
  const client = kinesisOf(aws);
  const { name: StreamName } = await stream(aws);
  await client.send(new AddTagsToStreamCommand({ StreamName, Tags: { a: '1', b: '2' } }));
  await client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['a'] }));

  const { Tags } = await client.send(new ListTagsForStreamCommand({ StreamName }));

  expect(Tags).toEqual([{ Key: 'b', Value: '2' }]);
});

behaviour(
  'an encrypted stream says so, and so does what is put',
  `${API}/API_StartStreamEncryption.html`,
  async (aws) => {
    const tested = await stream(aws);
    await kinesisOf(aws).send(
      new StartStreamEncryptionCommand({
        StreamName: tested.name,
        EncryptionType: 'KMS',
        KeyId: 'alias/aws/kinesis',
      }),
    );
    await tested.active();

    const { StreamDescription } = await kinesisOf(aws).send(
      new DescribeStreamCommand({ StreamName: tested.name }),
    );
    expect(StreamDescription).toMatchObject({ EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' });
  },
);

behaviour('a resource policy is kept', `${API}/API_PutResourcePolicy.html`, async (aws) => {
  const tested = await stream(aws);
  const account = await aws.accountId();
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'read',
        Effect: 'Allow',
        Principal: { AWS: account },
        Action: ['kinesis:GetRecords', 'kinesis:GetShardIterator'],
        Resource: tested.arn,
      },
    ],
  });
  await kinesisOf(aws).send(new PutResourcePolicyCommand({ ResourceARN: tested.arn, Policy }));

  const kept = await kinesisOf(aws).send(new GetResourcePolicyCommand({ ResourceARN: tested.arn }));

  expect((JSON.parse(kept.Policy ?? '') as { Statement: unknown[] }).Statement).toHaveLength(1);
});

behaviour(
  'a consumer is registered, described and listed',
  `${API}/API_RegisterStreamConsumer.html`,
  async (aws) => {
    const client = kinesisOf(aws);
    const { arn: StreamARN } = await stream(aws);
    const { Consumer } = await client.send(
      new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'reader' }),
    );

    const described = await client.send(
      new DescribeStreamConsumerCommand({ ConsumerARN: Consumer?.ConsumerARN }),
    );
    const listed = await client.send(new ListStreamConsumersCommand({ StreamARN }));

    expect(Consumer?.ConsumerARN).toContain(`${StreamARN}/consumer/reader:`);
    expect(described.ConsumerDescription).toMatchObject({ ConsumerName: 'reader', StreamARN });
    expect(listed.Consumers).toHaveLength(1);
  },
);

behaviour(
  'two consumers of a stream have different names',
  `${API}/API_RegisterStreamConsumer.html`,
  async (aws) => {
    const { arn: StreamARN } = await stream(aws);
    const register = () =>
      kinesisOf(aws).send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'reader' }));
    await register();

    await refused(register(), 'ResourceInUseException');
  },
);

behaviour(
  'a stream with consumers is not deleted unless it is said',
  `${API}/API_DeleteStream.html`,
  async (aws) => {
    const { name, arn } = await stream(aws);
    await kinesisOf(aws).send(new RegisterStreamConsumerCommand({ StreamARN: arn, ConsumerName: 'reader' }));

    await refused(
      kinesisOf(aws).send(new DeleteStreamCommand({ StreamName: name })),
      'ResourceInUseException',
    );
  },
);

behaviour(
  'shards are listed page by page, and a token names the stream alone',
  `${API}/API_ListShards.html`,
  async (aws) => {
    const client = kinesisOf(aws);
    const { name } = await stream(aws, { ShardCount: 3 });
    const first = await client.send(new ListShardsCommand({ StreamName: name, MaxResults: 2 }));
    const second = await client.send(new ListShardsCommand({ NextToken: first.NextToken }));

    expect([first.Shards?.length, second.Shards?.length]).toEqual([2, 1]);
    await refused(
      client.send(new ListShardsCommand({ StreamName: name, NextToken: first.NextToken })),
      'InvalidArgumentException',
    );
  },
);
