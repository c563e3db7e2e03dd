/**
 * The embedded Kafka: one broker in this process that speaks Kafka's wire protocol over TCP, so that real clients
 * talk to it. Everything is in memory and ends with the process.
 */
import { randomBytes } from 'node:crypto';

import type { Broker } from './broker.ts';
import { createGroups } from './groups/groups.ts';
import { listen } from './server.ts';
import { createTopics, type Topic, type TopicOptions, type Topics } from './storage/topics.ts';

export { KafkaError, type KafkaErrorName } from './errors.ts';
export type { TopicOptions } from './storage/topics.ts';

export interface EmbeddedKafkaOptions {
  /** @default - any free port */
  readonly port?: number;
  /** The loopback address it listens on and that it tells its clients. @default - 127.0.0.1 */
  readonly host?: string;
  /** Topics that are there from the beginning, with the number of their partitions. */
  readonly topics?: Readonly<Record<string, number>>;
  /** Whether a topic comes into being when a client names it; Amazon MSK does not do so. @default - false */
  readonly autoCreateTopics?: boolean;
  /** Told of all topics whenever one was made, changed or removed. @default - nobody is told */
  readonly onTopicsChanged?: (topics: readonly MadeTopic[]) => void;
  /** Milliseconds since the epoch. @default - the machine's clock */
  readonly now?: () => number;
}

/** A topic as it was asked for. */
export interface MadeTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface TopicSummary {
  readonly name: string;
  readonly partitions: number;
  /** Records that are kept, over all partitions. */
  readonly records: number;
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  readonly committed: number;
  readonly end: number;
  readonly lag: number;
}

export interface EmbeddedKafka {
  /** `host:port`, for any client. */
  readonly bootstrapServers: string;
  /** @throws KafkaError with the code that a broker answers */
  createTopic(name: string, options?: TopicOptions): void;
  topics(): readonly TopicSummary[];
  /** What a group has not committed yet, by partition of the topics that it ever committed. */
  lag(group: string): readonly PartitionLag[];
  /** Cuts every connection, as a broker that dies does. Clients connect again. */
  disconnectClients(): void;
  /** Cuts every connection and takes none until `resume`, as a region that is lost. What it holds stays. */
  suspend(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Rejects with the socket's error (`EADDRINUSE`) when the port is taken. */
export async function startEmbeddedKafka(options: EmbeddedKafkaOptions = {}): Promise<EmbeddedKafka> {
  const host = options.host ?? '127.0.0.1';
  const topics: Topics = createTopics(() => options.onTopicsChanged?.(topics.all().map(madeTopic)));
  const groups = createGroups();
  let port = options.port ?? 0;
  let producers = 0;
  const broker: Broker = {
    topics,
    groups,
    clusterId: randomBytes(16).toString('base64url'),
    host,
    port: () => port,
    autoCreateTopics: options.autoCreateTopics ?? false,
    now: options.now ?? Date.now,
    nextProducerId: () => producers++,
  };
  for (const [name, partitions] of Object.entries(options.topics ?? {})) topics.create(name, { partitions });
  const server = await listen(broker, host, port);
  port = server.port;

  return {
    bootstrapServers: `${host}:${port}`,
    createTopic: (name, topicOptions) => void topics.create(name, topicOptions),
    topics: () =>
      topics.all().map(({ name, partitions }) => ({
        name,
        partitions: partitions.length,
        records: partitions.reduce((sum, log) => sum + log.endOffset() - log.startOffset(), 0),
      })),
    lag: (group) =>
      [...groups.offsets(group)].flatMap(([topic, partitions]) =>
        [...partitions].map(([partition, { offset: committed }]) => {
          const end = topics.find(topic)?.partitions[partition]?.endOffset() ?? committed;
          return { topic, partition, committed, end, lag: Math.max(0, end - committed) };
        }),
      ),
    disconnectClients: () => server.disconnectAll(),
    suspend: () => server.suspend(),
    resume: () => server.resume(),
    async stop() {
      groups.close();
      await server.close();
    },
  };
}

function madeTopic({ name, partitions, replicationFactor, configs }: Topic): MadeTopic {
  return { name, partitions: partitions.length, replicationFactor, configs: Object.fromEntries(configs) };
}
