/** ListOffsets, OffsetForLeaderEpoch and DeleteRecords. */
import type { Broker } from '../broker.ts';
import { codeOf } from '../errors.ts';
import type {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from '../messages/records.ts';
import { LEADER_EPOCH, type OffsetAtTime, type PartitionLog } from '../storage/partition-log.ts';

/** Times that stand for places in the log. */
const PLACE = { latest: -1, earliest: -2, latestTime: -3, earliestLocal: -4, latestTiered: -5 } as const;
/** DeleteRecords: everything there is. */
const TO_THE_END = -1;
const NOT_FOUND: OffsetAtTime = { offset: -1, timestamp: -1 };

export function listOffsets(broker: Broker, { topics }: ListOffsetsRequest): ListOffsetsResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, timestamp }) => {
        try {
          const found = find(broker.topics.partition(name, index), timestamp);
          return { index, errorCode: 0, leaderEpoch: found.offset < 0 ? -1 : LEADER_EPOCH, ...found };
        } catch (thrown) {
          return { index, errorCode: codeOf(thrown), leaderEpoch: -1, ...NOT_FOUND };
        }
      }),
    })),
  };
}

function find(log: PartitionLog, timestamp: number): OffsetAtTime {
  switch (timestamp) {
    case PLACE.latest:
      return { offset: log.endOffset(), timestamp: -1 };
    case PLACE.earliest:
    case PLACE.earliestLocal:
      return { offset: log.startOffset(), timestamp: -1 };
    case PLACE.latestTime:
      return log.atLatestTime() ?? NOT_FOUND;
    case PLACE.latestTiered:
      return NOT_FOUND;
    default:
      return log.atTime(timestamp) ?? NOT_FOUND;
  }
}

export function offsetForLeaderEpoch(
  broker: Broker,
  { topics }: OffsetForLeaderEpochRequest,
): OffsetForLeaderEpochResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, leaderEpoch }) => {
        try {
          const log = broker.topics.partition(topic, partition);
          const isKnown = leaderEpoch === LEADER_EPOCH;
          return {
            errorCode: 0,
            partition,
            leaderEpoch: isKnown ? LEADER_EPOCH : -1,
            endOffset: isKnown ? log.endOffset() : -1,
          };
        } catch (thrown) {
          return { errorCode: codeOf(thrown), partition, leaderEpoch: -1, endOffset: -1 };
        }
      }),
    })),
  };
}

export function deleteRecords(broker: Broker, { topics }: DeleteRecordsRequest): DeleteRecordsResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index, offset }) => {
        try {
          const log = broker.topics.partition(name, index);
          log.deleteBefore(offset === TO_THE_END ? log.endOffset() : offset);
          return { index, lowWatermark: log.startOffset(), errorCode: 0 };
        } catch (thrown) {
          return { index, lowWatermark: -1, errorCode: codeOf(thrown) };
        }
      }),
    })),
  };
}
