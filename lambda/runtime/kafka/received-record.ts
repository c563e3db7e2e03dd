/** A record as it came, from Lambda's event or from the client, and the form in which the consumers' core takes it. */
import { isGroupId } from '../stream/kinesis-event.ts';
import type { SqsRecord } from '../types.ts';

export interface ReceivedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** Empty where it has none. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers by which a record tells that it was tried before. */
export const RETRY_HEADERS = { attempt: 'retryAttempt', notBefore: 'retryNotBefore' } as const;

/** Lambda's event for a Kafka topic: the part that is read. https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html */
export interface KafkaBatch {
  readonly eventSourceArn?: string;
  /** By `TOPIC-PARTITION`. */
  readonly records: Readonly<Record<string, readonly KafkaEventRecord[]>>;
}

export interface KafkaEventRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Base64, as the value is. */
  readonly key?: string | null;
  readonly value?: string | null;
  /** Each with one member: the header's name, and the bytes of its value. */
  readonly headers?: readonly Readonly<Record<string, readonly number[]>>[];
}

/** The records of a batch: partition after partition, each in its order. */
export function recordsOf({ records }: KafkaBatch): ReceivedRecord[] {
  return Object.values(records).flatMap((ofPartition) =>
    ofPartition.map(({ topic, partition, offset, key, value, headers }) => ({
      topic,
      partition,
      offset: String(offset),
      key: Buffer.from(key ?? '', 'base64').toString(),
      value: Buffer.from(value ?? '', 'base64'),
      headers: Object.fromEntries(
        (headers ?? []).flatMap((header) =>
          Object.entries(header).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
        ),
      ),
    })),
  );
}

/** How often it was tried, this time included. */
export function attemptOf({ headers }: ReceivedRecord): number {
  const attempt = Number(headers[RETRY_HEADERS.attempt]);
  return Number.isInteger(attempt) && attempt > 0 ? attempt : 1;
}

/** Milliseconds since the epoch before which it is not to be tried; 0 where nothing holds it. */
export function dueAt({ headers }: ReceivedRecord): number {
  const time = Number(headers[RETRY_HEADERS.notBefore]);
  return Number.isFinite(time) ? time : 0;
}

export function asMessage(record: ReceivedRecord, receiveCount: number, sourceArn?: string): SqsRecord {
  const { topic, partition, offset, key, value, headers } = record;
  const tenantId = headers['tenantId'];
  return {
    messageId: `${topic}-${partition}@${offset}`,
    receiptHandle: '',
    body: Buffer.from(value).toString(),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      ...(isGroupId(key) && { MessageGroupId: key }),
    },
    ...(tenantId !== undefined && {
      messageAttributes: { tenantId: { dataType: 'String', stringValue: tenantId } },
    }),
    ...(sourceArn !== undefined && { eventSourceARN: sourceArn }),
  };
}
