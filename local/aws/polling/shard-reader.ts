/** What a stream poller needs of a stream, so that Kinesis and DynamoDB share one poller. */
import type { AwsContext, Caller } from '../context.ts';
import { dynamodbShardReader } from './dynamodb-reader.ts';
import { kinesisShardReader } from './kinesis-reader.ts';

export interface StreamShard {
  readonly shardId: string;
  readonly parents: readonly string[];
  readonly closed: boolean;
}

export interface StreamRecord {
  readonly sequenceNumber: string;
  /** Records with the same key stay in order, however many batches of a shard run at once. */
  readonly orderingKey: string;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** The record as a function gets it. */
  readonly event: Readonly<Record<string, unknown>>;
  /** The record as a filter looks at it. */
  readonly filterable: Readonly<Record<string, unknown>>;
  /** Bytes of the event as JSON. */
  readonly bytes: number;
}

export type ReadFrom =
  | { readonly type: 'TRIM_HORIZON' | 'LATEST' }
  | { readonly type: 'AT_TIMESTAMP'; readonly timestamp: number }
  | { readonly type: 'AFTER_SEQUENCE_NUMBER'; readonly sequenceNumber: string };

export interface ShardReader {
  readonly kind: 'kinesis' | 'dynamodb';
  /** Milliseconds between reads of a shard that gave no news. */
  readonly pollMilliseconds: number;
  shards(): Promise<readonly StreamShard[]>;
  iterator(shardId: string, from: ReadFrom): Promise<string>;
  /** `next` is undefined when the shard is closed and read to its end. */
  read(
    shardId: string,
    iterator: string,
    limit: number,
  ): Promise<{ readonly records: readonly StreamRecord[]; readonly next: string | undefined }>;
  /** Milliseconds that a record stays in the stream. */
  retention(): Promise<number>;
  /** Calls the listener when there may be something to read; undefined for a stream that can't tell. */
  observe(listener: () => void): (() => void) | undefined;
}

export interface ReaderOptions {
  readonly streamArn: string;
  /** Who reads. */
  readonly caller: Caller;
  /** The role that a function's record names. */
  readonly invokeIdentityArn: string;
}

/** The reader of a stream by its ARN. */
export function createShardReader(context: AwsContext, options: ReaderOptions): ShardReader {
  return options.streamArn.split(':')[2] === 'dynamodb'
    ? dynamodbShardReader(context, options)
    : kinesisShardReader(context, options);
}
