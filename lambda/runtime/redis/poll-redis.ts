/** `pollRedis()`: an event handler as a long-running member of a consumer group of Redis streams. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { fullJitter } from '../backoff.ts';
import { sleep } from '../clock.ts';
import { consumerFrom, contractsIn } from '../consumer/consumer-options.ts';
import { declarationOf } from '../consumer/declaration.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { positiveNumberVariable } from '../environment.ts';
import { RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import type { Poller, StopReport } from '../poll.ts';
import { createSlots } from '../poller/slots.ts';
import type { ContractIn, ContractOrContracts, Handler } from '../types.ts';
import { redisConnection } from './connection.ts';
import type { RedisConnection } from './connection.ts';
import { makeGroup } from './groups.ts';
import { allPartitions } from './keys.ts';
import type { PartitionKeys } from './keys.ts';
import { readInOrder } from './ordered-readers.ts';
import { DEFAULT_MAX_RECEIVE_COUNT, redisConsumerSettings } from './redis-consumer-options.ts';
import type {
  PollRedisConsumerOptions,
  PollRedisOptions,
  RedisConsumerSettings,
} from './redis-consumer-options.ts';
import { READ_BACKOFF } from './reader.ts';
import type { ReaderProps } from './reader.ts';
import { redisFromEnvironment } from './server.ts';
import { agreeOnPartitions, checkedStream } from './settings.ts';
import { readShared } from './shared-reader.ts';
import { trimAll } from './trim.ts';

const DEFAULT_STOP_MILLISECONDS = 20_000;
/** Milliseconds that an aborted handler has to return. */
const ABORT_GRACE = 1_000;

/**
 * Reads and handles until stopped. Rules as for `consume`:
 *
 * - Each group gets every event. Within a group each event goes to one reader, and to another one when that gives no
 *   sign of life for the visibility timeout.
 * - What fails waits (exponential, full jitter) and comes again; what can't be read, and what failed at its last
 *   delivery, is kept with the reason in the group's dead letters, see `redriveRedis()`.
 * - With `order` a partition has one reader at a time; an event that waits holds back its key and nothing else.
 * - A handler may run twice for an event: begin its transaction with `processOnce`.
 * - Where the server is away it is tried again, with backoff, for as long as it takes.
 *
 * Needs the package `@redis/client`, and Redis 7 or Valkey.
 *
 * @example
 * const poller = pollRedis(FeedbackReceived, classify, { stream: 'feedback', consumer: 'sentiment', order: 'key' });
 * process.once('SIGTERM', () => void poller.stop().then(() => process.exit(0)));
 *
 * @example
 * // What `consume` returned, the same that runs as a function behind a queue, or by `subscribe`.
 * const sentiment = consume(FeedbackReceived, rate, { consumer: 'sentiment' });
 * const poller = pollRedis({ consumer: sentiment, stream: 'feedback', partitions: 8, order: 'key' });
 *
 * @throws RuntimeError WAYBILL_OPTION_INVALID, WAYBILL_ENVIRONMENT_MISSING; RedisError WAYBILL_REDIS_NOT_CONFIGURED
 */
export function pollRedis(options: PollRedisConsumerOptions): Poller;
export function pollRedis<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: PollRedisOptions,
): Poller;
export function pollRedis(
  ...given:
    | [options: PollRedisConsumerOptions]
    | [contracts: ContractOrContracts, handler: Handler<AnyEventContract>, options: PollRedisOptions]
): Poller {
  const [contracts, handler, options] = given.length === 1 ? declared(given[0]) : given;
  const consumer = redisConsumer(contracts, handler, options);
  const settings = redisConsumerSettings(options, consumer.name);
  checkedStream(options, settings.partitions);
  const connection = redisConnection(options.server ?? redisFromEnvironment());
  const stopping = new AbortController();
  const late = new AbortController();
  const slots = createSlots(settings.concurrency);
  const props: ReaderProps = {
    connection,
    consumer,
    settings,
    slots,
    random: options.random ?? Math.random,
    stopping: stopping.signal,
    late: late.signal,
    inWork: { count: 0 },
  };
  const ended = run(props, options);
  let stopped: Promise<StopReport> | undefined;

  const stop = async (within: number): Promise<StopReport> => {
    const { clock, logger } = consumer;
    stopping.abort();
    slots.close();
    const waited = new AbortController();
    await Promise.race([ended, sleep(clock, within, waited.signal)]);
    waited.abort();
    const abandoned = props.inWork.count;
    if (abandoned > 0) {
      late.abort(new RuntimeError('WAYBILL_SHUTDOWN', 'the poller is stopping: stop and throw'));
      const grace = new AbortController();
      await Promise.race([ended, sleep(clock, ABORT_GRACE, grace.signal)]);
      grace.abort();
    }
    connection.close();
    logger.info('poller stopped', { abandoned });
    return { abandoned };
  };

  return { stop: ({ within = DEFAULT_STOP_MILLISECONDS } = {}) => (stopped ??= stop(within)) };
}

