/** CreateTopics, DeleteTopics and CreatePartitions. */
import type { Broker } from '../broker.ts';
import { codeOf, KAFKA_ERRORS, KafkaError } from '../errors.ts';
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../messages/topics.ts';
import type { TopicOptions } from '../storage/topics.ts';
import { describeTopicConfigs } from './configs.ts';

const NO_UUID = Buffer.alloc(16).toString('base64url');
/** Leaves a number to the broker. */
const BROKERS_DEFAULT = -1;

type NewTopic = CreateTopicsRequest['topics'][number];

export function createTopics(
  broker: Broker,
  { topics, validateOnly }: CreateTopicsRequest,
): CreateTopicsResponse {
  const create = (asked: NewTopic): CreateTopicsResponse['topics'][number] => {
    const { name } = asked;
    try {
      if (topics.filter((other) => other.name === name).length > 1) {
        throw new KafkaError('INVALID_REQUEST', 'Duplicate topic name.');
      }
      const options = optionsOf(asked);
      if (validateOnly) broker.topics.check(name, options);
      const topic = validateOnly ? undefined : broker.topics.create(name, options);
      return {
        name,
        topicId: topic?.id ?? NO_UUID,
        errorCode: 0,
        errorMessage: null,
        numPartitions: topic?.partitions.length ?? options.partitions ?? 1,
        replicationFactor: options.replicationFactor ?? 1,
        configs: describeTopicConfigs(new Map(Object.entries(options.configs ?? {}))).map(
          ({ name: config, value, readOnly, configSource, isSensitive }) => ({
            name: config,
            value,
            readOnly,
            configSource,
            isSensitive,
          }),
        ),
      };
    } catch (thrown) {
      return {
        name,
        topicId: NO_UUID,
        errorCode: codeOf(thrown),
        errorMessage: messageOf(thrown),
        numPartitions: -1,
        replicationFactor: -1,
        configs: null,
      };
    }
  };
  return { throttleTimeMs: 0, topics: topics.map(create) };
}

function optionsOf({ numPartitions, replicationFactor, assignments, configs }: NewTopic): TopicOptions {
  const isAssigned = assignments.length > 0;
  if (isAssigned && (numPartitions !== BROKERS_DEFAULT || replicationFactor !== BROKERS_DEFAULT)) {
    throw new KafkaError(
      'INVALID_REQUEST',
      'Both numPartitions or replicationFactor and replicasAssignments were set.',
    );
  }
  const partitions = isAssigned ? assignments.length : numPartitions;
  return {
    ...(partitions !== BROKERS_DEFAULT && { partitions }),
    ...(replicationFactor !== BROKERS_DEFAULT && { replicationFactor }),
    configs: Object.fromEntries(configs.map(({ name, value }) => [name, value ?? ''])),
  };
}

export function deleteTopics(broker: Broker, request: DeleteTopicsRequest): DeleteTopicsResponse {
  const named = request.topicNames.map((name) => ({ name, topicId: NO_UUID }));
  const remove = (asked: {
    readonly name: string | null;
    readonly topicId: string;
  }): DeleteTopicsResponse['responses'][number] => {
    try {
      const topic =
        asked.name === null ? broker.topics.findById(asked.topicId) : broker.topics.get(asked.name);
      if (!topic) throw new KafkaError('UNKNOWN_TOPIC_ID', `there is no topic with the id ${asked.topicId}`);
      broker.topics.delete(topic.name);
      broker.groups.forgetTopic(topic.name);
      return { name: topic.name, topicId: topic.id, errorCode: 0, errorMessage: null };
    } catch (thrown) {
      return { ...asked, errorCode: codeOf(thrown), errorMessage: messageOf(thrown) };
    }
  };
  return { throttleTimeMs: 0, responses: [...request.topics, ...named].map(remove) };
}

export function createPartitions(
  broker: Broker,
  { topics, validateOnly }: CreatePartitionsRequest,
): CreatePartitionsResponse {
  return {
    throttleTimeMs: 0,
    results: topics.map(({ name, count }) => {
      try {
        if (validateOnly) broker.topics.get(name);
        else broker.topics.setPartitions(name, count);
        return { name, errorCode: KAFKA_ERRORS.NONE, errorMessage: null };
      } catch (thrown) {
        return { name, errorCode: codeOf(thrown), errorMessage: messageOf(thrown) };
      }
    }),
  };
}

function messageOf(thrown: unknown): string | null {
  return thrown instanceof Error ? thrown.message : null;
}
