/**
 * One consumer group of the classic protocol: members join, one of them assigns, and any change begins a new generation.
 *
 *   state               | a join ...                          | left when
 *   --------------------+-------------------------------------+---------------------------------------------
 *   Empty               | begins a rebalance                  | somebody joins
 *   PreparingRebalance  | waits for the other members         | all have joined, or the rebalance timeout ends
 *   CompletingRebalance | is answered again, or begins anew   | the leader has sent the assignments
 *   Stable              | of somebody new begins a rebalance  | a member joins, leaves or is not heard of
 *
 * https://cwiki.apache.org/confluence/display/KAFKA/Kafka+Client-side+Assignment+Proposal
 */
import { randomUUID } from 'node:crypto';

import { KAFKA_ERRORS, KafkaError } from '../errors.ts';
import type {
  JoinGroupRequest,
  JoinGroupResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '../messages/groups.ts';
import {
  createMember,
  electProtocol,
  metadataOf,
  sameProtocols,
  type Client,
  type Member,
} from './member.ts';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

/** `group.min.session.timeout.ms` and `group.max.session.timeout.ms` of a broker. */
const SESSION_TIMEOUT_MS = { minimum: 6000, maximum: 1_800_000 };
const NOTHING = Buffer.alloc(0);

export interface Group {
  readonly groupId: string;
  state(): GroupState;
  protocolType(): string;
  protocolName(): string;
  members(): readonly Member[];
  /** @param idFirst whether a new member must come back with the id that it is given (JoinGroup 4 and later) */
  join(request: JoinGroupRequest, client: Client, idFirst: boolean): Promise<JoinGroupResponse>;
  sync(request: SyncGroupRequest): Promise<SyncGroupResponse>;
  heartbeat(memberId: string, groupInstanceId: string | null, generationId: number): void;
  leave(memberId: string, groupInstanceId: string | null): void;
  /** Whether a commit may be taken: throws the KafkaError if not. */
  checkCommit(memberId: string, groupInstanceId: string | null, generationId: number): void;
  close(): void;
}

export function createGroup(groupId: string): Group {
  const members = new Map<string, Member>();
  /** Ids that were given out to members which have not joined with them yet. */
  const pendingIds = new Set<string>();
  const staticIds = new Map<string, string>();
  let state: GroupState = 'Empty';
  let generationId = 0;
  let protocolType = '';
  let protocolName = '';
  let leaderId = '';
  let rebalance: NodeJS.Timeout | undefined;

  const failedJoin = (errorCode: number, memberId: string): JoinGroupResponse => ({
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: '',
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  });
  const failedSync = (errorCode: number): SyncGroupResponse => ({
    throttleTimeMs: 0,
    errorCode,
    protocolType: null,
    protocolName: null,
    assignment: NOTHING,
  });
  const synced = (member: Member): SyncGroupResponse => ({
    throttleTimeMs: 0,
    errorCode: 0,
    protocolType,
    protocolName,
    assignment: member.assignment,
  });
  const joined = (member: Member): JoinGroupResponse => ({
    throttleTimeMs: 0,
    errorCode: 0,
    generationId,
    protocolType,
    protocolName,
    leader: leaderId,
    skipAssignment: false,
    memberId: member.memberId,
    members:
      member.memberId === leaderId
        ? [...members.values()].map((other) => ({
            memberId: other.memberId,
            groupInstanceId: other.groupInstanceId,
            metadata: metadataOf(other, protocolName),
          }))
        : [],
  });

  /** Begins the member's session anew; one that waits for an answer is alive in any case. */
  const heardOf = (member: Member): void => {
    clearTimeout(member.session);
    member.session = setTimeout(() => {
      if (member.joining || member.syncing) heardOf(member);
      else remove(member);
    }, member.sessionTimeoutMs);
    member.session.unref();
  };

  const remove = (member: Member): void => {
    clearTimeout(member.session);
    members.delete(member.memberId);
    if (member.groupInstanceId !== null) staticIds.delete(member.groupInstanceId);
    member.joining?.(failedJoin(KAFKA_ERRORS.UNKNOWN_MEMBER_ID, member.memberId));
    member.syncing?.(failedSync(KAFKA_ERRORS.UNKNOWN_MEMBER_ID));
    if (leaderId === member.memberId) leaderId = '';
    if (state === 'PreparingRebalance') completeIfAllJoined();
    else if (state !== 'Empty') prepareRebalance();
  };

  const prepareRebalance = (): void => {
    for (const member of members.values()) {
      member.syncing?.(failedSync(KAFKA_ERRORS.REBALANCE_IN_PROGRESS));
      member.syncing = undefined;
    }
    state = 'PreparingRebalance';
    const patience = Math.max(0, ...[...members.values()].map((member) => member.rebalanceTimeoutMs));
    clearTimeout(rebalance);
    rebalance = setTimeout(() => {
      for (const member of members.values()) {
        if (member.joining) continue;
        clearTimeout(member.session);
        members.delete(member.memberId);
        if (member.groupInstanceId !== null) staticIds.delete(member.groupInstanceId);
      }
      complete();
    }, patience);
    rebalance.unref();
    completeIfAllJoined();
  };

  const completeIfAllJoined = (): void => {
    if (pendingIds.size === 0 && [...members.values()].every(({ joining }) => joining)) complete();
  };

  const complete = (): void => {
    clearTimeout(rebalance);
    generationId++;
    if (members.size === 0) {
      state = 'Empty';
      leaderId = '';
      return;
    }
    state = 'CompletingRebalance';
    protocolName = electProtocol([...members.values()]) ?? '';
    if (!members.has(leaderId)) leaderId = members.keys().next().value ?? '';
    for (const member of members.values()) {
      member.assignment = NOTHING;
      heardOf(member);
    }
    for (const member of members.values()) {
      const answer = member.joining;
      member.joining = undefined;
      answer?.(joined(member));
    }
  };

  const refuseUnfitting = (request: JoinGroupRequest): void => {
    const { sessionTimeoutMs, protocols } = request;
    if (sessionTimeoutMs < SESSION_TIMEOUT_MS.minimum || sessionTimeoutMs > SESSION_TIMEOUT_MS.maximum) {
      throw new KafkaError('INVALID_SESSION_TIMEOUT', `${sessionTimeoutMs} ms is no session timeout`);
    }
    const others = [...members.values()].filter(({ memberId }) => memberId !== request.memberId);
    const isCommon = protocols.some(({ name }) =>
      others.every((member) => member.protocols.some((protocol) => protocol.name === name)),
    );
    if (
      !isCommon ||
      request.protocolType === '' ||
      (others.length > 0 && request.protocolType !== protocolType)
    ) {
      throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'the members share no protocol');
    }
  };

  const add = (memberId: string, request: JoinGroupRequest, client: Client): Member => {
    const member = createMember(memberId, request, client);
    members.set(memberId, member);
    pendingIds.delete(memberId);
    if (request.groupInstanceId !== null) staticIds.set(request.groupInstanceId, memberId);
    return member;
  };

  /** Answered when the generation is complete. */
  const awaitGeneration = (member: Member): Promise<JoinGroupResponse> =>
    new Promise((resolve) => {
      member.joining?.(failedJoin(KAFKA_ERRORS.UNKNOWN_MEMBER_ID, member.memberId));
      member.joining = resolve;
      clearTimeout(member.session);
      if (state === 'PreparingRebalance') completeIfAllJoined();
      else prepareRebalance();
    });

  /** A static member that comes back takes over from its former self. */
  const takeOver = (former: Member, request: JoinGroupRequest, client: Client): Member => {
    clearTimeout(former.session);
    members.delete(former.memberId);
    former.joining?.(failedJoin(KAFKA_ERRORS.FENCED_INSTANCE_ID, former.memberId));
    former.syncing?.(failedSync(KAFKA_ERRORS.FENCED_INSTANCE_ID));
    const member = add(`${request.groupInstanceId}-${randomUUID()}`, request, client);
    member.assignment = former.assignment;
    if (leaderId === former.memberId) leaderId = member.memberId;
    return member;
  };

  const memberOf = (memberId: string, groupInstanceId: string | null): Member => {
    if (groupInstanceId !== null) {
      const current = staticIds.get(groupInstanceId);
      if (current !== undefined && current !== memberId) {
        throw new KafkaError('FENCED_INSTANCE_ID', `another member is '${groupInstanceId}' now`);
      }
    }
    const member = members.get(memberId);
    if (member) return member;
    throw new KafkaError('UNKNOWN_MEMBER_ID', `'${memberId}' is no member of group '${groupId}'`);
  };
  const inGeneration = (member: Member, given: number): Member => {
    if (given === generationId) return member;
    throw new KafkaError('ILLEGAL_GENERATION', `generation ${given} is over; now is ${generationId}`);
  };

  const join: Group['join'] = (request, client, idFirst) => {
    refuseUnfitting(request);
    if (members.size === 0) protocolType = request.protocolType;
    const { groupInstanceId } = request;
    if (request.memberId === '') {
      const former = groupInstanceId === null ? undefined : members.get(staticIds.get(groupInstanceId) ?? '');
      if (former) {
        const isUnchanged = sameProtocols(former.protocols, request.protocols);
        const member = takeOver(former, request, client);
        if (state !== 'Stable' || !isUnchanged) return awaitGeneration(member);
        heardOf(member);
        const isLeader = leaderId === member.memberId;
        return Promise.resolve({ ...joined(member), skipAssignment: isLeader });
      }
      const memberId = `${groupInstanceId ?? client.clientId}-${randomUUID()}`;
      if (idFirst && groupInstanceId === null) {
        pendingIds.add(memberId);
        const given = setTimeout(() => {
          if (pendingIds.delete(memberId) && state === 'PreparingRebalance') completeIfAllJoined();
        }, request.sessionTimeoutMs);
        given.unref();
        return Promise.resolve(failedJoin(KAFKA_ERRORS.MEMBER_ID_REQUIRED, memberId));
      }
      return awaitGeneration(add(memberId, request, client));
    }
    if (pendingIds.has(request.memberId)) return awaitGeneration(add(request.memberId, request, client));

    const member = memberOf(request.memberId, groupInstanceId);
    const isUnchanged = sameProtocols(member.protocols, request.protocols);
    member.protocols = request.protocols;
    member.sessionTimeoutMs = request.sessionTimeoutMs;
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    const isAnsweredAgain =
      isUnchanged &&
      (state === 'CompletingRebalance' || (state === 'Stable' && member.memberId !== leaderId));
    if (!isAnsweredAgain) return awaitGeneration(member);
    heardOf(member);
    return Promise.resolve(joined(member));
  };

  return {
    groupId,
    state: () => state,
    protocolType: () => protocolType,
    protocolName: () => (state === 'Stable' ? protocolName : ''),
    members: () => [...members.values()],
    join,
    async sync(request) {
      const member = inGeneration(memberOf(request.memberId, request.groupInstanceId), request.generationId);
      const differs = (given: string | null, mine: string): boolean => given !== null && given !== mine;
      if (differs(request.protocolType, protocolType) || differs(request.protocolName, protocolName)) {
        throw new KafkaError('INCONSISTENT_GROUP_PROTOCOL', 'the group runs by another protocol');
      }
      if (state === 'PreparingRebalance') {
        throw new KafkaError('REBALANCE_IN_PROGRESS', 'the group is about to rebalance');
      }
      heardOf(member);
      if (state === 'Stable') return synced(member);
      const answer = new Promise<SyncGroupResponse>((resolve) => (member.syncing = resolve));
      if (member.memberId === leaderId) {
        for (const { memberId, assignment } of request.assignments) {
          const assigned = members.get(memberId);
          if (assigned) assigned.assignment = Buffer.from(assignment);
        }
        state = 'Stable';
        for (const other of members.values()) {
          const respond = other.syncing;
          other.syncing = undefined;
          respond?.(synced(other));
        }
      }
      return answer;
    },
    heartbeat(memberId, groupInstanceId, generation) {
      const member = inGeneration(memberOf(memberId, groupInstanceId), generation);
      heardOf(member);
      if (state === 'PreparingRebalance') {
        throw new KafkaError('REBALANCE_IN_PROGRESS', 'the group is about to rebalance');
      }
    },
    leave(memberId, groupInstanceId) {
      const known = memberId === '' && groupInstanceId !== null ? staticIds.get(groupInstanceId) : memberId;
      if (pendingIds.delete(known ?? '')) {
        if (state === 'PreparingRebalance') completeIfAllJoined();
        return;
      }
      remove(memberOf(known ?? '', groupInstanceId));
    },
    checkCommit(memberId, groupInstanceId, generation) {
      // A client that assigns partitions to itself commits without being a member.
      if (generation < 0 && members.size === 0) return;
      const member = inGeneration(memberOf(memberId, groupInstanceId), generation);
      heardOf(member);
      if (state === 'CompletingRebalance') {
        throw new KafkaError('REBALANCE_IN_PROGRESS', 'the group is rebalancing');
      }
    },
    close() {
      clearTimeout(rebalance);
      for (const member of members.values()) clearTimeout(member.session);
    },
  };
}
