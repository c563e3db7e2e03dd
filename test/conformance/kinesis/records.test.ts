/** Conformance of Kinesis: putting records and reading them. */
import { createHash } from 'node:crypto';
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { behavioursOf, expect, refused } from '../harness.ts';
import { kinesisOf, stream } from '../streams.ts';

const behaviour = behavioursOf('kinesis');
const API = 'https://docs.aws.amazon.com/kinesis/latest/APIReference';
const GUIDE = 'https://docs.aws.amazon.com/streams/latest/dev';
const MIB = 1024 * 1024;

behaviour(
  'a record put is read with its data, key and sequence number',
  `${API}/API_PutRecord.html`,
  async (aws) => {
    const tested = await stream(aws);
    const { shardId, sequenceNumber } = await tested.put('hello', 'key');

    const ShardIterator = await tested.iterator(shardId, 'TRIM_HORIZON');
    const { Records } = await kinesisOf(aws).send(new GetRecordsCommand({ ShardIterator }));

    expect(Records).toHaveLength(1);
    expect(Records?.[0]).toMatchObject({ PartitionKey: 'key', SequenceNumber: sequenceNumber });
    expect(Buffer.from(Records?.[0]?.Data ?? []).toString()).toBe('hello');
    expect(Records?.[0]?.ApproximateArrivalTimestamp).toBeInstanceOf(Date);
  },
);

behaviour('sequence numbers rise in a shard', `${GUIDE}/key-concepts.html#sequence-number`, async (aws) => {
  const tested = await stream(aws);
  const numbers: bigint[] = [];
  for (const text of ['a', 'b', 'c']) numbers.push(BigInt((await tested.put(text)).sequenceNumber));

  expect(numbers).toEqual(numbers.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(numbers).size).toBe(3);
});

behaviour(
  'records of a shard are read in the order in which they were put',
  `${GUIDE}/key-concepts.html`,
  async (aws) => {
    const tested = await stream(aws);
    for (const text of ['a', 'b', 'c']) await tested.put(text);

    expect(await tested.all()).toEqual(['a', 'b', 'c']);
  },
);

