/**
 * What the destination of a stream's mapping gets for records that were given up: where they are, not what they say.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html and
 * .../services-dynamodb-errors.html: SQS and SNS get the metadata alone, S3 gets the records with it.
 */
import { randomUUID } from 'node:crypto';

import type { DiscardedBatch } from '../polling/index.ts';
import type { DestinationRecord } from './destinations.ts';
import type { MappingConfiguration } from './event-source-mapping.ts';

export function discardedBatchRecord(
  mapping: MappingConfiguration,
  functionArn: string,
  batch: DiscardedBatch,
  now: number,
  kafka?: DiscardedKafkaBatch,
): DestinationRecord {
  const { records, shardId, condition, invokeCount, failure } = batch;
  const [first, last] = [records[0], records.at(-1)];
  const timestamp = new Date(now).toISOString();
  const metadata = {
    requestContext: {
      requestId: failure?.requestId ?? randomUUID(),
      functionArn,
      condition,
      approximateInvokeCount: invokeCount,
    },
    ...(failure && {
      responseContext: {
        statusCode: failure.statusCode,
        executedVersion: '$LATEST',
        functionError: failure.functionError,
      },
    }),
    version: '1.0',
    timestamp,
    ...(kafka
      ? { KafkaBatchInfo: kafkaBatchInfo(mapping, batch, kafka) }
      : {
          [mapping.sourceKind === 'kinesis' ? 'KinesisBatchInfo' : 'DDBStreamBatchInfo']: {
            shardId,
            startSequenceNumber: first?.sequenceNumber,
            endSequenceNumber: last?.sequenceNumber,
            approximateArrivalOfFirstRecord: isoTime(first?.arrivedAt),
            approximateArrivalOfLastRecord: isoTime(last?.arrivedAt),
            batchSize: records.length,
            streamArn: mapping.eventSourceArn,
          },
        }),
  };
  const payload = kafka?.payload ?? JSON.stringify({ Records: records.map(({ event }) => event) });
  const [date, time = ''] = timestamp.split('T');
  return {
    body: JSON.stringify(metadata),
    object: {
      key: `aws/lambda/${mapping.uuid}/${shardId}/${date}T${time.slice(0, 8).replaceAll(':', '.')}-${randomUUID()}`,
      body: JSON.stringify({ ...metadata, payload }),
    },
  };
}

/** What is told of a batch of Kafka beyond its records. */
export interface DiscardedKafkaBatch {
  readonly bootstrapServers: string;
  /** The event as the function got it, as JSON. */
  readonly payload: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html */
function kafkaBatchInfo(
  { eventSourceArn }: MappingConfiguration,
  { records, shardId }: DiscardedBatch,
  { bootstrapServers, payload }: DiscardedKafkaBatch,
): Record<string, unknown> {
  const [first, last] = [records[0], records.at(-1)];
  return {
    batchSize: records.length,
    eventSourceArn,
    bootstrapServers,
    payloadSize: Buffer.byteLength(payload),
    recordInfo: {
      [shardId]: {
        firstRecordOffset: String(first?.event['offset']),
        lastRecordOffset: String(last?.event['offset']),
        firstRecordTimestamp: isoTime(first?.arrivedAt),
        lastRecordTimestamp: isoTime(last?.arrivedAt),
      },
    },
  };
}

function isoTime(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
}
