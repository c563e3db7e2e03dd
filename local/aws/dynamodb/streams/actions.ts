/** The four actions of DynamoDB Streams over the wire, and the iterators that GetRecords takes. */
import type { AwsContext } from '../../context.ts';
import { AwsError } from '../../errors.ts';
import { constraintError, validationError } from '../errors.ts';
import type { StreamDescription, StreamRecord } from './log.ts';
import type { DynamoDbStreamsService, StreamStart } from './index.ts';

/** API_streams_ListStreams.html, API_streams_DescribeStream.html */
const MAXIMUM_PAGE = 100;
/** API_streams_GetRecords.html: at most 1,000 records or 1 MB a call. */
const MAXIMUM_RECORDS = 1000;
const MAXIMUM_RESPONSE_BYTES = 1024 * 1024;
/** "A shard iterator expires 15 minutes after it is returned to the requester." API_streams_GetShardIterator.html */
const ITERATOR_MILLISECONDS = 15 * 60 * 1000;

type Input = Readonly<Record<string, unknown>>;
type Action = (input: Input) => unknown;

/** What an iterator says, encoded. */
interface Iterator {
  readonly stream: string;
  readonly shard: string;
  readonly position: number;
  readonly createdAt: number;
}

export function createStreamActions(
  context: AwsContext,
  streams: DynamoDbStreamsService,
  describe: (streamArn: string) => StreamDescription,
): Readonly<Record<string, Action>> {
  const iterator = (stream: string, shard: string, position: number): string =>
    encoded({ stream, shard, position, createdAt: context.clock.now() });

  return {
    ListStreams(input) {
      const tableName = input['TableName'] as string | undefined;
      const arns = streams.streamArns(tableName);
      const { page, last } = pageOf(
        arns,
        input['ExclusiveStartStreamArn'],
        limitOf(input, MAXIMUM_PAGE),
        (arn) => arn,
      );
      return {
        Streams: page.map(describe).map(({ arn, tableName: TableName, label }) => ({
          StreamArn: arn,
          TableName,
          StreamLabel: label,
        })),
        ...(last !== undefined && { LastEvaluatedStreamArn: last }),
      };
    },
    DescribeStream(input) {
      const description = describe(requiredText(input, 'StreamArn'));
      const { page, last } = pageOf(
        streams.shards(description.arn),
        input['ExclusiveStartShardId'],
        limitOf(input, MAXIMUM_PAGE),
        ({ ShardId }) => ShardId,
      );
      return {
        StreamDescription: {
          StreamArn: description.arn,
          StreamLabel: description.label,
          StreamStatus: description.disabledAt === undefined ? 'ENABLED' : 'DISABLED',
          StreamViewType: description.viewType,
          CreationRequestDateTime: description.createdAt / 1000,
          TableName: description.tableName,
          KeySchema: description.keySchema,
          Shards: page,
          ...(last !== undefined && { LastEvaluatedShardId: last }),
        },
      };
    },
    GetShardIterator(input) {
      const stream = requiredText(input, 'StreamArn');
      const shard = requiredText(input, 'ShardId');
      return { ShardIterator: iterator(stream, shard, streams.position(stream, shard, startOf(input))) };
    },
    GetRecords(input) {
      const read = decoded(requiredText(input, 'ShardIterator'));
      const limit = limitOf(input, MAXIMUM_RECORDS);
      const age = context.clock.now() - read.createdAt;
      if (age > ITERATOR_MILLISECONDS) throw iteratorExpired(read.createdAt, context.clock.now());
      const { records, next } = streams.read(read.stream, read.shard, read.position, limit);
      const sent = withinResponse(records);
      publishRead(context, describe(read.stream), sent);
      const left = sent.length < records.length;
      // The first record may be later than the iterator, when older ones were trimmed: count back from the end.
      const following = left && next !== undefined ? next - (records.length - sent.length) : next;
      return {
        Records: sent,
        ...(following !== undefined && { NextShardIterator: iterator(read.stream, read.shard, following) }),
      };
    },
  };
}

