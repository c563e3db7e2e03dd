/** Messages of the members of a consumer group, and about groups. */
import type { Api, RequestOf, ResponseOf } from '../wire/api.ts';
import {
  array,
  bool,
  bytes,
  int16,
  int32,
  nullableString,
  since,
  string,
  struct,
  within,
  type ValueOf,
} from '../wire/codec.ts';

const joinGroupRequest = struct({
  groupId: string,
  sessionTimeoutMs: int32,
  rebalanceTimeoutMs: int32,
  memberId: string,
  groupInstanceId: since(5, nullableString, null),
  protocolType: string,
  protocols: array(struct({ name: string, metadata: bytes })),
  reason: since(8, nullableString, null),
});
const joinGroupResponse = struct({
  throttleTimeMs: int32,
  errorCode: int16,
  generationId: int32,
  protocolType: since(7, nullableString, null),
  protocolName: nullableString,
  leader: string,
  skipAssignment: since(9, bool, false),
  memberId: string,
  members: array(
    struct({ memberId: string, groupInstanceId: since(5, nullableString, null), metadata: bytes }),
  ),
});
export const JOIN_GROUP: Api<ValueOf<typeof joinGroupRequest>, ValueOf<typeof joinGroupResponse>> = {
  key: 11,
  name: 'JoinGroup',
  first: 2,
  last: 9,
  flexibleFrom: 6,
  request: joinGroupRequest,
  response: joinGroupResponse,
};
export type JoinGroupRequest = RequestOf<typeof JOIN_GROUP>;
export type JoinGroupResponse = ResponseOf<typeof JOIN_GROUP>;

const syncGroupRequest = struct({
  groupId: string,
  generationId: int32,
  memberId: string,
  groupInstanceId: since(3, nullableString, null),
  protocolType: since(5, nullableString, null),
  protocolName: since(5, nullableString, null),
  assignments: array(struct({ memberId: string, assignment: bytes })),
});
const syncGroupResponse = struct({
  throttleTimeMs: since(1, int32, 0),
  errorCode: int16,
  protocolType: since(5, nullableString, null),
  protocolName: since(5, nullableString, null),
  assignment: bytes,
});
export const SYNC_GROUP: Api<ValueOf<typeof syncGroupRequest>, ValueOf<typeof syncGroupResponse>> = {
  key: 14,
  name: 'SyncGroup',
  first: 0,
  last: 5,
  flexibleFrom: 4,
  request: syncGroupRequest,
  response: syncGroupResponse,
};
export type SyncGroupRequest = RequestOf<typeof SYNC_GROUP>;
export type SyncGroupResponse = ResponseOf<typeof SYNC_GROUP>;

const heartbeatRequest = struct({
  groupId: string,
  generationId: int32,
  memberId: string,
  groupInstanceId: since(3, nullableString, null),
});
const heartbeatResponse = struct({ throttleTimeMs: since(1, int32, 0), errorCode: int16 });
export const HEARTBEAT: Api<ValueOf<typeof heartbeatRequest>, ValueOf<typeof heartbeatResponse>> = {
  key: 12,
  name: 'Heartbeat',
  first: 0,
  last: 4,
  flexibleFrom: 4,
  request: heartbeatRequest,
  response: heartbeatResponse,
};
export type HeartbeatRequest = RequestOf<typeof HEARTBEAT>;
export type HeartbeatResponse = ResponseOf<typeof HEARTBEAT>;

const leaveGroupRequest = struct({
  groupId: string,
  memberId: within(0, 2, string, ''),
  members: since(
    3,
    array(
      struct({
        memberId: string,
        groupInstanceId: nullableString,
        reason: since(5, nullableString, null),
      }),
    ),
    [],
  ),
});
const leaveGroupResponse = struct({
  throttleTimeMs: since(1, int32, 0),
  errorCode: int16,
  members: since(
    3,
    array(struct({ memberId: string, groupInstanceId: nullableString, errorCode: int16 })),
    [],
  ),
});
export const LEAVE_GROUP: Api<ValueOf<typeof leaveGroupRequest>, ValueOf<typeof leaveGroupResponse>> = {
  key: 13,
  name: 'LeaveGroup',
  first: 0,
  last: 5,
  flexibleFrom: 4,
  request: leaveGroupRequest,
  response: leaveGroupResponse,
};
export type LeaveGroupRequest = RequestOf<typeof LEAVE_GROUP>;
export type LeaveGroupResponse = ResponseOf<typeof LEAVE_GROUP>;

const describeGroupsRequest = struct({
  groups: array(string),
  includeAuthorizedOperations: since(3, bool, false),
});
const describeGroupsResponse = struct({
  throttleTimeMs: since(1, int32, 0),
  groups: array(
    struct({
      errorCode: int16,
      errorMessage: since(6, nullableString, null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array(
        struct({
          memberId: string,
          groupInstanceId: since(4, nullableString, null),
          clientId: string,
          clientHost: string,
          memberMetadata: bytes,
          memberAssignment: bytes,
        }),
      ),
      authorizedOperations: since(3, int32, -2_147_483_648),
    }),
  ),
});
export const DESCRIBE_GROUPS: Api<
  ValueOf<typeof describeGroupsRequest>,
  ValueOf<typeof describeGroupsResponse>
> = {
  key: 15,
  name: 'DescribeGroups',
  first: 0,
  last: 6,
  flexibleFrom: 5,
  request: describeGroupsRequest,
  response: describeGroupsResponse,
};
export type DescribeGroupsRequest = RequestOf<typeof DESCRIBE_GROUPS>;
export type DescribeGroupsResponse = ResponseOf<typeof DESCRIBE_GROUPS>;

const listGroupsRequest = struct({
  statesFilter: since(4, array(string), []),
  typesFilter: since(5, array(string), []),
});
const listGroupsResponse = struct({
  throttleTimeMs: since(1, int32, 0),
  errorCode: int16,
  groups: array(
    struct({
      groupId: string,
      protocolType: string,
      groupState: since(4, string, ''),
      groupType: since(5, string, ''),
    }),
  ),
});
export const LIST_GROUPS: Api<ValueOf<typeof listGroupsRequest>, ValueOf<typeof listGroupsResponse>> = {
  key: 16,
  name: 'ListGroups',
  first: 0,
  last: 5,
  flexibleFrom: 3,
  request: listGroupsRequest,
  response: listGroupsResponse,
};
export type ListGroupsRequest = RequestOf<typeof LIST_GROUPS>;
export type ListGroupsResponse = ResponseOf<typeof LIST_GROUPS>;

const deleteGroupsRequest = struct({ groups: array(string) });
const deleteGroupsResponse = struct({
  throttleTimeMs: int32,
  results: array(struct({ groupId: string, errorCode: int16 })),
});
export const DELETE_GROUPS: Api<ValueOf<typeof deleteGroupsRequest>, ValueOf<typeof deleteGroupsResponse>> = {
  key: 42,
  name: 'DeleteGroups',
  first: 0,
  last: 2,
  flexibleFrom: 2,
  request: deleteGroupsRequest,
  response: deleteGroupsResponse,
};
export type DeleteGroupsRequest = RequestOf<typeof DELETE_GROUPS>;
export type DeleteGroupsResponse = ResponseOf<typeof DELETE_GROUPS>;
