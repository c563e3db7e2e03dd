/**
 * DynamoDB Streams: what changed in a table, in order.
 *
 * For services that read a stream in process (Lambda's event source mappings, Pipes), without polling:
 *
 * ```ts
 * const streams = context.services.get('dynamodbstreams');
 * for (const shard of streams.shards(streamArn)) {
 *   let position: Position | undefined = streams.position(streamArn, shard.ShardId, { type: 'LATEST' });
 *   const stop = streams.onRecords(streamArn, wake); // called soon after records came in, once per burst
 *   const { records, next } = streams.read(streamArn, shard.ShardId, position, 100);
 *   position = next; // undefined once a closed shard has been read to its end
 * }
 * ```
 *
 * An empty `records` with a `next` means that there is nothing yet: wait for `onRecords`. `next` stays good over any
 * time; records that were trimmed meanwhile (24 h by the clock) are skipped. To be subject to policies and faults, use
 * `callService` with DescribeStream, GetShardIterator and GetRecords instead, and `onRecords` as the alarm.
 * Records have the API's shape; Lambda's events spell `userIdentity` in lower case and add `eventSourceARN`.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
 */
import { actionNamed } from '../../actions.ts';
import type { AuthorizationRequest, AwsContext, AwsService } from '../../context.ts';
import { AwsError } from '../../errors.ts';
import { itemSize } from '../item-size.ts';
import { DYNAMODB_NAMESPACE, resourceNotFound } from '../errors.ts';
import type { KeySchemaElement, StreamViewType } from '../model.ts';
import { createStreamActions, streamArnOfIterator } from './actions.ts';
import {
  createStreamLog,
  positionOf,
  RETENTION_MILLISECONDS,
  sequenceNumberOf,
  type Change,
  type KeptRecord,
  type Position,
  type StreamDescription,
  type StreamLog,
  type StreamRecord,
} from './log.ts';

export type { Change, Position, StreamRecord } from './log.ts';

declare module '../../context.ts' {
  interface AwsServices {
    readonly dynamodbstreams: DynamoDbStreamsService;
  }
}

/** Where to start reading. AT and AFTER name a record that is still there. */
export type StreamStart =
  | { readonly type: 'TRIM_HORIZON' | 'LATEST' }
  | { readonly type: 'AT_SEQUENCE_NUMBER' | 'AFTER_SEQUENCE_NUMBER'; readonly sequenceNumber: string };

export interface Shard {
  readonly ShardId: string;
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    /** Set once the shard is closed. */
    readonly EndingSequenceNumber?: string;
  };
}

export interface StreamBatch {
  readonly records: readonly StreamRecord[];
  /** Where to go on; undefined once a closed shard has been read to its end. */
  readonly next: Position | undefined;
}

/** A stream as its table names it: `LatestStreamArn` and `LatestStreamLabel`. */
export interface OpenedStream {
  readonly arn: string;
  readonly label: string;
}

/** The in-process face of DynamoDB Streams. An unknown stream is `ResourceNotFoundException`. */
export interface DynamoDbStreamsService extends AwsService {
  readonly name: 'dynamodbstreams';
  /** The streams of a table, or of all, those that were disabled in the last 24 hours included. */
  streamArns(tableName?: string): readonly string[];
  viewType(streamArn: string): StreamViewType;
  /** One shard per stream; closed once the stream is disabled. */
  shards(streamArn: string): readonly Shard[];
  /** Throws `TrimmedDataAccessException` for a sequence number that is no longer there. */
  position(streamArn: string, shardId: string, start: StreamStart): Position;
  /** At most `limit` records from `position` on, in order. Consumes nothing. */
  read(streamArn: string, shardId: string, position: Position, limit: number): StreamBatch;
  /** Calls `listener` in a microtask after records came in or the stream was disabled, once per burst. */
  onRecords(streamArn: string, listener: () => void): () => void;

  /** For DynamoDB itself: starts a new stream for a table. */
  open(tableName: string, keySchema: readonly KeySchemaElement[], viewType: StreamViewType): OpenedStream;
  /** For DynamoDB itself: closes a stream; its records can be read for 24 hours more. */
  disable(streamArn: string): void;
  /** For DynamoDB itself: a write that changed an item. */
  append(streamArn: string, change: Change): void;
}

