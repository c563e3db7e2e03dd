/** Lambda's event for a Kinesis stream: the part that is read. services-kinesis-create.html, services-kinesis-windows.html */
import { MAX_GROUP_ID_LENGTH } from '../transports/limits.ts';
import type { SqsRecord } from '../types.ts';

export interface KinesisRecord {
  readonly eventSourceARN?: string;
  readonly kinesis: {
    readonly partitionKey: string;
    readonly sequenceNumber: string;
    /** Base64. */
    readonly data: string;
    /** Seconds since the epoch, with a fraction. */
    readonly approximateArrivalTimestamp?: number;
  };
}

export interface KinesisBatch {
  readonly Records: readonly KinesisRecord[];
}

export interface StreamBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** A record in the form that the consumers' core takes, with the place of its key's order beside it. */
export interface StreamRecord {
  readonly key: string;
  readonly sequenceNumber: string;
  readonly record: SqsRecord;
}

/** A stream counts no receives: each is the first. */
export function streamRecord({ kinesis, eventSourceARN }: KinesisRecord): StreamRecord {
  const { partitionKey, sequenceNumber, data, approximateArrivalTimestamp } = kinesis;
  return {
    key: partitionKey,
    sequenceNumber,
    record: {
      messageId: sequenceNumber,
      receiptHandle: '',
      body: Buffer.from(data, 'base64').toString(),
      attributes: {
        ...(isGroupId(partitionKey) && { MessageGroupId: partitionKey }),
        ...(approximateArrivalTimestamp !== undefined && {
          SentTimestamp: String(Math.round(approximateArrivalTimestamp * 1000)),
        }),
      },
      ...(eventSourceARN !== undefined && { eventSourceARN }),
    },
  };
}

/** True where SQS takes the key as a group id, so that a dead letter can keep it. */
export function isGroupId(key: string): boolean {
  return key.length <= MAX_GROUP_ID_LENGTH && /^[\x21-\x7e]+$/.test(key);
}
