/**
 * A member of a consumer group that reads the partitions it is given and commits what its owner has done with. It joins
 * again by itself when the group changes or the broker was away.
 */
import { KAFKA_ERRORS, KafkaError } from '../errors.ts';
import {
  HEARTBEAT,
  JOIN_GROUP,
  LEAVE_GROUP,
  SYNC_GROUP,
  type JoinGroupResponse,
} from '../messages/groups.ts';
import { OFFSET_COMMIT, OFFSET_FETCH } from '../messages/offsets.ts';
import { FETCH, LIST_OFFSETS } from '../messages/records.ts';
import { viewBatches } from '../storage/record-batch.ts';
import { readRecords, type Decompress, type KafkaRecord } from '../storage/records.ts';
import { createClusterClient, refuseError, type ClusterClient } from './cluster-client.ts';
import {
  assignRanges,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts';

/** Versions that Kafka 2.4 to 4 and the embedded broker have in common; none of them is flexible. */
const VERSION = {
  join: 5,
  sync: 3,
  heartbeat: 3,
  leave: 3,
  commit: 7,
  offsets: 5,
  list: 5,
  fetch: 11,
} as const;
/** Milliseconds; Kafka's own clients have the same. */
const SESSION_TIMEOUT = 45_000;
const REBALANCE_TIMEOUT = 300_000;
const HEARTBEAT_INTERVAL = 3000;
/** Until partitions that came into being are noticed. */
const METADATA_INTERVAL = 10_000;
const FETCH_WAIT = 1000;
/** After an error, and while the topic is not there. */
const TRY_AGAIN = 500;
const FETCH_BYTES = 16 * 1024 * 1024;
const PARTITION_BYTES = 1024 * 1024;
const PLACE = { latest: -1, earliest: -2 } as const;
const PROTOCOL = 'range';

/** Where a partition is read from that the group never committed. */
export type StartPosition = 'earliest' | 'latest' | { readonly timestamp: number };

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ConsumedRecord[];
  /** The offset that the next record in the partition gets. */
  readonly end: number;
}

export interface ConsumedRecord extends KafkaRecord {
  readonly isLogAppendTime: boolean;
}

export interface GroupConsumerOptions {
  readonly bootstrapServers: () => Promise<string>;
  readonly groupId: string;
  readonly clientId: string;
  readonly topic: string;
  readonly start: StartPosition;
  /** Called before each round of fetches and each commit; what it throws counts as the broker's failure. */
  readonly before: (action: 'Fetch' | 'OffsetCommit') => Promise<void>;
  /** Whether more records of a partition may come now. */
  readonly hasRoom: (partition: number) => boolean;
  readonly onAssigned: (partitions: readonly number[]) => void;
  readonly onRecords: (batch: Batch) => void;
  /** The partitions are no longer this member's: resolves when nothing of them is being processed. */
  readonly onRevoked: () => Promise<void>;
  readonly decompress?: Decompress | undefined;
}

export interface GroupConsumer {
  /** Resolves when the first positions are taken: what is produced from then on is read. */
  readonly ready: Promise<void>;
  /** @param offset the offset after the last record that is done */
  commit(partition: number, offset: number): void;
  /** There may be room again. */
  wake(): void;
  close(): Promise<void>;
}

/** A generation of the group as this member sees it. */
interface Session {
  readonly memberId: string;
  readonly generationId: number;
  readonly isLeader: boolean;
  readonly positions: Map<number, number>;
  /** Of the partitions of the topic, the numbers of the brokers that lead them. */
  readonly leaders: ReadonlyMap<number, number>;
  isOver: boolean;
}

