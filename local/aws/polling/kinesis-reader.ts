/** Reads a Kinesis stream, shard by shard, for a poller. */
import type { AwsContext } from '../context.ts';
import { call } from '../delivery/index.ts';
import type { ReaderOptions, ReadFrom, ShardReader, StreamRecord } from './shard-reader.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html: "Lambda polls ... at a base rate of once per second". */
const POLL_MILLISECONDS = 1000;
const HOUR_MILLISECONDS = 3_600_000;

interface KinesisShard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
  readonly SequenceNumberRange: { readonly EndingSequenceNumber?: string };
}

interface KinesisRecord {
  readonly SequenceNumber: string;
  /** Seconds since the epoch. */
  readonly ApproximateArrivalTimestamp: number;
  /** Base64. */
  readonly Data: string;
  readonly PartitionKey: string;
}

export function kinesisShardReader(
  context: AwsContext,
  { streamArn, caller, invokeIdentityArn }: ReaderOptions,
): ShardReader {
  const ask = async <Answer>(action: string, input: Record<string, unknown>): Promise<Answer> =>
    (await call(context, 'kinesis', action, input, caller)) as Answer;
  const [, , , region = context.region] = streamArn.split(':');

  const toRecord = (shardId: string, record: KinesisRecord): StreamRecord => {
    const kinesis = {
      kinesisSchemaVersion: '1.0',
      partitionKey: record.PartitionKey,
      sequenceNumber: record.SequenceNumber,
      data: record.Data,
      approximateArrivalTimestamp: record.ApproximateArrivalTimestamp,
    };
    const common = {
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `${shardId}:${record.SequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn,
      awsRegion: region,
      eventSourceARN: streamArn,
    };
    const event = { kinesis, ...common };
    return {
      sequenceNumber: record.SequenceNumber,
      orderingKey: record.PartitionKey,
      arrivedAt: record.ApproximateArrivalTimestamp * 1000,
      event,
      // A filter looks at the data as the text that it is, not at base64, and finds all members at the top.
      filterable: { ...common, ...kinesis, data: Buffer.from(record.Data, 'base64').toString('utf8') },
      bytes: Buffer.byteLength(JSON.stringify(event)),
    };
  };

  return {
    kind: 'kinesis',
    pollMilliseconds: POLL_MILLISECONDS,
    async shards() {
      const all: KinesisShard[] = [];
      let input: Record<string, unknown> = { StreamARN: streamArn };
      for (;;) {
        const page = await ask<{ readonly Shards: readonly KinesisShard[]; readonly NextToken?: string }>(
          'ListShards',
          input,
        );
        all.push(...page.Shards);
        if (page.NextToken === undefined) break;
        input = { NextToken: page.NextToken };
      }
      return all.map((shard) => ({
        shardId: shard.ShardId,
        parents: [shard.ParentShardId, shard.AdjacentParentShardId].flatMap((parent) => parent ?? []),
        closed: shard.SequenceNumberRange.EndingSequenceNumber !== undefined,
      }));
    },
    async iterator(shardId, from) {
      const { ShardIterator } = await ask<{ readonly ShardIterator: string }>('GetShardIterator', {
        StreamARN: streamArn,
        ShardId: shardId,
        ...iteratorInput(from, 'StartingSequenceNumber'),
      });
      return ShardIterator;
    },
    async read(shardId, iterator, limit) {
      const answer = await ask<{
        readonly Records: readonly KinesisRecord[];
        readonly NextShardIterator?: string;
      }>('GetRecords', { ShardIterator: iterator, Limit: limit, StreamARN: streamArn });
      return {
        records: answer.Records.map((record) => toRecord(shardId, record)),
        next: answer.NextShardIterator,
      };
    },
    async retention() {
      const { StreamDescriptionSummary } = await ask<{
        readonly StreamDescriptionSummary: { readonly RetentionPeriodHours: number };
      }>('DescribeStreamSummary', { StreamARN: streamArn });
      return StreamDescriptionSummary.RetentionPeriodHours * HOUR_MILLISECONDS;
    },
    observe: (listener) => context.services.find('kinesis')?.observeStream(streamArn, listener),
  };
}

/** Both services' GetShardIterator, but for the name of the one member. */
export function iteratorInput(from: ReadFrom, sequenceNumberMember: string): Record<string, unknown> {
  const common = { ShardIteratorType: from.type };
  if (from.type === 'AT_TIMESTAMP') return { ...common, Timestamp: from.timestamp / 1000 };
  if (from.type !== 'AFTER_SEQUENCE_NUMBER') return common;
  return { ...common, [sequenceNumberMember]: from.sequenceNumber };
}