export function createDynamoDbStreamsService(context: AwsContext): DynamoDbStreamsService {
  const store = {
    streams: context.state.collection<StreamDescription>('dynamodbstreams.streams'),
    records: context.state.collection<KeptRecord>('dynamodbstreams.records'),
  };
  const logs = restored(context, store);

  const existing = (streamArn: string): StreamLog => {
    const log = logs.get(streamArn);
    if (log === undefined || isGone(log)) {
      throw resourceNotFound(`Requested resource not found: Stream: ${streamArn} not found`);
    }
    return log;
  };
  /** A disabled stream is readable for 24 hours. */
  const isGone = (log: StreamLog): boolean => {
    const { disabledAt, arn } = log.description();
    if (disabledAt === undefined || context.clock.now() - disabledAt < RETENTION_MILLISECONDS) return false;
    log.forget();
    logs.delete(arn);
    return true;
  };
  const shardOf = (streamArn: string, shardId: string): StreamLog => {
    const log = existing(streamArn);
    if (log.description().shardId !== shardId) {
      throw resourceNotFound(
        `Requested resource not found: Shard: ${shardId} in Stream: ${streamArn} not found`,
      );
    }
    log.trim();
    return log;
  };

  const service: DynamoDbStreamsService = {
    name: 'dynamodbstreams',
    protocols: {
      json: {
        version: '1.0',
        targetPrefix: 'DynamoDBStreams_20120810',
        errorNamespace: DYNAMODB_NAMESPACE,
      },
    },
    async handle(action, input) {
      return actionNamed(actions, 'DynamoDB Streams', action)(input);
    },
    authorization: (action, input) => streamAuthorization(context, action, input),
    streamArns: (tableName) =>
      [...logs.values()]
        .filter((log) => !isGone(log))
        .map((log) => log.description())
        .filter((description) => tableName === undefined || description.tableName === tableName)
        .map(({ arn }) => arn),
    viewType: (streamArn) => existing(streamArn).description().viewType,
    shards(streamArn) {
      const log = existing(streamArn);
      log.trim();
      const { shardId, disabledAt } = log.description();
      return [
        {
          ShardId: shardId,
          SequenceNumberRange: {
            StartingSequenceNumber: sequenceNumberOf(log.oldest()),
            ...(disabledAt !== undefined && {
              EndingSequenceNumber: sequenceNumberOf(Math.max(0, log.end() - 1)),
            }),
          },
        },
      ];
    },
    position(streamArn, shardId, start) {
      const log = shardOf(streamArn, shardId);
      if (start.type === 'TRIM_HORIZON') return log.oldest();
      if (start.type === 'LATEST') return log.end();
      const { sequenceNumber } = start as { readonly sequenceNumber: string };
      const position = positionOf(sequenceNumber);
      if (position === undefined || position > log.end()) {
        throw new AwsError(
          'ValidationException',
          `Invalid SequenceNumber (${sequenceNumber}): it is not one of Stream: ${streamArn}`,
          400,
          { namespace: 'com.amazon.coral.validate' },
        );
      }
      if (position < log.oldest()) throw trimmed();
      return start.type === 'AT_SEQUENCE_NUMBER' ? position : position + 1;
    },
    read(streamArn, shardId, position, limit) {
      const log = shardOf(streamArn, shardId);
      const records: StreamRecord[] = [];
      let next = Math.max(position, log.oldest());
      for (let kept = log.at(next); kept && records.length < limit; kept = log.at(next)) {
        records.push(kept.record);
        next++;
      }
      const closed = log.description().disabledAt !== undefined;
      return { records, next: closed && next >= log.end() ? undefined : next };
    },
    onRecords: (streamArn, listener) => existing(streamArn).onChange(listener),

    open(tableName, keySchema, viewType) {
      const description = newStream(context, logs, tableName, keySchema, viewType);
      logs.set(description.arn, createStreamLog(context, description, store, itemSize));
      store.streams.put(description.arn, description);
      return { arn: description.arn, label: description.label };
    },
    disable: (streamArn) => existing(streamArn).disable(),
    append: (streamArn, change) => logs.get(streamArn)?.append(change),
  };
  const actions = createStreamActions(context, service, (arn) => existing(arn).description());
  return service;
}

export function trimmed(): AwsError {
  return new AwsError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard',
  );
}

function streamAuthorization(
  context: AwsContext,
  action: string,
  input: Record<string, unknown>,
): readonly AuthorizationRequest[] {
  const named = input['StreamArn'] ?? streamArnOfIterator(input['ShardIterator']);
  const everyStream = `arn:aws:dynamodb:${context.region}:${context.accountId}:table/*/stream/*`;
  const resourceArn = typeof named === 'string' ? named : everyStream;
  return [{ action: `dynamodb:${action}`, resourceArn }];
}

/** Two streams of a table never share a label: it is the time at which the stream was made. */
function newStream(
  context: AwsContext,
  logs: ReadonlyMap<string, StreamLog>,
  tableName: string,
  keySchema: readonly KeySchemaElement[],
  viewType: StreamViewType,
): StreamDescription {
  const now = context.clock.now();
  for (let moment = now; ; moment++) {
    const label = new Date(moment).toISOString().slice(0, -1);
    const arn = `arn:aws:dynamodb:${context.region}:${context.accountId}:table/${tableName}/stream/${label}`;
    if (logs.has(arn)) continue;
    const shardId = `shardId-${String(moment).padStart(20, '0')}-00000001`;
    return { arn, label, tableName, keySchema, viewType, shardId, createdAt: now, disabledAt: undefined };
  }
}

function restored(context: AwsContext, store: Parameters<typeof createStreamLog>[2]): Map<string, StreamLog> {
  const byStream = new Map<string, KeptRecord[]>();
  for (const [key, record] of store.records.entries()) {
    const arn = key.slice(0, key.lastIndexOf('#'));
    const records = byStream.get(arn);
    if (records) records.push(record);
    else byStream.set(arn, [record]);
  }
  return new Map(
    store.streams
      .entries()
      .map(([arn, description]) => [
        arn,
        createStreamLog(context, description, store, itemSize, byStream.get(arn)),
      ]),
  );
}
