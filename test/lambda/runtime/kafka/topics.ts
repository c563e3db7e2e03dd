/** Topics of a broker under test: created, read from the beginning, read by key. */
import { Admin, Consumer, stringDeserializers } from '@platformatic/kafka';

export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function createTopics(
  bootstrapServers: string,
  topics: readonly string[],
  partitions = 3,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = new Admin({ clientId: 'test-admin', bootstrapBrokers: [bootstrapServers] });
  try {
    await admin.createTopics({
      topics: [...topics],
      partitions,
      replicas: 1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    });
  } finally {
    await admin.close();
  }
}

let groups = 0;

/** Everything in the topics, once there are `count` records: from a group of its own, from the beginning. */
export async function readTopics(
  bootstrapServers: string,
  topics: readonly string[],
  count: number,
): Promise<ReadRecord[]> {
  groups += 1;
  const consumer = new Consumer({
    clientId: 'test-reader',
    groupId: `test-reader-${process.pid}-${Date.now()}-${groups}`,
    bootstrapBrokers: [bootstrapServers],
    deserializers: stringDeserializers,
    maxWaitTime: 200,
  });
  consumer.on('error', () => undefined);
  const records: ReadRecord[] = [];
  try {
    const stream = await consumer.consume({ topics: [...topics], mode: 'earliest', autocommit: false });
    for await (const { topic, partition, offset, key, value, headers } of stream) {
      records.push({ topic, partition, offset, key, value, headers: Object.fromEntries(headers) });
      if (records.length >= count) break;
    }
  } finally {
    await consumer.close(true);
  }
  return records;
}
