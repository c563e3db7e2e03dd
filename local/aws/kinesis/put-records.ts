/** PutRecord and PutRecords: which shard a record goes to, and what is refused. */
import type { AwsContext } from '../context.ts';
import { asAwsError } from '../errors.ts';
import { invalidArgument, throughputExceeded, validation } from './errors.ts';
import { hashKeyOf, HIGHEST_HASH_KEY } from './hash-key.ts';
import { optionalText, requiredBlob, requiredText, type Input } from './input.ts';
import { PARTITION_KEY_CHARACTERS, PUT_RECORDS_BYTES, PUT_RECORDS_COUNT } from './limits.ts';
import type { KinesisMetrics } from './metrics.ts';
import { readSequenceNumber } from './sequence-number.ts';
import type { Stream } from './stream.ts';
import type { Streams } from './streams.ts';

interface NewRecord {
  readonly data: Buffer;
  readonly partitionKey: string;
  readonly hashKey: bigint;
  readonly bytes: number;
}

/** What PutRecord answers, and one entry of what PutRecords does. */
interface Put {
  readonly ShardId: string;
  readonly SequenceNumber: string;
}

export interface Puts {
  readonly putRecord: (input: Input) => Record<string, unknown>;
  readonly putRecords: (input: Input) => Record<string, unknown>;
}

export function createPuts(context: AwsContext, streams: Streams, metrics: KinesisMetrics): Puts {
  const put = (stream: Stream, record: NewRecord): Put => {
    const now = context.clock.now();
    const { data } = stream;
    const hashKey =
      data.distribution === 'AUTO'
        ? BigInt(Math.floor(context.faults.random() * 2 ** 32)) << 96n
        : record.hashKey;
    const shard = stream.shardFor(hashKey);
    if (!shard.admits(record.bytes, now)) {
      metrics.writeThrottled(data.name);
      throw throughputExceeded(shard.id, data.name, context.accountId);
    }
    const stored = shard.append({
      data: record.data.toString('base64'),
      partitionKey: record.partitionKey,
      arrivedAt: now,
      bytes: record.bytes,
      encrypted: data.keyId !== undefined,
    });
    streams.keepRecord(stream, shard, stored);
    metrics.incoming(data.name, record.bytes);
    context.events.emit({
      kind: 'published',
      service: 'kinesis',
      resourceArn: data.arn,
      messageId: shard.sequenceNumber(stored.ordinal),
      detail: { shardId: shard.id },
    });
    streams.changed(stream, shard.id);
    return { ShardId: shard.id, SequenceNumber: shard.sequenceNumber(stored.ordinal) };
  };

  return {
    putRecord(input) {
      const stream = streams.of(input);
      const record = readRecord(input, stream);
      const ordering = optionalText(input, 'SequenceNumberForOrdering');
      if (ordering !== undefined && readSequenceNumber(ordering) === undefined) {
        throw invalidArgument(`ExclusiveMinimumSequenceNumber ${ordering} is not a valid sequence number.`);
      }
      try {
        const answer = put(stream, record);
        metrics.putRecord(stream.data.name, record.bytes, true);
        return { ...answer, EncryptionType: encryptionType(stream) };
      } catch (error) {
        metrics.putRecord(stream.data.name, record.bytes, false);
        throw error;
      }
    },
    putRecords(input) {
      const stream = streams.of(input);
      const entries = input['Records'];
      if (!Array.isArray(entries) || entries.length === 0 || entries.length > PUT_RECORDS_COUNT) {
        throw validation(
          `1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length between 1 and ${PUT_RECORDS_COUNT}`,
        );
      }
      const records = entries.map((entry: unknown) => readRecord((entry ?? {}) as Input, stream));
      const bytes = records.reduce((sum, record) => sum + record.bytes, 0);
      if (bytes > PUT_RECORDS_BYTES) {
        throw invalidArgument(`Records size exceeds ${PUT_RECORDS_BYTES / 1024 / 1024} MB limit`);
      }
      const answers = records.map((record) => {
        try {
          return put(stream, record);
        } catch (thrown) {
          const { code, message } = asAwsError(thrown);
          return { ErrorCode: code, ErrorMessage: message };
        }
      });
      const failed = answers.filter((answer) => 'ErrorCode' in answer).length;
      metrics.putRecords(stream.data.name, { bytes, total: answers.length, failed });
      return { FailedRecordCount: failed, Records: answers, EncryptionType: encryptionType(stream) };
    },
  };
}

export function encryptionType(stream: Stream): 'KMS' | 'NONE' {
  return stream.data.keyId === undefined ? 'NONE' : 'KMS';
}

/** @throws AwsError for what fails the whole call, of one record or of many. */
function readRecord(input: Input, stream: Stream): NewRecord {
  const auto = stream.data.distribution === 'AUTO';
  const partitionKey = auto
    ? (optionalText(input, 'PartitionKey') ?? '')
    : requiredText(input, 'PartitionKey');
  // Characters beyond the basic plane count once, as in Java's code points.
  if (Array.from(partitionKey).length > PARTITION_KEY_CHARACTERS) {
    throw validation(
      `1 validation error detected: Value at 'partitionKey' failed to satisfy constraint: Member must have length less than or equal to ${PARTITION_KEY_CHARACTERS}`,
    );
  }
  const data = requiredBlob(input, 'Data');
  const maximum = stream.data.maxRecordSizeKiB * 1024;
  const bytes = data.length + Buffer.byteLength(partitionKey);
  if (bytes > maximum) {
    throw validation(
      `1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to ${maximum}`,
    );
  }
  return { data, partitionKey, hashKey: hashKey(input, partitionKey), bytes };
}

function hashKey(input: Input, partitionKey: string): bigint {
  const explicit = optionalText(input, 'ExplicitHashKey');
  return explicit === undefined ? hashKeyOf(partitionKey) : readHashKey(explicit, 'ExplicitHashKey');
}

export function readHashKey(text: string, member: string): bigint {
  if (!/^(?:0|[1-9]\d{0,38})$/.test(text)) {
    throw validation(
      `1 validation error detected: Value '${text}' at '${member.charAt(0).toLowerCase()}${member.slice(1)}' failed to satisfy constraint: Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})`,
    );
  }
  const value = BigInt(text);
  if (value > HIGHEST_HASH_KEY) {
    throw invalidArgument(`Invalid ${member}. ${member} must be in the range: [0, 2^128-1].`);
  }
  return value;
}
