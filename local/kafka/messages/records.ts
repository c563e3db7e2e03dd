/** Messages about records: Produce, Fetch, ListOffsets and their kin. https://kafka.apache.org/protocol.html */
import type { Api, RequestOf, ResponseOf } from '../wire/api.ts';
import {
  array,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableString,
  records,
  since,
  string,
  struct,
  uuid,
  within,
  type ValueOf,
} from '../wire/codec.ts';

const NO_UUID = Buffer.alloc(16).toString('base64url');

const produceRequest = struct({
  transactionalId: nullableString,
  acks: int16,
  timeoutMs: int32,
  topics: array(struct({ name: string, partitions: array(struct({ index: int32, records })) })),
});
const produceResponse = struct({
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          index: int32,
          errorCode: int16,
          baseOffset: int64,
          logAppendTimeMs: int64,
          logStartOffset: since(5, int64, -1),
          recordErrors: since(8, array(struct({ batchIndex: int32, message: nullableString })), []),
          errorMessage: since(8, nullableString, null),
        }),
      ),
    }),
  ),
  throttleTimeMs: int32,
});
/** Versions 0 to 2 carry older message formats; no client of today sends them. */
export const PRODUCE: Api<ValueOf<typeof produceRequest>, ValueOf<typeof produceResponse>> = {
  key: 0,
  name: 'Produce',
  first: 3,
  last: 12,
  flexibleFrom: 9,
  request: produceRequest,
  response: produceResponse,
};
export type ProduceRequest = RequestOf<typeof PRODUCE>;
export type ProduceResponse = ResponseOf<typeof PRODUCE>;

const fetchRequest = struct({
  replicaId: within(0, 14, int32, -1),
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: int32,
  isolationLevel: int8,
  sessionId: since(7, int32, 0),
  sessionEpoch: since(7, int32, -1),
  topics: array(
    struct({
      topic: within(0, 12, string, ''),
      topicId: since(13, uuid, NO_UUID),
      partitions: array(
        struct({
          partition: int32,
          currentLeaderEpoch: since(9, int32, -1),
          fetchOffset: int64,
          lastFetchedEpoch: since(12, int32, -1),
          logStartOffset: since(5, int64, -1),
          partitionMaxBytes: int32,
        }),
      ),
    }),
  ),
  forgottenTopics: since(
    7,
    array(
      struct({
        topic: within(7, 12, string, ''),
        topicId: since(13, uuid, NO_UUID),
        partitions: array(int32),
      }),
    ),
    [],
  ),
  rackId: since(11, string, ''),
});
const fetchResponse = struct({
  throttleTimeMs: int32,
  errorCode: since(7, int16, 0),
  sessionId: since(7, int32, 0),
  topics: array(
    struct({
      topic: within(0, 12, string, ''),
      topicId: since(13, uuid, NO_UUID),
      partitions: array(
        struct({
          partition: int32,
          errorCode: int16,
          highWatermark: int64,
          lastStableOffset: int64,
          logStartOffset: since(5, int64, -1),
          abortedTransactions: nullableArray(struct({ producerId: int64, firstOffset: int64 })),
          preferredReadReplica: since(11, int32, -1),
          records,
        }),
      ),
    }),
  ),
});
export const FETCH: Api<ValueOf<typeof fetchRequest>, ValueOf<typeof fetchResponse>> = {
  key: 1,
  name: 'Fetch',
  first: 4,
  last: 17,
  flexibleFrom: 12,
  request: fetchRequest,
  response: fetchResponse,
};
export type FetchRequest = RequestOf<typeof FETCH>;
export type FetchResponse = ResponseOf<typeof FETCH>;

const listOffsetsRequest = struct({
  replicaId: int32,
  isolationLevel: since(2, int8, 0),
  topics: array(
    struct({
      name: string,
      partitions: array(struct({ index: int32, currentLeaderEpoch: since(4, int32, -1), timestamp: int64 })),
    }),
  ),
  timeoutMs: since(10, int32, 0),
});
const listOffsetsResponse = struct({
  throttleTimeMs: since(2, int32, 0),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          index: int32,
          errorCode: int16,
          timestamp: int64,
          offset: int64,
          leaderEpoch: since(4, int32, -1),
        }),
      ),
    }),
  ),
});
export const LIST_OFFSETS: Api<ValueOf<typeof listOffsetsRequest>, ValueOf<typeof listOffsetsResponse>> = {
  key: 2,
  name: 'ListOffsets',
  first: 1,
  last: 10,
  flexibleFrom: 6,
  request: listOffsetsRequest,
  response: listOffsetsResponse,
};
export type ListOffsetsRequest = RequestOf<typeof LIST_OFFSETS>;
export type ListOffsetsResponse = ResponseOf<typeof LIST_OFFSETS>;

const deleteRecordsRequest = struct({
  topics: array(struct({ name: string, partitions: array(struct({ index: int32, offset: int64 })) })),
  timeoutMs: int32,
});
const deleteRecordsResponse = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      name: string,
      partitions: array(struct({ index: int32, lowWatermark: int64, errorCode: int16 })),
    }),
  ),
});
export const DELETE_RECORDS: Api<
  ValueOf<typeof deleteRecordsRequest>,
  ValueOf<typeof deleteRecordsResponse>
> = {
  key: 21,
  name: 'DeleteRecords',
  first: 0,
  last: 2,
  flexibleFrom: 2,
  request: deleteRecordsRequest,
  response: deleteRecordsResponse,
};
export type DeleteRecordsRequest = RequestOf<typeof DELETE_RECORDS>;
export type DeleteRecordsResponse = ResponseOf<typeof DELETE_RECORDS>;

const initProducerIdRequest = struct({
  transactionalId: nullableString,
  transactionTimeoutMs: int32,
  producerId: since(3, int64, -1),
  producerEpoch: since(3, int16, -1),
});
const initProducerIdResponse = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  producerId: int64,
  producerEpoch: int16,
});
export const INIT_PRODUCER_ID: Api<
  ValueOf<typeof initProducerIdRequest>,
  ValueOf<typeof initProducerIdResponse>
> = {
  key: 22,
  name: 'InitProducerId',
  first: 0,
  last: 5,
  flexibleFrom: 2,
  request: initProducerIdRequest,
  response: initProducerIdResponse,
};
export type InitProducerIdRequest = RequestOf<typeof INIT_PRODUCER_ID>;
export type InitProducerIdResponse = ResponseOf<typeof INIT_PRODUCER_ID>;

const offsetForLeaderEpochRequest = struct({
  replicaId: since(3, int32, -1),
  topics: array(
    struct({
      topic: string,
      partitions: array(struct({ partition: int32, currentLeaderEpoch: int32, leaderEpoch: int32 })),
    }),
  ),
});
const offsetForLeaderEpochResponse = struct({
  throttleTimeMs: int32,
  topics: array(
    struct({
      topic: string,
      partitions: array(struct({ errorCode: int16, partition: int32, leaderEpoch: int32, endOffset: int64 })),
    }),
  ),
});
export const OFFSET_FOR_LEADER_EPOCH: Api<
  ValueOf<typeof offsetForLeaderEpochRequest>,
  ValueOf<typeof offsetForLeaderEpochResponse>
> = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  first: 2,
  last: 4,
  flexibleFrom: 4,
  request: offsetForLeaderEpochRequest,
  response: offsetForLeaderEpochResponse,
};
export type OffsetForLeaderEpochRequest = RequestOf<typeof OFFSET_FOR_LEADER_EPOCH>;
export type OffsetForLeaderEpochResponse = ResponseOf<typeof OFFSET_FOR_LEADER_EPOCH>;
