/** OffsetCommit, OffsetFetch and OffsetDelete. */
import type { Broker, RequestContext } from '../broker.ts';
import { codeOf, KAFKA_ERRORS, KafkaError } from '../errors.ts';
import type {
  FoundTopic,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
} from '../messages/offsets.ts';

/** `offset.metadata.max.bytes` of a broker. */
const METADATA_BYTES = 4096;
/** From this version on several groups are asked for at once. */
const MANY_GROUPS = 8;

export function offsetCommit(broker: Broker, request: OffsetCommitRequest): OffsetCommitResponse {
  const { groupId, memberId, groupInstanceId, generationId, topics } = request;
  let refused: unknown;
  try {
    broker.groups.get(groupId).checkCommit(memberId, groupInstanceId, generationId);
  } catch (thrown) {
    refused = thrown;
  }
  const commit = (
    topic: string,
    partition: OffsetCommitRequest['topics'][number]['partitions'][number],
  ): number => {
    try {
      if (refused !== undefined) throw refused;
      broker.topics.partition(topic, partition.index);
      const metadata = partition.committedMetadata ?? '';
      if (Buffer.byteLength(metadata) > METADATA_BYTES) {
        throw new KafkaError('OFFSET_METADATA_TOO_LARGE', `at most ${METADATA_BYTES} bytes`);
      }
      const offsets = broker.groups.offsets(groupId);
      const ofTopic = offsets.get(topic) ?? new Map();
      offsets.set(topic, ofTopic);
      const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition;
      ofTopic.set(partition.index, { offset, leaderEpoch, metadata });
      return KAFKA_ERRORS.NONE;
    } catch (thrown) {
      return codeOf(thrown);
    }
  };
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => ({
        index: partition.index,
        errorCode: commit(name, partition),
      })),
    })),
  };
}

type Asked = OffsetFetchRequest['topics'];

export function offsetFetch(
  broker: Broker,
  request: OffsetFetchRequest,
  { version }: RequestContext,
): OffsetFetchResponse {
  const found = (groupId: string, asked: Asked): FoundTopic[] => {
    const offsets = broker.groups.offsets(groupId);
    const wanted =
      asked ?? [...offsets].map(([name, partitions]) => ({ name, partitions: [...partitions.keys()] }));
    return wanted.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((index) => {
        const committed = offsets.get(name)?.get(index);
        return {
          index,
          committedOffset: committed?.offset ?? -1,
          committedLeaderEpoch: committed?.leaderEpoch ?? -1,
          metadata: committed?.metadata ?? '',
          errorCode: 0,
        };
      }),
    }));
  };
  if (version < MANY_GROUPS) {
    const topics = found(request.groupId, request.topics);
    return { throttleTimeMs: 0, topics, errorCode: 0, groups: [] };
  }
  const groups = request.groups.map(({ groupId, topics }) => ({
    groupId,
    topics: found(groupId, topics),
    errorCode: 0,
  }));
  return { throttleTimeMs: 0, topics: [], errorCode: 0, groups };
}

export function offsetDelete(broker: Broker, { groupId, topics }: OffsetDeleteRequest): OffsetDeleteResponse {
  const group = broker.groups.find(groupId);
  if (!group) return { errorCode: KAFKA_ERRORS.GROUP_ID_NOT_FOUND, throttleTimeMs: 0, topics: [] };
  const errorCode = group.state() === 'Empty' ? 0 : KAFKA_ERRORS.GROUP_SUBSCRIBED_TO_TOPIC;
  return {
    errorCode: 0,
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((index) => {
        if (errorCode === 0) broker.groups.offsets(groupId).get(name)?.delete(index);
        return { index, errorCode };
      }),
    })),
  };
}
