/** The groups of a broker, and the offsets that they committed. */
import { KafkaError } from '../errors.ts';
import { createGroup, type Group } from './group.ts';

export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** By topic and partition. */
export type GroupOffsets = Map<string, Map<number, CommittedOffset>>;

export interface Groups {
  /** The group, made when it is new. @throws KafkaError INVALID_GROUP_ID */
  get(groupId: string): Group;
  find(groupId: string): Group | undefined;
  offsets(groupId: string): GroupOffsets;
  /** @throws KafkaError GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP */
  delete(groupId: string): void;
  /** Forgets what was committed for a topic that is no more. */
  forgetTopic(topic: string): void;
  all(): readonly Group[];
  close(): void;
}

export function createGroups(): Groups {
  const groups = new Map<string, Group>();
  const offsets = new Map<string, GroupOffsets>();

  return {
    get(groupId) {
      if (groupId === '') throw new KafkaError('INVALID_GROUP_ID', 'the id of a group must not be empty');
      const group = groups.get(groupId) ?? createGroup(groupId);
      groups.set(groupId, group);
      return group;
    },
    find: (groupId) => groups.get(groupId),
    offsets(groupId) {
      const known = offsets.get(groupId) ?? new Map<string, Map<number, CommittedOffset>>();
      offsets.set(groupId, known);
      return known;
    },
    delete(groupId) {
      const group = groups.get(groupId);
      if (!group) throw new KafkaError('GROUP_ID_NOT_FOUND', `there is no group '${groupId}'`);
      if (group.state() !== 'Empty')
        throw new KafkaError('NON_EMPTY_GROUP', `group '${groupId}' has members`);
      group.close();
      groups.delete(groupId);
      offsets.delete(groupId);
    },
    forgetTopic(topic) {
      for (const ofGroup of offsets.values()) ofGroup.delete(topic);
    },
    all: () => [...groups.values()],
    close() {
      for (const group of groups.values()) group.close();
    },
  };
}
