/**
 * Records of Kafka as a function gets them, and as a filter looks at them.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
 */
import type { ConsumedRecord } from '../../kafka/client/group-consumer.ts';
import type { StreamRecord } from './shard-reader.ts';

const BYTE = 0x80;

/** How a record is named within its mapping; in the answer of a function, partition and offset are apart. */
export function kafkaItem(topicPartition: unknown, offset: unknown): string {
  return `${String(topicPartition)}-${String(offset)}`;
}

export function toKafkaRecord(topic: string, partition: number, record: ConsumedRecord): StreamRecord {
  const event = {
    topic,
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    timestampType: record.isLogAppendTime ? 'LOG_APPEND_TIME' : 'CREATE_TIME',
    ...(record.key && { key: record.key.toString('base64') }),
    ...(record.value && { value: record.value.toString('base64') }),
    headers: record.headers.map(([name, value]) => ({ [name]: value === null ? null : signed(value) })),
  };
  return {
    sequenceNumber: kafkaItem(`${topic}-${partition}`, record.offset),
    orderingKey: '',
    arrivedAt: record.timestamp,
    event,
    // A filter looks at what key and value say, not at base64.
    filterable: {
      ...event,
      ...(record.key && { key: record.key.toString('utf8') }),
      ...(record.value && { value: record.value.toString('utf8') }),
    },
    bytes: Buffer.byteLength(JSON.stringify(event)),
  };
}

/** Java's bytes have a sign, and Lambda's pollers write them as they are. */
function signed(bytes: Buffer): number[] {
  return Array.from(bytes, (byte) => (byte < BYTE ? byte : byte - 2 * BYTE));
}

/** The event of a batch: records by the partition that they are of. */
export function kafkaEvent(
  eventSourceArn: string,
  bootstrapServers: string,
  records: readonly StreamRecord[],
): Record<string, unknown> {
  const byPartition: Record<string, unknown[]> = {};
  for (const { event } of records) {
    (byPartition[`${String(event['topic'])}-${String(event['partition'])}`] ??= []).push(event);
  }
  return { eventSource: 'aws:kafka', eventSourceArn, bootstrapServers, records: byPartition };
}