/** The stream an iterator reads from, for policies; undefined for what is no iterator. */
export function streamArnOfIterator(iterator: unknown): string | undefined {
  try {
    return typeof iterator === 'string' ? decoded(iterator).stream : undefined;
  } catch {
    return undefined;
  }
}

function encoded(iterator: Iterator): string {
  const { stream, shard, position, createdAt } = iterator;
  const text = JSON.stringify([stream, shard, position, createdAt]);
  return `${stream}|1|${Buffer.from(text).toString('base64')}`;
}

function decoded(text: string): Iterator {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text.split('|')[2] ?? '', 'base64').toString());
    const [stream, shard, position, createdAt] = parsed as [string, string, number, number];
    if (typeof stream === 'string' && typeof shard === 'string' && Number.isInteger(position + createdAt)) {
      return { stream, shard, position, createdAt };
    }
  } catch {
    // Falls through: what can't be read is no iterator.
  }
  throw validationError('Invalid ShardIterator');
}

function iteratorExpired(createdAt: number, now: number): AwsError {
  const shown = (time: number) => new Date(time).toUTCString();
  return new AwsError(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${shown(createdAt)} while right now it is ${shown(now)} which is further in the future than the tolerated delay of ${ITERATOR_MILLISECONDS} milliseconds.`,
  );
}

function startOf(input: Input): StreamStart {
  const type = requiredText(input, 'ShardIteratorType');
  const sequenceNumber = input['SequenceNumber'];
  if (type === 'TRIM_HORIZON' || type === 'LATEST') {
    if (sequenceNumber !== undefined) {
      throw validationError(`SequenceNumber can't be used with ShardIteratorType ${type}`);
    }
    return { type };
  }
  if (type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER') {
    return { type, sequenceNumber: requiredText(input, 'SequenceNumber') };
  }
  throw constraintError(
    type,
    'shardIteratorType',
    'Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]',
  );
}

function withinResponse(records: readonly StreamRecord[]): readonly StreamRecord[] {
  let bytes = 0;
  const end = records.findIndex(({ dynamodb }, index) => {
    bytes += dynamodb.SizeBytes;
    return index > 0 && bytes > MAXIMUM_RESPONSE_BYTES;
  });
  return end === -1 ? records : records.slice(0, end);
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html */
function publishRead(
  context: AwsContext,
  { tableName, label }: StreamDescription,
  records: readonly StreamRecord[],
): void {
  const dimensions = { TableName: tableName, StreamLabel: label, Operation: 'GetRecords' };
  const bytes = records.reduce((sum, { dynamodb }) => sum + dynamodb.SizeBytes, 0);
  context.metrics.put({
    namespace: 'AWS/DynamoDB',
    name: 'ReturnedRecordsCount',
    dimensions,
    value: records.length,
  });
  context.metrics.put({
    namespace: 'AWS/DynamoDB',
    name: 'ReturnedBytes',
    dimensions,
    value: bytes,
    unit: 'Bytes',
  });
}

function pageOf<Value>(
  all: readonly Value[],
  after: unknown,
  limit: number,
  keyOf: (value: Value) => string,
): { readonly page: readonly Value[]; readonly last: string | undefined } {
  const start = after === undefined ? 0 : all.findIndex((value) => keyOf(value) === after) + 1;
  const page = all.slice(start, start + limit);
  const final = page.at(-1);
  return { page, last: final !== undefined && start + limit < all.length ? keyOf(final) : undefined };
}

function limitOf(input: Input, maximum: number): number {
  const limit = input['Limit'];
  if (limit === undefined || limit === null) return maximum;
  if (typeof limit !== 'number' || limit < 1) {
    throw constraintError(limit, 'limit', 'Member must have value greater than or equal to 1');
  }
  if (limit > maximum) {
    throw constraintError(limit, 'limit', `Member must have value less than or equal to ${maximum}`);
  }
  return Math.floor(limit);
}

function requiredText(input: Input, name: string): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '') return value;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw constraintError(value, member, 'Member must not be null');
}
