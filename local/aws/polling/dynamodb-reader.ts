/** Reads a DynamoDB stream, shard by shard, for a poller. */
import type { AwsContext } from '../context.ts';
import { call } from '../delivery/index.ts';
import { iteratorInput } from './kinesis-reader.ts';
import type { ReaderOptions, ShardReader, StreamRecord } from './shard-reader.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html: "a base rate of 4 times per second". */
const POLL_MILLISECONDS = 250;
/** DynamoDB keeps the records of a stream for a day. GetRecords takes 1,000 of them. API_streams_GetRecords.html */
const RETENTION_MILLISECONDS = 86_400_000;
const GET_RECORDS_LIMIT = 1000;

interface DynamodbShard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly SequenceNumberRange?: { readonly EndingSequenceNumber?: string };
}

interface DynamodbRecord {
  readonly UserIdentity?: { readonly Type?: string; readonly PrincipalId?: string };
  readonly dynamodb: {
    readonly SequenceNumber: string;
    /** Seconds since the epoch, or a Date within this process. */
    readonly ApproximateCreationDateTime: number | Date;
    readonly Keys: Readonly<Record<string, unknown>>;
  };
}

export function dynamodbShardReader(context: AwsContext, { streamArn, caller }: ReaderOptions): ShardReader {
  const ask = async <Answer>(action: string, input: Record<string, unknown>): Promise<Answer> =>
    (await call(context, 'dynamodbstreams', action, input, caller)) as Answer;

  const toRecord = ({ UserIdentity, ...record }: DynamodbRecord): StreamRecord => {
    const created = record.dynamodb.ApproximateCreationDateTime;
    const seconds = created instanceof Date ? created.getTime() / 1000 : created;
    const event = {
      ...record,
      // Lambda spells this one member differently from the API.
      ...(UserIdentity && {
        userIdentity: { type: UserIdentity.Type, principalId: UserIdentity.PrincipalId },
      }),
      dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: seconds },
      eventSourceARN: streamArn,
    };
    return {
      sequenceNumber: record.dynamodb.SequenceNumber,
      orderingKey: JSON.stringify(record.dynamodb.Keys),
      arrivedAt: seconds * 1000,
      event,
      filterable: event,
      bytes: Buffer.byteLength(JSON.stringify(event)),
    };
  };

  return {
    kind: 'dynamodb',
    pollMilliseconds: POLL_MILLISECONDS,
    async shards() {
      const all: DynamodbShard[] = [];
      let from: string | undefined;
      do {
        const { StreamDescription } = await ask<{
          readonly StreamDescription: {
            readonly Shards?: readonly DynamodbShard[];
            readonly LastEvaluatedShardId?: string;
          };
        }>('DescribeStream', {
          StreamArn: streamArn,
          ...(from !== undefined && { ExclusiveStartShardId: from }),
        });
        all.push(...(StreamDescription.Shards ?? []));
        from = StreamDescription.LastEvaluatedShardId;
      } while (from !== undefined);
      return all.map((shard) => ({
        shardId: shard.ShardId,
        parents: shard.ParentShardId === undefined ? [] : [shard.ParentShardId],
        closed: shard.SequenceNumberRange?.EndingSequenceNumber !== undefined,
      }));
    },
    async iterator(shardId, from) {
      const { ShardIterator } = await ask<{ readonly ShardIterator: string }>('GetShardIterator', {
        StreamArn: streamArn,
        ShardId: shardId,
        ...iteratorInput(from, 'SequenceNumber'),
      });
      return ShardIterator;
    },
    async read(_shardId, iterator, limit) {
      const answer = await ask<{
        readonly Records?: readonly DynamodbRecord[];
        readonly NextShardIterator?: string;
      }>('GetRecords', { ShardIterator: iterator, Limit: Math.min(limit, GET_RECORDS_LIMIT) });
      return { records: (answer.Records ?? []).map(toRecord), next: answer.NextShardIterator };
    },
    retention: () => Promise.resolve(RETENTION_MILLISECONDS),
    observe(listener) {
      try {
        return context.services.find('dynamodbstreams')?.onRecords(streamArn, listener);
      } catch {
        // The stream is not there yet: it is polled.
        return undefined;
      }
    },
  };
}
