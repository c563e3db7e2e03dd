/** DescribeStream, DescribeStreamSummary, ListStreams, ListShards and DescribeLimits. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { invalidArgument, validation } from './errors.ts';
import { optionalText, timestamp, wholeNumber, type Input } from './input.ts';
import {
  GET_RECORDS_COUNT,
  NEXT_TOKEN_LIFE_MILLISECONDS,
  ON_DEMAND_STREAMS,
  SHARDS_PER_ACCOUNT,
} from './limits.ts';
import { encryptionType } from './put-records.ts';
import { shardId, type Shard } from './shard.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

const SHARDS_OF_A_DESCRIPTION = 100;
const STREAMS_OF_A_LIST = 100;
const SHARDS_OF_A_LIST = 1000;

export interface Descriptions {
  readonly describeStream: (input: Input) => Record<string, unknown>;
  readonly describeStreamSummary: (
    input: Input,
    consumerCount: (stream: Stream) => number,
  ) => Record<string, unknown>;
  readonly describeLimits: () => Record<string, unknown>;
  readonly listStreams: (input: Input) => Record<string, unknown>;
  readonly listShards: (input: Input) => Record<string, unknown>;
}

interface ShardToken {
  readonly stream: string;
  readonly after: string;
  readonly issuedAt: number;
  readonly filter: unknown;
}

export function createDescriptions({ clock }: AwsContext, streams: Streams): Descriptions {
  return {
    describeStream(input) {
      const stream = streams.of(input);
      const limit = wholeNumber(input, 'Limit', 1, GET_RECORDS_COUNT, SHARDS_OF_A_DESCRIPTION);
      const after = optionalText(input, 'ExclusiveStartShardId') ?? '';
      const shards = stream.shards.filter(({ id }) => id > after);
      const shown = shards.slice(0, Math.min(limit, SHARDS_OF_A_DESCRIPTION));
      return {
        StreamDescription: {
          ...commonDescription(stream),
          Shards: shown.map(describeShard),
          HasMoreShards: shown.length < shards.length,
        },
      };
    },
    describeStreamSummary(input, consumerCount) {
      const stream = streams.of(input);
      const { data } = stream;
      return {
        StreamDescriptionSummary: {
          ...commonDescription(stream),
          OpenShardCount: stream.openShards().length,
          ConsumerCount: consumerCount(stream),
          MaxRecordSizeInKiB: data.maxRecordSizeKiB,
          RecordDistributionStrategy: data.distribution,
          ...(data.warmThroughputMiBps !== undefined && {
            WarmThroughput: {
              TargetMiBps: data.warmThroughputMiBps,
              CurrentMiBps: data.warmThroughputMiBps,
            },
          }),
        },
      };
    },
    describeLimits() {
      const onDemand = streams.all().filter(({ data }) => data.mode === 'ON_DEMAND');
      const provisioned = streams.all().filter(({ data }) => data.mode === 'PROVISIONED');
      return {
        ShardLimit: SHARDS_PER_ACCOUNT,
        OpenShardCount: provisioned.reduce((sum, stream) => sum + stream.openShards().length, 0),
        OnDemandStreamCount: onDemand.length,
        OnDemandStreamCountLimit: ON_DEMAND_STREAMS,
      };
    },
    listStreams(input) {
      const limit = wholeNumber(input, 'Limit', 1, GET_RECORDS_COUNT, STREAMS_OF_A_LIST);
      const after = optionalText(input, 'NextToken') ?? optionalText(input, 'ExclusiveStartStreamName') ?? '';
      const named = streams
        .all()
        .filter(({ data }) => data.name > after)
        .toSorted((a, b) => (a.data.name < b.data.name ? -1 : 1));
      const shown = named.slice(0, limit);
      const more = shown.length < named.length;
      return {
        StreamNames: shown.map(({ data }) => data.name),
        HasMoreStreams: more,
        ...(more && { NextToken: shown.at(-1)?.data.name }),
        StreamSummaries: shown.map(({ data }) => ({
          StreamName: data.name,
          StreamARN: data.arn,
          StreamStatus: 'ACTIVE',
          StreamModeDetails: { StreamMode: data.mode },
          StreamCreationTimestamp: data.createdAt / 1000,
        })),
      };
    },
    listShards(input) {
      const now = clock.now();
      const text = optionalText(input, 'NextToken');
      if (text !== undefined && (input['StreamName'] !== undefined || input['StreamARN'] !== undefined)) {
        throw invalidArgument('NextToken and StreamName cannot be provided together.');
      }
      const token = text === undefined ? undefined : readToken(text, now);
      const stream = token === undefined ? streams.of(input) : streams.of({ StreamName: token.stream });
      const filter = token === undefined ? input['ShardFilter'] : token.filter;
      const limit = wholeNumber(input, 'MaxResults', 1, GET_RECORDS_COUNT, SHARDS_OF_A_LIST);
      const after = token?.after ?? optionalText(input, 'ExclusiveStartShardId') ?? '';
      const shards = stream.shards.filter((shard) => shard.id > after && passes(shard, filter));
      const shown = shards.slice(0, limit);
      const next: ShardToken = {
        stream: stream.data.name,
        after: shown.at(-1)?.id ?? '',
        issuedAt: now,
        filter,
      };
      return {
        Shards: shown.map(describeShard),
        ...(shown.length < shards.length && {
          NextToken: Buffer.from(JSON.stringify(next)).toString('base64'),
        }),
      };
    },
  };
}

function commonDescription(stream: Stream): Record<string, unknown> {
  const { data } = stream;
  return {
    StreamName: data.name,
    StreamARN: data.arn,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: data.mode },
    RetentionPeriodHours: data.retentionHours,
    StreamCreationTimestamp: data.createdAt / 1000,
    EnhancedMonitoring: [{ ShardLevelMetrics: data.enhancedMetrics }],
    EncryptionType: encryptionType(stream),
    ...(data.keyId !== undefined && { KeyId: data.keyId }),
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Shard.html */
function describeShard(shard: Shard): Record<string, unknown> {
  const { data } = shard;
  return {
    ShardId: shard.id,
    ...(data.parentIndex !== undefined && { ParentShardId: shardId(data.parentIndex) }),
    ...(data.adjacentParentIndex !== undefined && {
      AdjacentParentShardId: shardId(data.adjacentParentIndex),
    }),
    HashKeyRange: { StartingHashKey: data.from, EndingHashKey: data.to },
    SequenceNumberRange: {
      StartingSequenceNumber: shard.sequenceNumber(0),
      ...(data.closedAt !== undefined && { EndingSequenceNumber: shard.sequenceNumber(data.closedAt) }),
    },
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html */
function passes(shard: Shard, filter: unknown): boolean {
  if (filter === undefined || filter === null) return true;
  const { Type, ShardId, Timestamp } = filter as Readonly<Record<string, unknown>>;
  const opened = shard.data.birth * 1000;
  const closed = shard.data.closedTime ?? Infinity;
  switch (Type) {
    case 'AFTER_SHARD_ID':
      if (typeof ShardId !== 'string') throw invalidArgument('ShardId is required for AFTER_SHARD_ID.');
      return shard.id > ShardId;
    case 'AT_LATEST':
      return !shard.closed;
    case 'FROM_TRIM_HORIZON':
      return true;
    // Closed shards that hold nothing any more are forgotten, so the oldest ones have no parents here.
    case 'AT_TRIM_HORIZON':
      return shard.data.parentIndex === undefined;
    case 'AT_TIMESTAMP':
    case 'FROM_TIMESTAMP': {
      const time = timestamp(Timestamp, 'Timestamp');
      if (time === undefined) throw invalidArgument(`Timestamp is required for ${Type}.`);
      return closed >= time && (Type === 'FROM_TIMESTAMP' || opened <= time);
    }
    default:
      throw validation(
        `1 validation error detected: Value '${String(Type)}' at 'shardFilter.type' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]`,
      );
  }
}

function readToken(text: string, now: number): ShardToken {
  let token: ShardToken;
  try {
    token = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as ShardToken;
  } catch {
    throw invalidArgument('Invalid NextToken.');
  }
  if (typeof token.stream !== 'string') throw invalidArgument('Invalid NextToken.');
  if (now - token.issuedAt > NEXT_TOKEN_LIFE_MILLISECONDS) {
    throw new AwsError('ExpiredNextTokenException', 'The NextToken has expired.');
  }
  return token;
}