export function startGroupConsumer(options: GroupConsumerOptions): GroupConsumer {
  const { groupId, topic } = options;
  const ready = Promise.withResolvers<void>();
  const stop = new AbortController();
  const uncommitted = new Map<number, number>();
  let bell = Promise.withResolvers<void>();
  let client: ClusterClient | undefined;
  let memberId = '';
  let session: Session | undefined;
  let committing: Promise<void> | undefined;

  const wake = (): void => {
    bell.resolve();
    bell = Promise.withResolvers();
  };
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      stop.signal.addEventListener('abort', done, { once: true });
      if (stop.signal.aborted) done();
    });

  const join = async (to: ClusterClient): Promise<JoinGroupResponse> => {
    for (;;) {
      const answer = await to.callCoordinator(groupId, JOIN_GROUP, VERSION.join, {
        groupId,
        sessionTimeoutMs: SESSION_TIMEOUT,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT,
        memberId,
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: PROTOCOL, metadata: encodeSubscription([topic]) }],
        reason: null,
      });
      if (answer.errorCode === KAFKA_ERRORS.MEMBER_ID_REQUIRED) {
        memberId = answer.memberId;
        continue;
      }
      if (answer.errorCode === KAFKA_ERRORS.UNKNOWN_MEMBER_ID) memberId = '';
      refuseError(answer.errorCode);
      memberId = answer.memberId;
      return answer;
    }
  };

  const assign = async (to: ClusterClient, { members }: JoinGroupResponse) => {
    const subscribers = members.map((member) => ({
      memberId: member.memberId,
      topics: decodeSubscription(member.metadata),
    }));
    const topics = [...new Set(subscribers.flatMap((subscriber) => subscriber.topics))];
    const metadata = await to.metadata(topics);
    const counts = new Map(metadata.topics.map(({ name, partitions }) => [name ?? '', partitions.length]));
    return [...assignRanges(subscribers, counts)].map(([member, partitions]) => ({
      memberId: member,
      assignment: encodeAssignment(partitions),
    }));
  };

  const begin = async (to: ClusterClient): Promise<Session> => {
    const joined = await join(to);
    const isLeader = joined.leader === joined.memberId;
    const synced = await to.callCoordinator(groupId, SYNC_GROUP, VERSION.sync, {
      groupId,
      generationId: joined.generationId,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments: isLeader ? await assign(to, joined) : [],
    });
    refuseError(synced.errorCode);
    const mine = decodeAssignment(synced.assignment).find((assigned) => assigned.topic === topic);
    const metadata = await to.metadata([topic]);
    const partitions = metadata.topics[0]?.partitions ?? [];
    if (partitions.length === 0) throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `no topic '${topic}'`);
    return {
      memberId,
      generationId: joined.generationId,
      isLeader,
      positions: new Map(mine?.partitions.map((partition) => [partition, -1])),
      leaders: new Map(partitions.map(({ index, leaderId }) => [index, leaderId])),
      isOver: false,
    };
  };

  const offsetAt = async (to: ClusterClient, of: Session, partition: number, at: StartPosition) => {
    const timestamp = typeof at === 'object' ? at.timestamp : PLACE[at];
    const answer = await to.callNode(of.leaders.get(partition) ?? -1, LIST_OFFSETS, VERSION.list, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: topic, partitions: [{ index: partition, currentLeaderEpoch: -1, timestamp }] }],
      timeoutMs: 0,
    });
    const found = answer.topics[0]?.partitions[0];
    refuseError(found?.errorCode ?? KAFKA_ERRORS.UNKNOWN_TOPIC_OR_PARTITION);
    return found?.offset ?? -1;
  };

  const takePositions = async (to: ClusterClient, of: Session): Promise<void> => {
    const partitions = [...of.positions.keys()];
    if (partitions.length === 0) return;
    const answer = await to.callCoordinator(groupId, OFFSET_FETCH, VERSION.offsets, {
      groupId,
      topics: [{ name: topic, partitions }],
      groups: [],
      requireStable: false,
    });
    refuseError(answer.errorCode);
    for (const { index, committedOffset, errorCode } of answer.topics[0]?.partitions ?? []) {
      refuseError(errorCode);
      of.positions.set(index, committedOffset);
    }
    for (const partition of partitions) {
      if ((of.positions.get(partition) ?? -1) >= 0) continue;
      const found = await offsetAt(to, of, partition, options.start);
      // A time after the last record is the end.
      const offset = found >= 0 ? found : await offsetAt(to, of, partition, 'latest');
      of.positions.set(partition, offset);
      // Committed at once: a restart before the first batch must not pass over what came in between.
      uncommitted.set(partition, offset);
    }
  };

  const flush = async (to: ClusterClient, of: Session): Promise<void> => {
    while (uncommitted.size > 0) {
      const partitions = [...uncommitted].map(([index, committedOffset]) => ({
        index,
        committedOffset,
        committedLeaderEpoch: -1,
        committedMetadata: '',
      }));
      await options.before('OffsetCommit');
      const answer = await to.callCoordinator(groupId, OFFSET_COMMIT, VERSION.commit, {
        groupId,
        generationId: of.generationId,
        memberId: of.memberId,
        groupInstanceId: null,
        retentionTimeMs: -1,
        topics: [{ name: topic, partitions }],
      });
      for (const { index, errorCode } of answer.topics[0]?.partitions ?? []) {
        refuseError(errorCode);
        const written = partitions.find((partition) => partition.index === index)?.committedOffset;
        if (uncommitted.get(index) === written) uncommitted.delete(index);
      }
    }
  };
  /** One commit at a time; one that fails is part of the next. */
  const startCommit = (): void => {
    if (committing || !session || !client) return;
    committing = flush(client, session)
      .catch(() => pause(TRY_AGAIN))
      .finally(() => {
        committing = undefined;
        if (uncommitted.size > 0) startCommit();
      });
  };

  const beat = async (to: ClusterClient, of: Session): Promise<void> => {
    let lookedAt = Date.now();
    while (!of.isOver && !stop.signal.aborted) {
      await pause(HEARTBEAT_INTERVAL);
      if (of.isOver || stop.signal.aborted) return;
      const { errorCode } = await to.callCoordinator(groupId, HEARTBEAT, VERSION.heartbeat, {
        groupId,
        generationId: of.generationId,
        memberId: of.memberId,
        groupInstanceId: null,
      });
      refuseError(errorCode);
      if (!of.isLeader || Date.now() - lookedAt < METADATA_INTERVAL) continue;
      lookedAt = Date.now();
      const { topics } = await to.metadata([topic]);
      if (topics[0]?.partitions.length !== of.leaders.size) return;
    }
  };

  const fetchFrom = async (to: ClusterClient, of: Session, node: number, partitions: readonly number[]) => {
    const answer = await to.callNode(node, FETCH, VERSION.fetch, {
      replicaId: -1,
      maxWaitMs: FETCH_WAIT,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      isolationLevel: 1,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic,
          topicId: '',
          partitions: partitions.map((partition) => ({
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: of.positions.get(partition) ?? 0,
            lastFetchedEpoch: -1,
            logStartOffset: -1,
            partitionMaxBytes: PARTITION_BYTES,
          })),
        },
      ],
      forgottenTopics: [],
      rackId: '',
    });
    refuseError(answer.errorCode);
    for (const { partition, errorCode, records, highWatermark } of answer.topics[0]?.partitions ?? []) {
      if (of.isOver) return;
      if (errorCode === KAFKA_ERRORS.OFFSET_OUT_OF_RANGE) {
        // The records were dropped before they were read.
        of.positions.set(partition, await offsetAt(to, of, partition, 'earliest'));
        continue;
      }
      refuseError(errorCode);
      const position = of.positions.get(partition) ?? 0;
      const wanted: ConsumedRecord[] = [];
      for (const batch of Buffer.isBuffer(records) ? viewBatches(records) : []) {
        for (const record of readRecords(batch, options.decompress)) {
          if (record.offset < position) continue;
          wanted.push({ ...record, isLogAppendTime: batch.isLogAppendTime });
        }
      }
      const last = wanted.at(-1);
      if (!last) continue;
      of.positions.set(partition, last.offset + 1);
      options.onRecords({ topic, partition, records: wanted, end: highWatermark });
    }
  };

  const read = async (to: ClusterClient, of: Session): Promise<void> => {
    while (!of.isOver && !stop.signal.aborted) {
      const rung = bell.promise;
      const byLeader = new Map<number, number[]>();
      for (const partition of of.positions.keys()) {
        if (!options.hasRoom(partition)) continue;
        const leader = of.leaders.get(partition) ?? -1;
        byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
      }
      if (byLeader.size === 0) {
        await rung;
        continue;
      }
      await options.before('Fetch');
      await Promise.all([...byLeader].map(([node, partitions]) => fetchFrom(to, of, node, partitions)));
    }
  };

  const live = async (): Promise<void> => {
    const to = createClusterClient(await options.bootstrapServers(), options.clientId);
    client = to;
    let mine: Session | undefined;
    // Nobody waits for the other members to join who is about to go.
    const giveUp = (): void => {
      if (!mine) to.close();
    };
    stop.signal.addEventListener('abort', giveUp, { once: true });
    try {
      mine = await begin(to);
      session = mine;
      await takePositions(to, mine);
      await flush(to, mine);
      options.onAssigned([...mine.positions.keys()]);
      ready.resolve();
      await Promise.race([beat(to, mine), read(to, mine), aborted(stop.signal)]);
    } finally {
      stop.signal.removeEventListener('abort', giveUp);
      if (mine) mine.isOver = true;
      wake();
      await options.onRevoked();
      session = undefined;
      if (mine) await flush(to, mine).catch(() => undefined);
      if (mine && stop.signal.aborted) await leave(to).catch(() => undefined);
      uncommitted.clear();
      to.close();
    }
  };
  const leave = (to: ClusterClient) =>
    to.callCoordinator(groupId, LEAVE_GROUP, VERSION.leave, {
      groupId,
      memberId: '',
      members: [{ memberId, groupInstanceId: null, reason: null }],
    });

  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        await live();
      } catch (thrown) {
        if (thrown instanceof KafkaError && thrown.errorName === 'REBALANCE_IN_PROGRESS') continue;
        if (thrown instanceof KafkaError && thrown.errorName === 'UNKNOWN_MEMBER_ID') memberId = '';
        // The cluster or the topic is not there yet, or for a while.
        ready.resolve();
        await pause(TRY_AGAIN);
      }
    }
  };
  const running = run();

  return {
    ready: ready.promise,
    commit(partition, offset) {
      uncommitted.set(partition, offset);
      startCommit();
    },
    wake,
    async close() {
      stop.abort();
      wake();
      await running;
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
