/** Shard iterators, and reading with them. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { invalidArgument, shardNotFound, throughputExceeded, validation } from './errors.ts';
import { optionalText, requiredText, timestamp, wholeNumber, type Input } from './input.ts';
import { GET_RECORDS_COUNT, ITERATOR_LIFE_MILLISECONDS } from './limits.ts';
import type { KinesisMetrics } from './metrics.ts';
import { readSequenceNumber } from './sequence-number.ts';
import { shardId, type Shard } from './shard.ts';
import { rangeOf, type Stream } from './stream.ts';
import type { Streams } from './streams.ts';

export interface Gets {
  readonly getShardIterator: (input: Input) => { readonly ShardIterator: string };
  readonly getRecords: (input: Input) => Record<string, unknown>;
}

/** What an iterator says: where to read on, and since when it may be used. */
interface Position {
  readonly stream: string;
  /** Of the stream's creation: a new stream of the same name is another one. */
  readonly createdAt: number;
  readonly shard: number;
  readonly ordinal: number;
  readonly issuedAt: number;
}

export function createGets(context: AwsContext, streams: Streams, metrics: KinesisMetrics): Gets {
  const { clock, accountId } = context;

  const iterator = (stream: Stream, shard: Shard, ordinal: number): string => {
    const { name, createdAt } = stream.data;
    const position: Position = {
      stream: name,
      createdAt,
      shard: shard.data.index,
      ordinal,
      issuedAt: clock.now(),
    };
    return Buffer.from(JSON.stringify(position)).toString('base64');
  };

  return {
    getShardIterator(input) {
      const stream = streams.of(input);
      const id = requiredText(input, 'ShardId');
      const shard = findShard(stream, id, accountId);
      return { ShardIterator: iterator(stream, shard, startOf(input, stream, shard, clock.now())) };
    },
    getRecords(input) {
      const now = clock.now();
      const position = readIterator(requiredText(input, 'ShardIterator'));
      const limit = wholeNumber(input, 'Limit', 1, GET_RECORDS_COUNT, GET_RECORDS_COUNT);
      if (now - position.issuedAt > ITERATOR_LIFE_MILLISECONDS) {
        const shown = (time: number): string => new Date(time).toUTCString();
        throw new AwsError(
          'ExpiredIteratorException',
          `Iterator expired. The iterator was created at time ${shown(position.issuedAt)} while right now it is ${shown(now)} which is further in the future than the tolerated delay of ${ITERATOR_LIFE_MILLISECONDS} milliseconds.`,
        );
      }
      const stream = streams.of({ StreamName: position.stream });
      const shard = stream.shards.find(({ data }) => data.index === position.shard);
      if (stream.data.createdAt !== position.createdAt || !shard) {
        throw shardNotFound(shardId(position.shard), position.stream, accountId);
      }
      if (!shard.admitsRead(now)) {
        metrics.readThrottled(position.stream);
        throw throughputExceeded(shard.id, position.stream, accountId);
      }
      return read(stream, shard, position.ordinal, limit, now);
    },
  };

  function read(
    stream: Stream,
    shard: Shard,
    from: number,
    limit: number,
    now: number,
  ): Record<string, unknown> {
    const records = shard.read(from, limit);
    const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
    shard.chargeRead(bytes, now);
    const last = records.at(-1);
    const next = last === undefined ? Math.max(from, shard.trimHorizon) : last.ordinal + 1;
    const behind = last === undefined || next >= shard.nextOrdinal ? 0 : Math.max(0, now - last.arrivedAt);
    const ended = shard.closed && next >= shard.nextOrdinal;
    metrics.getRecords(stream.data.name, {
      bytes,
      records: records.length,
      ageMilliseconds: last === undefined ? 0 : now - last.arrivedAt,
    });
    return {
      Records: records.map((record) => ({
        SequenceNumber: shard.sequenceNumber(record.ordinal),
        ApproximateArrivalTimestamp: record.arrivedAt / 1000,
        Data: record.data,
        PartitionKey: record.partitionKey,
        ...(record.encrypted && { EncryptionType: 'KMS' }),
      })),
      MillisBehindLatest: behind,
      ...(ended
        ? { ChildShards: childShards(stream, shard) }
        : { NextShardIterator: iterator(stream, shard, next) }),
    };
  }
}

export function findShard(stream: Stream, id: string, accountId: string): Shard {
  const shard = stream.shards.find((each) => each.id === id);
  if (!shard) throw shardNotFound(id, stream.data.name, accountId);
  return shard;
}

/** Where an iterator of this type begins, as an ordinal. */
function startOf(input: Input, stream: Stream, shard: Shard, now: number): number {
  const type = requiredText(input, 'ShardIteratorType');
  switch (type) {
    case 'TRIM_HORIZON':
      return shard.trimHorizon;
    case 'LATEST':
      return shard.nextOrdinal;
    case 'AT_TIMESTAMP': {
      const time = timestamp(input['Timestamp'], 'Timestamp');
      if (time === undefined) {
        throw invalidArgument('Must specify timestampInMillis for iteratorType AT_TIMESTAMP.');
      }
      if (time > now) {
        throw invalidArgument(
          'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis.',
        );
      }
      return shard.ordinalAt(time);
    }
    case 'AT_SEQUENCE_NUMBER':
    case 'AFTER_SEQUENCE_NUMBER': {
      const text = optionalText(input, 'StartingSequenceNumber');
      if (text === undefined) {
        throw invalidArgument(
          `Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified ${type} and no StartingSequenceNumber.`,
        );
      }
      const position = readSequenceNumber(text);
      if (!position || position.shardIndex !== shard.data.index || position.birth !== shard.data.birth) {
        throw invalidArgument(
          `StartingSequenceNumber ${text} used in GetShardIterator on shard ${shard.id} in stream ${stream.data.name} is invalid because it did not come from this stream.`,
        );
      }
      return position.ordinal + (type === 'AFTER_SEQUENCE_NUMBER' ? 1 : 0);
    }
    default:
      throw validation(
        `1 validation error detected: Value '${type}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]`,
      );
  }
}

function readIterator(text: string): Position {
  try {
    const position = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Position;
    if (typeof position.stream === 'string' && typeof position.ordinal === 'number') return position;
  } catch {
    // Not one of ours, which is what the error below says.
  }
  throw invalidArgument('Invalid ShardIterator.');
}

/** The shards that a closed one became. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ChildShard.html */
function childShards(stream: Stream, parent: Shard): readonly Record<string, unknown>[] {
  const { index } = parent.data;
  return stream.shards
    .filter(({ data }) => data.parentIndex === index || data.adjacentParentIndex === index)
    .map(({ id, data }) => {
      const { from, to } = rangeOf(data);
      return {
        ShardId: id,
        ParentShards: [data.parentIndex, data.adjacentParentIndex].flatMap((each) =>
          each === undefined ? [] : shardId(each),
        ),
        HashKeyRange: { StartingHashKey: String(from), EndingHashKey: String(to) },
      };
    });
}
