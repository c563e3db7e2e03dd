/** Fetch: answers at once when there is enough, else when something comes or the patience ends. */
import type { Broker, RequestContext } from '../broker.ts';
import { codeOf, KAFKA_ERRORS, KafkaError } from '../errors.ts';
import type { FetchRequest, FetchResponse } from '../messages/records.ts';
import type { PartitionLog } from '../storage/partition-log.ts';

type PartitionRequest = FetchRequest['topics'][number]['partitions'][number];
type PartitionResponse = FetchResponse['topics'][number]['partitions'][number];

/** From this version on topics are named by their id. */
const BY_TOPIC_ID = 13;

export async function fetchRecords(
  broker: Broker,
  request: FetchRequest,
  { version, gone }: RequestContext,
): Promise<FetchResponse> {
  if (request.sessionId !== 0) {
    // No session is ever given out: every fetch names what it wants.
    const errorCode = KAFKA_ERRORS.FETCH_SESSION_ID_NOT_FOUND;
    return { throttleTimeMs: 0, errorCode, sessionId: 0, topics: [] };
  }
  const logOf = (topic: FetchRequest['topics'][number], partition: number): PartitionLog => {
    if (version < BY_TOPIC_ID) return broker.topics.partition(topic.topic, partition);
    const found = broker.topics.findById(topic.topicId);
    if (!found) throw new KafkaError('UNKNOWN_TOPIC_ID', `there is no topic with the id ${topic.topicId}`);
    return broker.topics.partition(found.name, partition);
  };

  /** Whether waiting would be for nothing. */
  const isEnough = (): boolean => {
    let left = request.minBytes;
    for (const topic of request.topics) {
      for (const { partition, fetchOffset } of topic.partitions) {
        try {
          const log = logOf(topic, partition);
          if (fetchOffset < log.startOffset() || fetchOffset > log.endOffset()) return true;
          left -= log.available(fetchOffset, left);
        } catch {
          return true;
        }
        if (left <= 0) return true;
      }
    }
    return left <= 0;
  };

  if (request.maxWaitMs > 0 && request.topics.length > 0 && !isEnough()) {
    const logs = request.topics.flatMap((topic) =>
      topic.partitions.map(({ partition }) => logOf(topic, partition)),
    );
    await somethingNew(logs, isEnough, request.maxWaitMs, gone);
  }

  let left = request.maxBytes;
  let isFirst = true;
  const read = (topic: FetchRequest['topics'][number], asked: PartitionRequest): PartitionResponse => {
    const { partition, fetchOffset, partitionMaxBytes } = asked;
    const answer = { partition, abortedTransactions: null, preferredReadReplica: -1 };
    try {
      const log = logOf(topic, partition);
      const records = log.read(fetchOffset, Math.min(partitionMaxBytes, left), isFirst);
      for (const batch of records) left -= batch.length;
      if (records.length > 0) isFirst = false;
      return {
        ...answer,
        errorCode: 0,
        highWatermark: log.endOffset(),
        lastStableOffset: log.endOffset(),
        logStartOffset: log.startOffset(),
        records,
      };
    } catch (thrown) {
      const errorCode = codeOf(thrown);
      return {
        ...answer,
        errorCode,
        highWatermark: -1,
        lastStableOffset: -1,
        logStartOffset: -1,
        records: [],
      };
    }
  };
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    topics: request.topics.map((topic) => ({
      topic: topic.topic,
      topicId: topic.topicId,
      partitions: topic.partitions.map((partition) => read(topic, partition)),
    })),
  };
}

/** Resolves when there is enough, when the time is over, or when nobody waits any more. */
function somethingNew(
  logs: readonly PartitionLog[],
  isEnough: () => boolean,
  milliseconds: number,
  gone: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    let isLooking = false;
    const done = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', done);
      for (const stop of stops) stop();
      resolve();
    };
    // What is appended in one turn of the event loop is looked at once.
    const look = (): void => {
      if (isLooking) return;
      isLooking = true;
      setImmediate(() => {
        isLooking = false;
        if (isEnough()) done();
      });
    };
    const timer = setTimeout(done, milliseconds);
    const stops = logs.map((log) => log.observe(look));
    gone.addEventListener('abort', done, { once: true });
    if (gone.aborted) done();
  });
}