/** The declaration's own options hold where none are given here. Those of SQS have no meaning here. */
function declared({
  consumer,
  name,
  ...given
}: PollRedisConsumerOptions): [readonly AnyEventContract[], Handler<AnyEventContract>, PollRedisOptions] {
  const { contracts, handler, options } = declarationOf(consumer);
  const { deadLetterQueueUrl: _queue, client: _client, putBack: _putBack, ...kept } = options;
  return [contracts, handler, { ...kept, ...given, ...(name !== undefined && { consumer: name }) }];
}

function redisConsumer<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: PollRedisOptions,
): Consumer {
  const maxReceiveCount =
    options.maxReceiveCount ??
    positiveNumberVariable(process.env, 'WAYBILL_MAX_FAILURES') ??
    positiveNumberVariable(process.env, 'WAYBILL_MAX_RECEIVE_COUNT') ??
    DEFAULT_MAX_RECEIVE_COUNT;
  return consumerFrom(contractsIn(contracts), handler, {
    ...options,
    maxReceiveCount,
  });
}

async function run(props: ReaderProps, options: PollRedisOptions): Promise<void> {
  const { connection, consumer, settings, stopping } = props;
  const partitions = allPartitions(options, settings.partitions);
  await begin(props, options, partitions);
  if (stopping.aborted) return;
  const trimming = trimRegularly(props, partitions);
  if (settings.order === 'none') {
    await Promise.all(partitions.map((keys) => readShared(props, keys).ended));
    await leave(connection, partitions, settings);
  } else {
    await readInOrder(props, options, partitions);
  }
  consumer.logger.debug('reading ended', { group: settings.group });
  await trimming;
}

/** The number of partitions is compared, and groups are made, before anything is read; until the server answers. */
async function begin(
  { connection, consumer, settings, stopping, random }: ReaderProps,
  options: PollRedisOptions,
  partitions: readonly PartitionKeys[],
): Promise<void> {
  for (let failures = 0; !stopping.aborted;) {
    try {
      await agreeOnPartitions(connection, options, settings.partitions);
      for (const keys of partitions) await makeGroup(connection, keys, settings.group, settings.start);
      return;
    } catch (error) {
      failures += 1;
      consumer.logger.error('reading could not begin; it is tried again', {
        detail: describeError(error),
        reason: error instanceof Error ? error.message : undefined,
        failures,
      });
      await sleep(consumer.clock, fullJitter(READ_BACKOFF, failures, random), stopping);
    }
  }
}

/** The name of this reader is not used again. One that still holds entries stays, until they are taken from it. */
async function leave(
  connection: RedisConnection,
  partitions: readonly PartitionKeys[],
  { group, reader }: RedisConsumerSettings,
): Promise<void> {
  for (const { stream } of partitions) {
    try {
      const pending = await connection.command(stream, 'XPENDING', stream, group, '-', '+', '1', reader);
      if (Array.isArray(pending) && pending.length > 0) continue;
      await connection.command(stream, 'XGROUP', 'DELCONSUMER', stream, group, reader);
    } catch {
      // The server is away. The name takes a few bytes.
    }
  }
}

/** Each reader does it, in times that differ: it can be done twice. */
async function trimRegularly(props: ReaderProps, partitions: readonly PartitionKeys[]): Promise<void> {
  const { connection, consumer, settings, stopping, random } = props;
  while (!stopping.aborted) {
    await sleep(consumer.clock, settings.trimInterval * (0.5 + random()), stopping);
    if (stopping.aborted) return;
    try {
      await trimAll({ ...settings, connection, partitions, logger: consumer.logger });
    } catch (error) {
      consumer.logger.warn('not trimmed; it is tried again', { detail: describeError(error) });
    }
  }
}
