/** `pollKafka()`: an event handler as a long-running member of a consumer group, for services outside Lambda. */
import { contractsIn } from '../consumer/consumer-options.ts';
import { RuntimeError } from '../errors.ts';
import type { Poller, StopReport } from '../poll.ts';
import type { ContractIn, ContractOrContracts, Handler } from '../types.ts';
import { handleRecord, mover } from './handle-record.ts';
import { kafkaConsumer, retryPolicy } from './kafka-consumer-options.ts';
import type { KafkaConsumerOptions } from './kafka-consumer-options.ts';
import { readTopics } from './read-topics.ts';

export interface PollKafkaOptions extends KafkaConsumerOptions {
  /** Names. The retry topics are read besides, each by a group of its own: `GROUP.TOPIC`. */
  readonly topics: readonly string[];
  /** @default - the consumer's name */
  readonly groupId?: string;
  /**
   * Records in work at a time, of the topics together and of each retry topic.
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Where a group begins that has no position yet.
   * @default 'earliest'
   */
  readonly startFrom?: 'earliest' | 'latest';
  /**
   * Milliseconds without a sign of life after which the group goes on without this member.
   * @default 45000
   */
  readonly sessionTimeout?: number;
}

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_SESSION_TIMEOUT = 45_000;
const DEFAULT_STOP_MILLISECONDS = 20_000;

/**
 * Reads and handles until stopped. Rules as for `consumeKafka`, and besides:
 *
 * - The position of a partition is committed behind what is done, and nothing else: what is in work when the process
 *   dies is read again by whoever has the partition then.
 * - When the group's partitions are dealt anew, what is in work goes on, and counts where the partition stayed.
 * - A record that stays (no retry topics, or a move failed) is tried again in place with a backoff, and its key waits.
 * - After a record was moved, its key follows it to the retry topic until the delay is over.
 * - A reader of a retry topic pauses until the next record is due; the others go on.
 *
 * @example
 * const poller = pollKafka(ProductViewed, recommend, { bootstrapServers, topics: ['activity'], consumer: 'advice' });
 * process.once('SIGTERM', () => void poller.stop().then(() => process.exit(0)));
 *
 * @throws RuntimeError WAYBILL_OPTION_INVALID, WAYBILL_ENVIRONMENT_MISSING
 */
export function pollKafka<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: PollKafkaOptions,
): Poller {
  const policy = retryPolicy(options, process.env);
  const consumer = kafkaConsumer(contractsIn(contracts), handler, options, policy);
  const { bootstrapServers, clusterArn = policy.clusterArn } = options;
  if (options.topics.length === 0 || (bootstrapServers === undefined && clusterArn === undefined)) {
    throw new RuntimeError(
      'WAYBILL_OPTION_INVALID',
      'pollKafka() needs `topics`, and `clusterArn` or `bootstrapServers`',
    );
  }
  const cluster = bootstrapServers === undefined ? { clusterArn: clusterArn! } : { bootstrapServers };
  const move = mover(cluster, consumer);
  const groupId = options.groupId ?? consumer.name;
  const read = (topics: readonly string[], group: string) =>
    readTopics({
      cluster,
      topics,
      groupId: group,
      consumer,
      heldBy: policy.retryTopics.length > 0 ? 'switch' : 'any',
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      startFrom: options.startFrom ?? 'earliest',
      sessionTimeout: options.sessionTimeout ?? DEFAULT_SESSION_TIMEOUT,
      random: options.random ?? Math.random,
      move,
      handle: (record, run, tries) => handleRecord(consumer, policy, move, record, run, tries),
    });
  const readers = [
    read(options.topics, groupId),
    ...policy.retryTopics.map(({ topic }) => read([topic], `${groupId}.${topic}`)),
  ];
  let stopped: Promise<StopReport> | undefined;

  const stop = async (within: number): Promise<StopReport> => {
    const late = await Promise.all(readers.map((reader) => reader.stop(within)));
    const abandoned = late.reduce((sum, count) => sum + count, 0);
    consumer.logger.info('poller stopped', { abandoned });
    return { abandoned };
  };

  return {
    stop: ({ within = DEFAULT_STOP_MILLISECONDS } = {}) => (stopped ??= stop(within)),
  };
}
