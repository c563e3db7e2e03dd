/** The topics of a broker. */
import { randomBytes } from 'node:crypto';

import { KafkaError } from '../errors.ts';
import { createPartitionLog, type PartitionLog } from './partition-log.ts';
import { checkConfigs, settingsOf } from './topic-configs.ts';

const NAME = /^[a-zA-Z0-9._-]{1,249}$/;
/** For a client that leaves the number to the broker (`num.partitions`). */
const DEFAULT_PARTITIONS = 1;
/** A broker of Kafka holds some thousands; above this it is a slip. */
const MAXIMUM_PARTITIONS = 10_000;

export interface Topic {
  readonly name: string;
  /** Base64url of 16 bytes. */
  readonly id: string;
  readonly partitions: readonly PartitionLog[];
  /** As it was asked for; there is one replica all the same. */
  readonly replicationFactor: number;
  /** What was set; the rest has its default. */
  readonly configs: ReadonlyMap<string, string>;
}

export interface TopicOptions {
  /** @default - 1 */
  readonly partitions?: number;
  /** @default - 1 */
  readonly replicationFactor?: number;
  readonly configs?: Readonly<Record<string, string>>;
}

export interface Topics {
  /** @throws KafkaError INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_CONFIG ... */
  create(name: string, options?: TopicOptions): Topic;
  /** The same checks, without the topic. */
  check(name: string, options?: TopicOptions): void;
  delete(name: string): void;
  /** Only upwards, as in Kafka. */
  setPartitions(name: string, count: number): void;
  /** A null takes the configuration back to its default. */
  setConfigs(name: string, changes: ReadonlyMap<string, string | null>): void;
  /** @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION */
  get(name: string): Topic;
  find(name: string): Topic | undefined;
  findById(id: string): Topic | undefined;
  /** @throws KafkaError UNKNOWN_TOPIC_OR_PARTITION */
  partition(name: string, index: number): PartitionLog;
  all(): readonly Topic[];
}

interface StoredTopic extends Topic {
  readonly partitions: PartitionLog[];
  configs: ReadonlyMap<string, string>;
}

/** @param changed called after a topic was made, changed or removed */
export function createTopics(changed: () => void = () => undefined): Topics {
  const byName = new Map<string, StoredTopic>();
  const byId = new Map<string, StoredTopic>();

  const check = (name: string, { partitions, replicationFactor, configs }: TopicOptions = {}): void => {
    if (!NAME.test(name) || name === '.' || name === '..') {
      throw new KafkaError('INVALID_TOPIC_EXCEPTION', `'${name}' is not a name for a topic`);
    }
    if (byName.has(name)) throw new KafkaError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`);
    const count = partitions ?? DEFAULT_PARTITIONS;
    if (!(Number.isInteger(count) && count >= 1 && count <= MAXIMUM_PARTITIONS)) {
      throw new KafkaError('INVALID_PARTITIONS', 'Number of partitions must be larger than 0.');
    }
    if (replicationFactor !== undefined && replicationFactor < 1) {
      throw new KafkaError('INVALID_REPLICATION_FACTOR', 'Replication factor must be larger than 0.');
    }
    checkConfigs(new Map(Object.entries(configs ?? {})));
  };
  const get = (name: string): StoredTopic => {
    const topic = byName.get(name);
    if (topic) return topic;
    throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic '${name}'`);
  };
  const addPartitions = (topic: StoredTopic, count: number): void => {
    while (topic.partitions.length < count) {
      topic.partitions.push(createPartitionLog(() => settings(topic)));
    }
  };
  const settingsByConfigs = new WeakMap<ReadonlyMap<string, string>, ReturnType<typeof settingsOf>>();
  const settings = ({ configs }: Topic): ReturnType<typeof settingsOf> => {
    const known = settingsByConfigs.get(configs);
    if (known) return known;
    const made = settingsOf(configs);
    settingsByConfigs.set(configs, made);
    return made;
  };

  return {
    check,
    create(name, options = {}) {
      check(name, options);
      const topic: StoredTopic = {
        name,
        id: randomBytes(16).toString('base64url'),
        partitions: [],
        replicationFactor: options.replicationFactor ?? 1,
        configs: new Map(Object.entries(options.configs ?? {})),
      };
      addPartitions(topic, options.partitions ?? DEFAULT_PARTITIONS);
      byName.set(name, topic);
      byId.set(topic.id, topic);
      changed();
      return topic;
    },
    delete(name) {
      const topic = get(name);
      byName.delete(name);
      byId.delete(topic.id);
      changed();
    },
    setPartitions(name, count) {
      const topic = get(name);
      if (count <= topic.partitions.length || count > MAXIMUM_PARTITIONS) {
        throw new KafkaError(
          'INVALID_PARTITIONS',
          `The topic ${name} currently has ${topic.partitions.length} partition(s); ${count} would not be an increase.`,
        );
      }
      addPartitions(topic, count);
      changed();
    },
    setConfigs(name, changes) {
      const topic = get(name);
      const configs = new Map(topic.configs);
      for (const [config, value] of changes) {
        if (value === null) configs.delete(config);
        else configs.set(config, value);
      }
      checkConfigs(configs);
      topic.configs = configs;
      changed();
    },
    get,
    find: (name) => byName.get(name),
    findById: (id) => byId.get(id),
    partition(name, index) {
      const log = get(name).partitions[index];
      if (log) return log;
      throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic '${name}' has no partition ${index}`);
    },
    all: () => [...byName.values()],
  };
}
