/** One producer per cluster and process: connections stay warm from invocation to invocation. */
import type { Producer } from '@platformatic/kafka';
import { clientSettings, clusterName } from './cluster.ts';
import type { KafkaCluster } from './cluster.ts';

/** A record as it goes out. */
export interface OutgoingRecord {
  readonly key: string;
  readonly value: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RecordProducer {
  /** Partitions of the topic. */
  partitions(topic: string): Promise<number>;
  /** All of them or none: one batch to one partition, acknowledged by all replicas in sync. */
  send(topic: string, partition: number, records: readonly OutgoingRecord[]): Promise<void>;
  /** The partition of a key, as Kafka's own producers choose it. */
  partitionOf(key: string, partitions: number): number;
}

// A cache keyed by an immutable value (D5).
const opened = new Map<string, Promise<{ readonly producer: RecordProducer; close(): Promise<void> }>>();

/** @throws what the client or MSK throws; then the next call opens it anew */
export async function recordProducer(cluster: KafkaCluster): Promise<RecordProducer> {
  const name = clusterName(cluster);
  const opening = opened.get(name) ?? open(cluster);
  opened.set(name, opening);
  try {
    return (await opening).producer;
  } catch (error) {
    if (opened.get(name) === opening) opened.delete(name);
    throw error;
  }
}

/** Ends the connections of all Kafka transports of the process, for a shutdown. What is sent afterwards opens new ones. */
export async function closeKafkaProducers(): Promise<void> {
  const all = [...opened.values()];
  opened.clear();
  await Promise.allSettled(all.map(async (one) => (await one).close()));
}

async function open(cluster: KafkaCluster) {
  const api = await (await import('./client.ts')).kafkaClient();
  const settings = await clientSettings(cluster, 'waybill', process.env);
  const producer: Producer = new api.Producer({ ...settings, idempotent: true });
  // Without a listener an error of a connection would end the process; the call that needed it reports it.
  producer.on('error', () => undefined);
  const lanes = new Map<string, Promise<void>>();

  const send = async (
    topic: string,
    partition: number,
    records: readonly OutgoingRecord[],
  ): Promise<void> => {
    const messages = records.map(({ key, value, headers }) => ({
      topic,
      partition,
      key: Buffer.from(key),
      value: Buffer.from(value),
      headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    }));
    await producer.send({ messages });
  };

  return {
    close: () => producer.close(true),
    producer: {
      async partitions(topic: string) {
        const { topics } = await producer.metadata({ topics: [topic] });
        return topics.get(topic)!.partitionsCount;
      },
      // One batch at a time for a partition: while one is tried again, a later one would find a gap in the producer's
      // sequence, be sent under a new identity, and pass it.
      send(topic: string, partition: number, records: readonly OutgoingRecord[]) {
        const lane = `${topic} ${partition}`;
        const sending = (lanes.get(lane) ?? Promise.resolve()).then(() => send(topic, partition, records));
        const settled = sending.catch(() => undefined);
        lanes.set(lane, settled);
        void settled.then(() => lanes.get(lane) === settled && lanes.delete(lane));
        return sending;
      },
      partitionOf: (key: string, partitions: number) =>
        api.compatibilityPartitioner({ topic: '' }, Buffer.from(key)) % partitions,
    } satisfies RecordProducer,
  };
}
