/** The embedded Kinesis Data Streams: streams of shards that keep records in order for a day or more. */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { kinesisAuthorization } from './authorization.ts';
import { createConsumers } from './consumers.ts';
import { createDescriptions } from './describe.ts';
import { limitExceeded, resourceInUse, validation } from './errors.ts';
import { createGets } from './get-records.ts';
import { checkedName, requiredText, textMap, wholeNumber, type Input } from './input.ts';
import {
  MAX_RECORD_SIZE_KIB,
  ON_DEMAND_SHARDS,
  ON_DEMAND_STREAMS,
  RETENTION_HOURS,
  SHARD_COUNT_MAXIMUM,
} from './limits.ts';
import { createKinesisMetrics } from './metrics.ts';
import { createPuts } from './put-records.ts';
import { createResharding } from './resharding.ts';
import { createSettings, distribution, recordSize, streamMode } from './settings.ts';
import { firstShards } from './stream.ts';
import { createStreams } from './streams.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly kinesis: KinesisService;
  }
}

/** Members that are no texts or numbers in CBOR, which Java's SDKs speak. */
const CBOR_MEMBERS = {
  blobs: ['Data'],
  timestamps: [
    'ApproximateArrivalTimestamp',
    'ConsumerCreationTimestamp',
    'StreamCreationTimestamp',
    'Timestamp',
  ],
};

export interface KinesisService extends AwsService {
  readonly name: 'kinesis';
  /** Calls the listener for every record put and every shard closed; the returned function removes it. */
  observeStream(streamArn: string, listener: (shardId: string) => void): () => void;
  /** What a stream holds, shard by shard, in order. Consumes nothing and counts against no limit. */
  records(streamArn: string): readonly KinesisRecordView[];
}

export interface KinesisRecordView {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly partitionKey: string;
  readonly data: Buffer;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
}

export function createKinesisService(context: AwsContext): KinesisService {
  const streams = createStreams(context);
  const metrics = createKinesisMetrics(context);
  const puts = createPuts(context, streams, metrics);
  const gets = createGets(context, streams, metrics);
  const descriptions = createDescriptions(context, streams);
  const resharding = createResharding(context, streams);
  const consumers = createConsumers(context, streams);

  const createStream = (input: Input): Record<string, never> => {
    const name = checkedName(requiredText(input, 'StreamName'), 'StreamName');
    const mode = streamMode(input) ?? 'PROVISIONED';
    const count = wholeNumber(input, 'ShardCount', 1, SHARD_COUNT_MAXIMUM, undefined);
    if (streams.byName(name)) {
      throw resourceInUse(`Stream ${name} under account ${context.accountId} already exists.`);
    }
    if (mode === 'PROVISIONED' && count === undefined) {
      throw validation('ShardCount is required for streams in the PROVISIONED mode.');
    }
    if (mode === 'ON_DEMAND' && count !== undefined) {
      throw validation('ShardCount cannot be given for streams in the ON_DEMAND mode.');
    }
    const onDemand = streams.all().filter(({ data }) => data.mode === 'ON_DEMAND').length;
    if (mode === 'ON_DEMAND' && onDemand >= ON_DEMAND_STREAMS) {
      throw limitExceeded(`An account has at most ${ON_DEMAND_STREAMS} streams in the ON_DEMAND mode.`);
    }
    const now = context.clock.now();
    streams.add({
      name,
      arn: streams.arnOf(name),
      createdAt: now,
      mode,
      retentionHours: RETENTION_HOURS.default,
      maxRecordSizeKiB: recordSize(input) ?? MAX_RECORD_SIZE_KIB.default,
      distribution: distribution(input, mode),
      keyId: undefined,
      warmThroughputMiBps: wholeNumber(input, 'WarmThroughputMiBps', 0, Infinity, undefined),
      enhancedMetrics: [],
      tags: textMap(input, 'Tags'),
      policy: undefined,
      shardCountUpdates: [],
      modeUpdates: [],
      shards: firstShards(count ?? ON_DEMAND_SHARDS, now),
    });
    return {};
  };

  const deleteStream = (input: Input): Record<string, never> => {
    const stream = streams.of(input);
    if (consumers.countOf(stream) > 0 && input['EnforceConsumerDeletion'] !== true) {
      throw resourceInUse(
        `Stream ${stream.data.name} under account ${context.accountId} cannot be deleted because it has enhanced fan-out consumers. Set EnforceConsumerDeletion to delete them with it.`,
      );
    }
    consumers.removeOf(stream);
    streams.remove(stream);
    return {};
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateStream: createStream,
    DeleteStream: deleteStream,
    DescribeStream: descriptions.describeStream,
    DescribeStreamSummary: (input) => descriptions.describeStreamSummary(input, consumers.countOf),
    DescribeLimits: descriptions.describeLimits,
    ListStreams: descriptions.listStreams,
    ListShards: descriptions.listShards,
    PutRecord: puts.putRecord,
    PutRecords: puts.putRecords,
    GetShardIterator: gets.getShardIterator,
    GetRecords: gets.getRecords,
    SplitShard: resharding.splitShard,
    MergeShards: resharding.mergeShards,
    UpdateShardCount: resharding.updateShardCount,
    ...createSettings(context, streams),
    ...consumers.actions,
  };

  return {
    name: 'kinesis',
    protocols: { json: { version: '1.1', targetPrefix: 'Kinesis_20131202', cbor: CBOR_MEMBERS } },
    authorization: (action, input) => kinesisAuthorization(streams, action, input),
    handle: async (action, input) => actionNamed(actions, 'Kinesis', action)(input) ?? {},
    observeStream: (streamArn, listener) => streams.observe(streamArn, listener),
    records: (streamArn) =>
      streams.byArn(streamArn).shards.flatMap((shard) =>
        shard.all().map((record) => ({
          shardId: shard.id,
          sequenceNumber: shard.sequenceNumber(record.ordinal),
          partitionKey: record.partitionKey,
          data: Buffer.from(record.data, 'base64'),
          arrivedAt: record.arrivedAt,
        })),
      ),
  };
}
