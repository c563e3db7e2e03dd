/** Topics of a cluster as an administrator sees them: made, described, changed and removed over the protocol. */
import {
  CREATE_PARTITIONS,
  CREATE_TOPICS,
  DELETE_TOPICS,
  DESCRIBE_CONFIGS,
  INCREMENTAL_ALTER_CONFIGS,
} from '../messages/topics.ts';
import { KAFKA_ERRORS } from '../errors.ts';
import { createClusterClient, refuseError, type ClusterClient } from './cluster-client.ts';

const VERSION = { create: 5, delete: 5, createPartitions: 2, describeConfigs: 4, alterConfigs: 1 } as const;
const TIMEOUT_MS = 30_000;
const TOPIC = 2;
const SET = 0;
/** A configuration that was set on the topic itself. */
const OWN = 1;

export interface TopicDescription {
  readonly name: string;
  readonly isInternal: boolean;
  readonly partitions: readonly {
    readonly partition: number;
    readonly leader: number;
    readonly replicas: readonly number[];
    readonly inSync: readonly number[];
  }[];
}

export interface TopicRequest {
  readonly name: string;
  readonly partitions: number;
  /** As many copies are made at most as there are brokers. */
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** Each function connects, does its work and goes. @throws KafkaError, KafkaConnectionError */
export interface TopicAdmin {
  create(request: TopicRequest): Promise<void>;
  list(): Promise<readonly TopicDescription[]>;
  /** Undefined when there is none. */
  describe(name: string): Promise<TopicDescription | undefined>;
  /** What was set on the topic. */
  configs(name: string): Promise<Readonly<Record<string, string>>>;
  setPartitions(name: string, count: number): Promise<void>;
  setConfigs(name: string, configs: Readonly<Record<string, string>>): Promise<void>;
  delete(name: string): Promise<void>;
}

export function topicAdmin(bootstrapServers: string): TopicAdmin {
  const using = async <Result>(work: (client: ClusterClient) => Promise<Result>): Promise<Result> => {
    const client = createClusterClient(bootstrapServers, 'waybill-msk');
    try {
      return await work(client);
    } finally {
      client.close();
    }
  };
  const describe = (name: string): Promise<TopicDescription | undefined> =>
    using(async (client) => {
      const { topics } = await client.metadata([name]);
      const topic = topics[0];
      if (!topic || topic.errorCode === KAFKA_ERRORS.UNKNOWN_TOPIC_OR_PARTITION) return undefined;
      refuseError(topic.errorCode);
      return described(topic);
    });
  /** Topics are changed by the controller. */
  const controller = async (client: ClusterClient): Promise<number> =>
    (await client.metadata([])).controllerId;

  return {
    describe,
    create: ({ name, partitions, replicationFactor, configs }) =>
      using(async (client) => {
        const { brokers, controllerId } = await client.metadata([]);
        const { topics } = await client.callNode(controllerId, CREATE_TOPICS, VERSION.create, {
          topics: [
            {
              name,
              numPartitions: partitions,
              replicationFactor: Math.min(replicationFactor, brokers.length),
              assignments: [],
              configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })),
            },
          ],
          timeoutMs: TIMEOUT_MS,
          validateOnly: false,
        });
        for (const { errorCode, errorMessage } of topics) refuseError(errorCode, errorMessage);
      }),
    list: () =>
      using(async (client) => {
        const { topics } = await client.metadata(null);
        return topics.map(described).filter(({ isInternal }) => !isInternal);
      }),
    configs: (name) =>
      using(async (client) => {
        const { results } = await client.call(DESCRIBE_CONFIGS, VERSION.describeConfigs, {
          resources: [{ resourceType: TOPIC, resourceName: name, configurationKeys: null }],
          includeSynonyms: false,
          includeDocumentation: false,
        });
        for (const { errorCode, errorMessage } of results) refuseError(errorCode, errorMessage);
        const own = (results[0]?.configs ?? []).filter(({ configSource }) => configSource === OWN);
        return Object.fromEntries(own.map((config) => [config.name, config.value ?? '']));
      }),
    setPartitions: (name, count) =>
      using(async (client) => {
        const node = await controller(client);
        const { results } = await client.callNode(node, CREATE_PARTITIONS, VERSION.createPartitions, {
          topics: [{ name, count, assignments: null }],
          timeoutMs: TIMEOUT_MS,
          validateOnly: false,
        });
        for (const { errorCode, errorMessage } of results) refuseError(errorCode, errorMessage);
      }),
    setConfigs: (name, configs) =>
      using(async (client) => {
        const node = await controller(client);
        const changes = Object.entries(configs).map(([config, value]) => ({
          name: config,
          configOperation: SET,
          value,
        }));
        const { responses } = await client.callNode(node, INCREMENTAL_ALTER_CONFIGS, VERSION.alterConfigs, {
          resources: [{ resourceType: TOPIC, resourceName: name, configs: changes }],
          validateOnly: false,
        });
        for (const { errorCode, errorMessage } of responses) refuseError(errorCode, errorMessage);
      }),
    delete: (name) =>
      using(async (client) => {
        const node = await controller(client);
        const { responses } = await client.callNode(node, DELETE_TOPICS, VERSION.delete, {
          topics: [],
          topicNames: [name],
          timeoutMs: TIMEOUT_MS,
        });
        for (const { errorCode, errorMessage } of responses) refuseError(errorCode, errorMessage);
      }),
  };
}

type TopicMetadata = Awaited<ReturnType<ClusterClient['metadata']>>['topics'][number];

function described({ name, isInternal, partitions }: TopicMetadata): TopicDescription {
  return {
    name: name ?? '',
    isInternal,
    partitions: partitions
      .map(({ index, leaderId, replicaNodes, isrNodes }) => ({
        partition: index,
        leader: leaderId,
        replicas: replicaNodes,
        inSync: isrNodes,
      }))
      .sort((a, b) => a.partition - b.partition),
  };
}