behaviour(
  'the MD5 of the partition key chooses the shard',
  `${GUIDE}/key-concepts.html#partition-key`,
  async (aws) => {
    const tested = await stream(aws, { ShardCount: 2 });
    const shards = await tested.shards();

    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`);
      const expected = shards.find(({ HashKeyRange: range }) => {
        return BigInt(range?.StartingHashKey ?? 0) <= hash && hash <= BigInt(range?.EndingHashKey ?? 0);
      });
      expect((await tested.put('x', key)).shardId).toBe(expected?.ShardId);
    }
  },
);

behaviour('an explicit hash key overrides the partition key', `${API}/API_PutRecord.html`, async (aws) => {
  const tested = await stream(aws, { ShardCount: 2 });
  const [first, second] = await tested.shards();

  expect((await tested.put('x', 'a', '0')).shardId).toBe(first?.ShardId);
  expect((await tested.put('x', 'a', String(2n ** 128n - 1n))).shardId).toBe(second?.ShardId);
});

behaviour('an explicit hash key above 2^128-1 is refused', `${API}/API_PutRecord.html`, async (aws) => {
  const tested = await stream(aws);

  await refused(tested.put('x', 'a', String(2n ** 128n)), 'InvalidArgumentException');
});

behaviour('a partition key has at most 256 characters', `${API}/API_PutRecord.html`, async (aws) => {
  const tested = await stream(aws);
  await tested.put('x', 'k'.repeat(256));

  await refused(tested.put('x', 'k'.repeat(257)), 'ValidationException');
});

behaviour(
  'a record is at most 1 MiB with its key, unless the stream takes more',
  `${API}/API_PutRecord.html`,
  async (aws) => {
    const tested = await stream(aws);

    await refused(tested.put('x'.repeat(MIB + 1)), 'ValidationException', 'InvalidArgumentException');
  },
);

behaviour(
  'a stream with a larger maximum takes a record of 2 MiB',
  `${API}/API_CreateStream.html`,
  async (aws) => {
    const tested = await stream(aws, { ShardCount: 1, MaxRecordSizeInKiB: 10_240 });

    await tested.put('x'.repeat(2 * MIB));

    expect((await tested.all())[0]).toHaveLength(2 * MIB);
  },
);

behaviour('PutRecords answers for each record, in order', `${API}/API_PutRecords.html`, async (aws) => {
  const tested = await stream(aws);
  const Records = ['a', 'b'].map((text) => ({ Data: Buffer.from(text), PartitionKey: text }));

  const answer = await kinesisOf(aws).send(new PutRecordsCommand({ StreamName: tested.name, Records }));

  expect(answer.FailedRecordCount).toBe(0);
  expect(answer.Records?.every(({ ShardId, SequenceNumber }) => ShardId && SequenceNumber)).toBe(true);
  expect(await tested.all()).toEqual(['a', 'b']);
});

behaviour('PutRecords takes at most 500 records', `${API}/API_PutRecords.html`, async (aws) => {
  const tested = await stream(aws);
  const Records = Array.from({ length: 501 }, () => ({ Data: Buffer.from('x'), PartitionKey: 'a' }));

  await refused(
    kinesisOf(aws).send(new PutRecordsCommand({ StreamName: tested.name, Records })),
    'ValidationException',
    'InvalidArgumentException',
  );
});

behaviour('PutRecords without records is refused', `${API}/API_PutRecords.html`, async (aws) => {
  const tested = await stream(aws);

  await refused(
    kinesisOf(aws).send(new PutRecordsCommand({ StreamName: tested.name, Records: [] })),
    'ValidationException',
  );
});

behaviour(
  'what a shard does not take fails record by record, not as a call',
  `${API}/API_PutRecords.html`,
  async (aws) => {
    const tested = await stream(aws);
    const big = (count: number) =>
      Array.from({ length: count }, () => ({ Data: Buffer.alloc(400_000, 'x'), PartitionKey: 'a' }));

    const answer = await kinesisOf(aws).send(
      new PutRecordsCommand({ StreamName: tested.name, Records: big(10) }),
    );

    expect(answer.FailedRecordCount).toBeGreaterThan(0);
    expect(answer.Records?.[0]?.ErrorCode).toBeUndefined();
    expect(answer.Records?.at(-1)).toMatchObject({ ErrorCode: 'ProvisionedThroughputExceededException' });
    expect(answer.Records?.at(-1)?.ErrorMessage).toContain('Rate exceeded for shard');
  },
);

behaviour(
  'a shard takes records again a second later',
  `${GUIDE}/service-sizes-and-limits.html`,
  async (aws) => {
    const tested = await stream(aws);
    const tooMuch = Array.from({ length: 4 }, () => ({ Data: Buffer.alloc(400_000), PartitionKey: 'a' }));
    // In one call: between two, a slow machine lets the second pass that is to show the difference.
    const answer = await kinesisOf(aws).send(
      new PutRecordsCommand({ StreamName: tested.name, Records: tooMuch }),
    );
    expect(answer.FailedRecordCount).toBeGreaterThan(0);

    await aws.wait(1);

    await tested.put('x'.repeat(900_000));
  },
);

behaviour('a stream that is not there is not found', `${API}/API_PutRecord.html`, async (aws) => {
  await refused(
    kinesisOf(aws).send(
      new PutRecordCommand({ StreamName: aws.uniqueName(), Data: Buffer.from('x'), PartitionKey: 'a' }),
    ),
    'ResourceNotFoundException',
  );
});

behaviour(
  'LATEST reads what is put after the iterator was made',
  `${API}/API_GetShardIterator.html`,
  async (aws) => {
    const tested = await stream(aws);
    const { shardId } = await tested.put('before');
    const iterator = await tested.iterator(shardId, 'LATEST');

    await tested.put('after');

    expect((await tested.read(iterator)).texts).toEqual(['after']);
  },
);

behaviour('AT_SEQUENCE_NUMBER begins with that record', `${API}/API_GetShardIterator.html`, async (aws) => {
  const tested = await stream(aws);
  await tested.put('a');
  const { shardId, sequenceNumber } = await tested.put('b');
  await tested.put('c');

  const iterator = await tested.iterator(shardId, 'AT_SEQUENCE_NUMBER', {
    StartingSequenceNumber: sequenceNumber,
  });

  expect((await tested.read(iterator)).texts).toEqual(['b', 'c']);
});

behaviour(
  'AFTER_SEQUENCE_NUMBER begins after that record',
  `${API}/API_GetShardIterator.html`,
  async (aws) => {
    const tested = await stream(aws);
    const { shardId, sequenceNumber } = await tested.put('a');
    await tested.put('b');

    const iterator = await tested.iterator(shardId, 'AFTER_SEQUENCE_NUMBER', {
      StartingSequenceNumber: sequenceNumber,
    });

    expect((await tested.read(iterator)).texts).toEqual(['b']);
  },
);

behaviour('AT_TIMESTAMP begins at that time', `${API}/API_GetShardIterator.html`, async (aws) => {
  const tested = await stream(aws);
  const { shardId } = await tested.put('a');
  await aws.wait(2);
  const from = await tested.put('b');
  const ShardIterator = await tested.iterator(shardId, 'AT_SEQUENCE_NUMBER', {
    StartingSequenceNumber: from.sequenceNumber,
  });
  const { Records } = await kinesisOf(aws).send(new GetRecordsCommand({ ShardIterator }));
  const Timestamp = Records?.[0]?.ApproximateArrivalTimestamp;

  const iterator = await tested.iterator(shardId, 'AT_TIMESTAMP', { Timestamp: Timestamp ?? new Date(0) });

  expect((await tested.read(iterator)).texts).toEqual(['b']);
});

behaviour('a time before the oldest record begins there', `${API}/API_GetShardIterator.html`, async (aws) => {
  const tested = await stream(aws);
  const { shardId } = await tested.put('a');

  const iterator = await tested.iterator(shardId, 'AT_TIMESTAMP', { Timestamp: new Date(1_000_000) });

  expect((await tested.read(iterator)).texts).toEqual(['a']);
});

behaviour(
  'AT_SEQUENCE_NUMBER without a number is refused',
  `${API}/API_GetShardIterator.html`,
  async (aws) => {
    const tested = await stream(aws);

    await refused(tested.iterator('shardId-000000000000', 'AT_SEQUENCE_NUMBER'), 'InvalidArgumentException');
  },
);

behaviour('an iterator of an unknown shard is refused', `${API}/API_GetShardIterator.html`, async (aws) => {
  const tested = await stream(aws);

  await refused(tested.iterator('shardId-000000000099', 'LATEST'), 'ResourceNotFoundException');
});

behaviour('an iterator of an unknown type is refused', `${API}/API_GetShardIterator.html`, async (aws) => {
  const tested = await stream(aws);
  const input = { StreamName: tested.name, ShardId: 'shardId-000000000000', ShardIteratorType: 'NEWEST' };

  await refused(kinesisOf(aws).send(new GetShardIteratorCommand(input as never)), 'ValidationException');
});

behaviour('an iterator is good for five minutes', `${API}/API_GetShardIterator.html`, async (aws) => {
  const tested = await stream(aws);
  const iterator = await tested.iterator('shardId-000000000000', 'LATEST');

  await aws.wait(301);

  await refused(tested.read(iterator), 'ExpiredIteratorException');
});

behaviour('an iterator that Kinesis did not give is refused', `${API}/API_GetRecords.html`, async (aws) => {
  await refused(
    kinesisOf(aws).send(new GetRecordsCommand({ ShardIterator: 'AAAAinvented' })),
    'InvalidArgumentException',
  );
});

behaviour(
  'the next iterator goes on where the last read ended',
  `${API}/API_GetRecords.html`,
  async (aws) => {
    const tested = await stream(aws);
    const { shardId } = await tested.put('a');
    await tested.put('b');
    const first = await tested.read(await tested.iterator(shardId, 'TRIM_HORIZON'), 1);
    const second = await tested.read(first.next ?? '');

    expect([first.texts, second.texts]).toEqual([['a'], ['b']]);
    expect(second.next).toBeDefined();
  },
);

behaviour(
  'MillisBehindLatest is zero at the tip and more before',
  `${API}/API_GetRecords.html`,
  async (aws) => {
    const tested = await stream(aws);
    const { shardId } = await tested.put('a');
    await tested.put('b');
    await aws.wait(2);
    const behind = await tested.read(await tested.iterator(shardId, 'TRIM_HORIZON'), 1);
    const tip = await tested.read(behind.next ?? '');

    expect(behind.millisBehindLatest).toBeGreaterThan(0);
    expect(tip.millisBehindLatest).toBe(0);
  },
);

behaviour('a limit above 10,000 records is refused', `${API}/API_GetRecords.html`, async (aws) => {
  const tested = await stream(aws);
  const iterator = await tested.iterator('shardId-000000000000', 'LATEST');

  await refused(tested.read(iterator, 10_001), 'ValidationException', 'InvalidArgumentException');
});

behaviour('a shard answers five reads a second', `${API}/API_GetRecords.html`, async (aws) => {
  const tested = await stream(aws);
  const iterator = await tested.iterator('shardId-000000000000', 'LATEST');
  const reads = await Promise.allSettled(Array.from({ length: 12 }, () => tested.read(iterator)));

  const names = reads.flatMap((read) =>
    read.status === 'rejected' ? (read.reason as { readonly name: string }).name : [],
  );

  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names)).toEqual(new Set(['ProvisionedThroughputExceededException']));
});

behaviour(
  'records are gone after the retention period',
  `${GUIDE}/kinesis-extended-retention.html`,
  async (aws) => {
    const tested = await stream(aws);
    await tested.put('a');

    await aws.wait(24 * 3600 + 1);

    expect(await tested.all()).toEqual([]);
  },
);

behaviour(
  'an on-demand stream that distributes by itself takes records without a key',
  `${API}/API_CreateStream.html`,
  async (aws) => {
    const tested = await stream(aws, {
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RecordDistributionStrategy: 'AUTO',
    });

    await tested.put('a', 'same');
    await tested.put('b', 'same');

    expect((await tested.all()).toSorted()).toEqual(['a', 'b']);
  },
);

behaviour(
  'a provisioned stream cannot distribute records by itself',
  `${API}/API_CreateStream.html`,
  async (aws) => {
    await refused(
      kinesisOf(aws).send(
        new CreateStreamCommand({
          StreamName: aws.uniqueName(),
          ShardCount: 1,
          RecordDistributionStrategy: 'AUTO',
        }),
      ),
      'ValidationException',
      'InvalidArgumentException',
    );
  },
);
