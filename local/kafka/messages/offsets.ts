/** Messages about the committed offsets of groups. */
import type { Api, RequestOf, ResponseOf } from '../wire/api.ts';
import {
  array,
  bool,
  int16,
  int32,
  int64,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  within,
  type ValueOf,
} from '../wire/codec.ts';

const offsetCommitRequest = struct({
  groupId: string,
  generationId: int32,
  memberId: string,
  groupInstanceId: since(7, nullableString, null),
  retentionTimeMs: within(2, 4, int64, -1),
  topics: array(
    struct({
      name: string,
      partitions: array(
        struct({
          index: int32,
          committedOffset: int64,
          committedLeaderEpoch: since(6, int32, -1),
          committedMetadata: nullableString,
        }),
      ),
    }),
  ),
});
const offsetCommitResponse = struct({
  throttleTimeMs: since(3, int32, 0),
  topics: array(struct({ name: string, partitions: array(struct({ index: int32, errorCode: int16 })) })),
});
export const OFFSET_COMMIT: Api<ValueOf<typeof offsetCommitRequest>, ValueOf<typeof offsetCommitResponse>> = {
  key: 8,
  name: 'OffsetCommit',
  first: 2,
  last: 9,
  flexibleFrom: 8,
  request: offsetCommitRequest,
  response: offsetCommitResponse,
};
export type OffsetCommitRequest = RequestOf<typeof OFFSET_COMMIT>;
export type OffsetCommitResponse = ResponseOf<typeof OFFSET_COMMIT>;

const askedTopic = struct({ name: string, partitions: array(int32) });
const foundTopic = struct({
  name: string,
  partitions: array(
    struct({
      index: int32,
      committedOffset: int64,
      committedLeaderEpoch: since(5, int32, -1),
      metadata: nullableString,
      errorCode: int16,
    }),
  ),
});
const offsetFetchRequest = struct({
  groupId: within(0, 7, string, ''),
  topics: within(0, 7, nullableArray(askedTopic), null),
  groups: since(
    8,
    array(
      struct({
        groupId: string,
        memberId: since(9, nullableString, null),
        memberEpoch: since(9, int32, -1),
        topics: nullableArray(askedTopic),
      }),
    ),
    [],
  ),
  requireStable: since(7, bool, false),
});
const offsetFetchResponse = struct({
  throttleTimeMs: since(3, int32, 0),
  topics: within(0, 7, array(foundTopic), []),
  errorCode: within(2, 7, int16, 0),
  groups: since(8, array(struct({ groupId: string, topics: array(foundTopic), errorCode: int16 })), []),
});
export const OFFSET_FETCH: Api<ValueOf<typeof offsetFetchRequest>, ValueOf<typeof offsetFetchResponse>> = {
  key: 9,
  name: 'OffsetFetch',
  first: 1,
  last: 9,
  flexibleFrom: 6,
  request: offsetFetchRequest,
  response: offsetFetchResponse,
};
export type OffsetFetchRequest = RequestOf<typeof OFFSET_FETCH>;
export type OffsetFetchResponse = ResponseOf<typeof OFFSET_FETCH>;
export type FoundTopic = ValueOf<typeof foundTopic>;

const offsetDeleteRequest = struct({
  groupId: string,
  topics: array(struct({ name: string, partitions: array(int32) })),
});
const offsetDeleteResponse = struct({
  errorCode: int16,
  throttleTimeMs: int32,
  topics: array(struct({ name: string, partitions: array(struct({ index: int32, errorCode: int16 })) })),
});
export const OFFSET_DELETE: Api<ValueOf<typeof offsetDeleteRequest>, ValueOf<typeof offsetDeleteResponse>> = {
  key: 47,
  name: 'OffsetDelete',
  first: 0,
  last: 0,
  flexibleFrom: 1,
  request: offsetDeleteRequest,
  response: offsetDeleteResponse,
};
export type OffsetDeleteRequest = RequestOf<typeof OFFSET_DELETE>;
export type OffsetDeleteResponse = ResponseOf<typeof OFFSET_DELETE>;
