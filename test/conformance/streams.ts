/** Kinesis streams under test. */
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  type CreateStreamCommandInput,
  type GetShardIteratorCommandInput,
  type Shard,
} from '@aws-sdk/client-kinesis';
import type { Conformance } from './harness.ts';

export interface TestStream {
  readonly name: string;
  readonly arn: string;
  put(text: string, partitionKey?: string, explicitHashKey?: string): Promise<PutAnswer>;
  shards(): Promise<readonly Shard[]>;
  iterator(
    shardId: string,
    type: GetShardIteratorCommandInput['ShardIteratorType'],
    more?: IteratorMembers,
  ): Promise<string>;
  /** The texts of one shard from an iterator on; one read. */
  read(iterator: string, limit?: number): Promise<ReadAnswer>;
  /** The texts of all shards from their beginning. */
  all(): Promise<readonly string[]>;
  active(): Promise<void>;
}

type IteratorMembers = Partial<Pick<GetShardIteratorCommandInput, 'StartingSequenceNumber' | 'Timestamp'>>;

export interface PutAnswer {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

export interface ReadAnswer {
  readonly texts: readonly string[];
  readonly next: string | undefined;
  readonly millisBehindLatest: number | undefined;
  readonly childShardIds: readonly string[];
}

export const kinesisOf = (aws: Conformance): KinesisClient => aws.client(KinesisClient);

/** A new stream of one shard, unless told otherwise. Deleted afterwards. */
export async function stream(
  aws: Conformance,
  settings: Partial<CreateStreamCommandInput> = { ShardCount: 1 },
): Promise<TestStream> {
  const client = kinesisOf(aws);
  const name = aws.uniqueName('stream');
  await client.send(new CreateStreamCommand({ StreamName: name, ...settings }));
  aws.cleanup(() =>
    client.send(new DeleteStreamCommand({ StreamName: name, EnforceConsumerDeletion: true })),
  );

  const active = (): Promise<void> =>
    aws.eventually(async () => {
      const { StreamDescriptionSummary } = await client.send(
        new DescribeStreamSummaryCommand({ StreamName: name }),
      );
      if (StreamDescriptionSummary?.StreamStatus !== 'ACTIVE')
        throw new Error('the stream is not active yet');
    }, 60);
  await active();
  const { StreamDescriptionSummary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName: name }),
  );

  const tested: TestStream = {
    name,
    arn: StreamDescriptionSummary?.StreamARN ?? '',
    active,
    async put(text, PartitionKey = 'a', ExplicitHashKey) {
      const { ShardId = '', SequenceNumber = '' } = await client.send(
        new PutRecordCommand({ StreamName: name, Data: Buffer.from(text), PartitionKey, ExplicitHashKey }),
      );
      return { shardId: ShardId, sequenceNumber: SequenceNumber };
    },
    async shards() {
      return (await client.send(new ListShardsCommand({ StreamName: name }))).Shards ?? [];
    },
    async iterator(ShardId, ShardIteratorType, more = {}) {
      const { ShardIterator = '' } = await client.send(
        new GetShardIteratorCommand({ StreamName: name, ShardId, ShardIteratorType, ...more }),
      );
      return ShardIterator;
    },
    async read(ShardIterator, Limit) {
      const answer = await client.send(new GetRecordsCommand({ ShardIterator, Limit }));
      return {
        texts: (answer.Records ?? []).map(({ Data }) => Buffer.from(Data ?? []).toString()),
        next: answer.NextShardIterator,
        millisBehindLatest: answer.MillisBehindLatest,
        childShardIds: (answer.ChildShards ?? []).map(({ ShardId = '' }) => ShardId),
      };
    },
    async all() {
      const texts: string[] = [];
      for (const { ShardId = '' } of await tested.shards()) {
        texts.push(...(await tested.read(await tested.iterator(ShardId, 'TRIM_HORIZON'))).texts);
      }
      return texts;
    },
  };
  return tested;
}
