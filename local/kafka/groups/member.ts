/** A member of a consumer group, and what it is waiting for. */
import type { JoinGroupRequest, JoinGroupResponse, SyncGroupResponse } from '../messages/groups.ts';

export type Protocols = JoinGroupRequest['protocols'];

export interface Member {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: Protocols;
  assignment: Buffer;
  /** Answers its JoinGroup once the others have joined, too. */
  joining: ((response: JoinGroupResponse) => void) | undefined;
  /** Answers its SyncGroup once the leader has assigned. */
  syncing: ((response: SyncGroupResponse) => void) | undefined;
  session: NodeJS.Timeout | undefined;
}

/** Where a request comes from. */
export interface Client {
  readonly clientId: string;
  readonly host: string;
}

const NOTHING = Buffer.alloc(0);

export function createMember(memberId: string, request: JoinGroupRequest, client: Client): Member {
  return {
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: client.clientId,
    clientHost: client.host,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    protocols: request.protocols,
    assignment: NOTHING,
    joining: undefined,
    syncing: undefined,
    session: undefined,
  };
}

export function sameProtocols(first: Protocols, second: Protocols): boolean {
  return (
    first.length === second.length &&
    first.every(({ name, metadata }, index) => {
      const other = second[index];
      return other?.name === name && other.metadata.equals(metadata);
    })
  );
}

/** The protocol that most members like best among those that all of them know; undefined when there is none. */
export function electProtocol(members: readonly Member[]): string | undefined {
  const [first, ...others] = members;
  const known = (first?.protocols ?? [])
    .map(({ name }) => name)
    .filter((name) => others.every((member) => member.protocols.some((protocol) => protocol.name === name)));
  const votes = new Map<string, number>();
  for (const { protocols } of members) {
    const favourite = protocols.find(({ name }) => known.includes(name));
    if (favourite) votes.set(favourite.name, (votes.get(favourite.name) ?? 0) + 1);
  }
  return [...votes].sort(([, a], [, b]) => b - a)[0]?.[0];
}

export function metadataOf(member: Member, protocolName: string): Buffer {
  return member.protocols.find(({ name }) => name === protocolName)?.metadata ?? NOTHING;
}
