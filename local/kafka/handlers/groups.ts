/** The requests of a group's members, and those about groups. */
import type { Broker, RequestContext } from '../broker.ts';
import { codeOf, KAFKA_ERRORS } from '../errors.ts';
import { metadataOf } from '../groups/member.ts';
import type {
  DeleteGroupsRequest,
  DeleteGroupsResponse,
  DescribeGroupsRequest,
  DescribeGroupsResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsRequest,
  ListGroupsResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '../messages/groups.ts';

/** From this version on a new member is told its id before it joins (KIP-394). */
const ID_FIRST = 4;
const MANY_MEMBERS = 3;
const NOTHING = Buffer.alloc(0);
const OPERATIONS_UNKNOWN = -2_147_483_648;

export async function joinGroup(
  broker: Broker,
  request: JoinGroupRequest,
  client: RequestContext,
): Promise<JoinGroupResponse> {
  try {
    return await broker.groups.get(request.groupId).join(request, client, client.version >= ID_FIRST);
  } catch (thrown) {
    return {
      throttleTimeMs: 0,
      errorCode: codeOf(thrown),
      generationId: -1,
      protocolType: null,
      protocolName: '',
      leader: '',
      skipAssignment: false,
      memberId: request.memberId,
      members: [],
    };
  }
}

export async function syncGroup(broker: Broker, request: SyncGroupRequest): Promise<SyncGroupResponse> {
  try {
    return await broker.groups.get(request.groupId).sync(request);
  } catch (thrown) {
    const errorCode = codeOf(thrown);
    return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: NOTHING };
  }
}

export function heartbeat(broker: Broker, request: HeartbeatRequest): HeartbeatResponse {
  const { groupId, memberId, groupInstanceId, generationId } = request;
  return { throttleTimeMs: 0, errorCode: attempt(() => heard()) };

  function heard(): void {
    broker.groups.get(groupId).heartbeat(memberId, groupInstanceId, generationId);
  }
}

export function leaveGroup(
  broker: Broker,
  request: LeaveGroupRequest,
  { version }: RequestContext,
): LeaveGroupResponse {
  const leave = (memberId: string, groupInstanceId: string | null): number =>
    attempt(() => broker.groups.get(request.groupId).leave(memberId, groupInstanceId));
  if (version < MANY_MEMBERS) {
    return { throttleTimeMs: 0, errorCode: leave(request.memberId, null), members: [] };
  }
  const members = request.members.map(({ memberId, groupInstanceId }) => ({
    memberId,
    groupInstanceId,
    errorCode: leave(memberId, groupInstanceId),
  }));
  return { throttleTimeMs: 0, errorCode: 0, members };
}

function attempt(action: () => void): number {
  try {
    action();
    return KAFKA_ERRORS.NONE;
  } catch (thrown) {
    return codeOf(thrown);
  }
}

export function describeGroups(
  broker: Broker,
  request: DescribeGroupsRequest,
  { version }: RequestContext,
): DescribeGroupsResponse {
  /** Says that a group is not there; before, such a group was called dead. */
  const SAYS_NOT_FOUND = 6;
  return {
    throttleTimeMs: 0,
    groups: request.groups.map((groupId) => {
      const group = broker.groups.find(groupId);
      if (!group) {
        return {
          errorCode: version >= SAYS_NOT_FOUND ? KAFKA_ERRORS.GROUP_ID_NOT_FOUND : 0,
          errorMessage: `Group ${groupId} not found.`,
          groupId,
          groupState: 'Dead',
          protocolType: '',
          protocolData: '',
          members: [],
          authorizedOperations: OPERATIONS_UNKNOWN,
        };
      }
      return {
        errorCode: 0,
        errorMessage: null,
        groupId,
        groupState: group.state(),
        protocolType: group.protocolType(),
        protocolData: group.protocolName(),
        members: group.members().map((member) => ({
          memberId: member.memberId,
          groupInstanceId: member.groupInstanceId,
          clientId: member.clientId,
          clientHost: member.clientHost,
          memberMetadata: metadataOf(member, group.protocolName()),
          memberAssignment: member.assignment,
        })),
        authorizedOperations: OPERATIONS_UNKNOWN,
      };
    }),
  };
}

export function listGroups(broker: Broker, request: ListGroupsRequest): ListGroupsResponse {
  const states = new Set(request.statesFilter.map((state) => state.toLowerCase()));
  const types = new Set(request.typesFilter.map((type) => type.toLowerCase()));
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    groups: broker.groups
      .all()
      .filter((group) => states.size === 0 || states.has(group.state().toLowerCase()))
      .filter(() => types.size === 0 || types.has('classic'))
      .map((group) => ({
        groupId: group.groupId,
        protocolType: group.protocolType(),
        groupState: group.state(),
        groupType: 'Classic',
      })),
  };
}

export function deleteGroups(broker: Broker, { groups }: DeleteGroupsRequest): DeleteGroupsResponse {
  return {
    throttleTimeMs: 0,
    results: groups.map((groupId) => ({
      groupId,
      errorCode: attempt(() => broker.groups.delete(groupId)),
    })),
  };
}
