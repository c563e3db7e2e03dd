/** `poll()`: an event handler as a long-running consumer of an SQS queue, for services outside Lambda. */
import { fullJitter } from './backoff.ts';
import { sleep } from './clock.ts';
import { consumerFrom, contractsIn } from './consumer/consumer-options.ts';
import type { ConsumerOptions } from './consumer/consumer-options.ts';
import { heartbeatOf } from './consumer/keep-hidden.ts';
import type { HeartbeatOptions } from './consumer/keep-hidden.ts';
import { MAX_VISIBILITY_SECONDS } from './consumer/visibility.ts';
import { positiveNumberVariable, requiredVariable } from './environment.ts';
import { RuntimeError } from './errors.ts';
import { describeError } from './logger.ts';
import { receive } from './poller/receive.ts';
import { ReceivedBatches } from './poller/received-batches.ts';
import { createSlots } from './poller/slots.ts';
import { SQS_LIMITS } from './transports/limits.ts';
import type { ContractIn, ContractOrContracts, Handler } from './types.ts';

export interface PollOptions extends ConsumerOptions {
  /**
   * A queue whose URL ends with `.fifo` is handled in the order of its groups.
   * @default - WAYBILL_QUEUE_URL
   */
  readonly queueUrl?: string;
  /**
   * Messages in work at a time, all receives together. Nothing is fetched that has no place.
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Receive calls under way at a time.
   * @default 1
   */
  readonly pollers?: number;
  /**
   * Seconds a received message stays invisible. It is renewed while it is in work.
   * @default - WAYBILL_VISIBILITY_TIMEOUT_SECONDS, else 30
   */
  readonly visibilityTimeout?: number;
  /**
   * How long a message in work is invisible at a time, and how often that is renewed. Takes the place of
   * visibilityTimeout.
   * @default - WAYBILL_HEARTBEAT_SECONDS, else visibilityTimeout, renewed ten seconds before it ends
   */
  readonly heartbeat?: HeartbeatOptions;
  /**
   * Seconds after which a message in work is not renewed any more and its handler's signal is aborted.
   * @default 300
   */
  readonly maxProcessingTime?: number;
}

export interface StopOptions {
  /**
   * Milliseconds for running handlers to finish; then their signal is aborted. Stay below what your platform
   * waits before it kills (ECS: 30 s unless changed).
   * @default 20000
   */
  readonly within?: number;
}

export interface StopReport {
  /** Messages whose handler did not finish in time. They come back to the queue. */
  readonly abandoned: number;
}

export interface Poller {
  /**
   * Ends the consumer: the parked poll is aborted, running handlers finish and are acknowledged, what has not
   * started is released. Calling it again returns the same promise.
   */
  stop(options?: StopOptions): Promise<StopReport>;
}

export interface QueuePoller extends Poller {
  /** Receive calls that failed since the last one that did not: for a health check. */
  receiveFailures(): number;
}

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_VISIBILITY_SECONDS = 30;
const DEFAULT_MAX_PROCESSING_SECONDS = 300;
const DEFAULT_STOP_MILLISECONDS = 20_000;
/** Milliseconds between receive calls that fail. */
const RECEIVE_BACKOFF = { base: 1_000, cap: 30_000 };

/**
 * Receives and handles until stopped. Rules as for `consume`, and besides: a message in work is kept invisible,
 * one that was handled but could not be deleted is not handled again by this process.
 *
 * @example
 * const poller = poll(OrderPlaced, async (event) => index(event.data), { queueUrl, consumer: 'search' });
 * process.once('SIGTERM', () => void poller.stop().then(() => process.exit(0)));
 */
export function poll<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: PollOptions = {},
): QueuePoller {
  const consumer = consumerFrom(contractsIn(contracts), handler, options);
  const { clock, logger } = consumer;
  const random = options.random ?? Math.random;
  const settings = pollSettings(options);
  const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
  const slots = createSlots(concurrency);
  // A receive per freed place would cost a call per message; waiting for all places would wait for the slowest.
  const worthAReceive = Math.ceil(Math.min(concurrency, SQS_LIMITS.entries) / 2);
  const batches = new ReceivedBatches(consumer, { ...options, ...settings, random });
  const stopping = new AbortController();
  let receiveFailures = 0;

  const receiveLoop = async (): Promise<void> => {
    let failures = 0;
    for (;;) {
      const places = await slots.take(worthAReceive, SQS_LIMITS.entries);
      if (places === 0) return;
      const held = (await consumer.controls?.holdReceives(consumer.name)) ?? 0;
      if (held > 0) {
        slots.give(places);
        await sleep(clock, held, stopping.signal);
        if (stopping.signal.aborted) return;
        continue;
      }
      try {
        const records = await receive({
          queueUrl: settings.queueUrl,
          maximum: places,
          visibilityTimeoutSeconds: settings.visibilityTimeout,
          client: options.client,
          signal: stopping.signal,
        });
        failures = 0;
        receiveFailures = 0;
        slots.give(places - records.length);
        batches.process(records, () => slots.give(1));
      } catch (error) {
        slots.give(places);
        if (stopping.signal.aborted) return;
        failures += 1;
        receiveFailures += 1;
        logger.error('receive failed; it is tried again', { detail: describeError(error), failures });
        await sleep(clock, fullJitter(RECEIVE_BACKOFF, failures, random), stopping.signal);
      }
    }
  };

  const loops = Promise.all(Array.from({ length: options.pollers ?? 1 }, receiveLoop));
  let stopped: Promise<StopReport> | undefined;

  const stop = async (within: number): Promise<StopReport> => {
    batches.close();
    slots.close();
    stopping.abort();
    await loops;
    const abandoned = await batches.finish(within);
    logger.info('poller stopped', { abandoned });
    return { abandoned };
  };

  return {
    stop: ({ within = DEFAULT_STOP_MILLISECONDS } = {}) => (stopped ??= stop(within)),
    receiveFailures: () => receiveFailures,
  };
}

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_OPTION_INVALID */
function pollSettings(options: PollOptions) {
  const queueUrl = options.queueUrl ?? requiredVariable(process.env, 'WAYBILL_QUEUE_URL');
  if (options.heartbeat !== undefined && options.visibilityTimeout !== undefined) {
    throw new RuntimeError(
      'WAYBILL_OPTION_INVALID',
      'give heartbeat or visibilityTimeout: a message in work has one visibility timeout',
    );
  }
  const told = options.visibilityTimeout === undefined ? process.env : {};
  const heartbeat = heartbeatOf(options.heartbeat, told);
  const visibilityTimeout =
    heartbeat?.visibilityTimeout ??
    options.visibilityTimeout ??
    positiveNumberVariable(process.env, 'WAYBILL_VISIBILITY_TIMEOUT_SECONDS') ??
    DEFAULT_VISIBILITY_SECONDS;
  const maxProcessingTime = options.maxProcessingTime ?? DEFAULT_MAX_PROCESSING_SECONDS;
  if (visibilityTimeout + maxProcessingTime > MAX_VISIBILITY_SECONDS) {
    throw new RuntimeError(
      'WAYBILL_OPTION_INVALID',
      `visibilityTimeout (${visibilityTimeout} s) and maxProcessingTime (${maxProcessingTime} s) must stay within ${MAX_VISIBILITY_SECONDS} s together: SQS keeps no message invisible for longer than 12 hours`,
    );
  }
  return { queueUrl, visibilityTimeout, every: heartbeat?.every, maxProcessingTime };
}
