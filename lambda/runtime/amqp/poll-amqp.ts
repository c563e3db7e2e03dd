/** `pollAmqp()`: an event handler as a long-running consumer of a RabbitMQ queue, for services outside Lambda. */
import type { Channel, ConsumeMessage } from 'amqplib';
import { fullJitter } from '../backoff.ts';
import type { Backoff } from '../backoff.ts';
import { sleep } from '../clock.ts';
import type { Random } from '../clock.ts';
import { postponementOf } from '../consumer/admission.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import type { Outcome } from '../consumer/outcome.ts';
import { untilHeld, whileHeld } from '../consumer/reader-admission.ts';
import { RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import type { Poller, StopReport } from '../poll.ts';
import type { Handler } from '../types.ts';
import { brokerFromEnvironment } from './broker.ts';
import { amqpConnection } from './connection.ts';
import type { AmqpConnection } from './connection.ts';
import { deadLettered, ignored, unreadable } from './consume-amqp.ts';
import { consumerFrom } from './consumer-settings.ts';
import type { AmqpConsumerOptions } from './consumer-settings.ts';
import { messageFrom } from './incoming-message.ts';
import type { IncomingMessage } from './incoming-message.ts';
import { createAmqpPublisher } from './publisher.ts';
import type { AmqpPublisher } from './publisher.ts';
import { readMessage } from './read-message.ts';
import type { Readable, ReadableContract } from './read-message.ts';
import { declareOn } from './topology.ts';
import type { AmqpTopology } from './topology.ts';

export interface PollAmqpOptions extends AmqpConsumerOptions {
  readonly queue: string;
  /**
   * Messages in work at a time. The broker sends no more before one is acknowledged. With 1 the queue's order is kept.
   * @default 10
   */
  readonly prefetch?: number;
  /**
   * Declared whenever the consumer connects.
   * @default - nothing: the queue has to be there
   */
  readonly topology?: AmqpTopology;
  /**
   * Milliseconds a failed message waits, unacknowledged and in its place, before it goes back. The broker would
   * deliver it again at once, and use up its deliveries within a second.
   * @default { base: 1000, cap: 60000 }
   */
  readonly backoff?: Backoff;
  /** For tests. */
  readonly random?: Random;
}

const DEFAULT_PREFETCH = 10;
const DEFAULT_STOP_MILLISECONDS = 20_000;
/** Below the broker's consumer timeout (30 minutes), after which it closes the channel. */
const DEFAULT_BACKOFF: Backoff = { base: 1_000, cap: 60_000 };
/** Milliseconds between connections that fail. */
const CONNECT_BACKOFF: Backoff = { base: 500, cap: 30_000 };
/** Milliseconds that an aborted handler has to return. */
const ABORT_GRACE = 1_000;
/** Milliseconds for the channel to close. */
const CLOSE_TIME = 5_000;

/**
 * Consumes and handles until stopped: manual acknowledgement, reconnects with backoff, dead-letters with the reason
 * what can't be read and what failed at its last delivery. Stopping takes nothing new, lets running handlers finish
 * and acknowledges them (D17). A handler may run twice for the same event: begin its transaction with `processOnce`.
 *
 * @example
 * const consumer = pollAmqp(OrderConfirmed, handle, { queue: 'warehouse', consumer: 'warehouse' });
 * process.once('SIGTERM', () => void consumer.stop().then(() => process.exit(0)));
 */
export function pollAmqp<const Given extends Readable>(
  given: Given,
  handler: Handler<ReadableContract<Given>>,
  options: PollAmqpOptions,
): Poller {
  const consumer = consumerFrom(given, handler, options);
  const broker = options.broker ?? brokerFromEnvironment();
  const polling = new Polling(given, consumer, options, {
    connection: amqpConnection(broker),
    publisher: options.deadLetterPublisher ?? createAmqpPublisher({ broker }),
  });
  const loop = polling.run();
  let stopped: Promise<StopReport> | undefined;
  return {
    stop: ({ within = DEFAULT_STOP_MILLISECONDS } = {}) => (stopped ??= polling.stop(loop, within)),
  };
}

interface Surroundings {
  readonly connection: AmqpConnection;
  readonly publisher: AmqpPublisher;
}

class Polling {
  readonly #given: Readable;
  readonly #consumer: Consumer;
  readonly #options: PollAmqpOptions;
  readonly #connection: AmqpConnection;
  readonly #publisher: AmqpPublisher;
  readonly #random: Random;
  /** Ends waiting: for a connection, or for a failed message's backoff. */
  readonly #stopping = new AbortController();
  /** Ends the handlers that are not done in time. */
  readonly #late = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #over = false;

  constructor(given: Readable, consumer: Consumer, options: PollAmqpOptions, around: Surroundings) {
    this.#given = given;
    this.#consumer = consumer;
    this.#options = options;
    this.#connection = around.connection;
    this.#publisher = around.publisher;
    this.#random = options.random ?? Math.random;
  }

  /** Connects, consumes until the channel is gone, and again. */
  async run(): Promise<void> {
    const { clock, logger } = this.#consumer;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await whileHeld(this.#consumer, signal);
        if (signal.aborted) return;
        const ended = await this.#consume(() => (failures = 0));
        if (signal.aborted) return;
        if (ended === HELD) {
          logger.warn('the reader waits: it is switched off, or what it needs is away');
          continue;
        }
        logger.warn('consumer interrupted; it connects again', { reason: ended });
      } catch (error) {
        if (signal.aborted) return;
        logger.error('consumer could not start; it is tried again', {
          detail: describeError(error),
          failures,
        });
      }
      failures += 1;
      await sleep(clock, fullJitter(CONNECT_BACKOFF, failures, this.#random), signal);
    }
  }

  /** Resolves with why it ended. */
  async #consume(started: () => void): Promise<string> {
    const { queue, prefetch = DEFAULT_PREFETCH, topology } = this.#options;
    const channel = await this.#connection.channel();
    const watching = new AbortController();
    const holding = new AbortController();
    try {
      if (topology !== undefined) await declareOn(channel, topology);
      await channel.prefetch(prefetch);
      const ended = new Promise<string>((resolve) => {
        channel.once('close', () => resolve('the channel was closed'));
        this.#stopping.signal.addEventListener('abort', () => resolve('stopping'), { once: true });
        channel.once('cancelled', () => resolve('the queue was deleted, or its leader moved'));
        if (this.#consumer.controls === undefined) return;
        void untilHeld(this.#consumer, watching.signal).then(() => resolve(HELD));
      });
      const { consumerTag } = await channel.consume(queue, (delivery) => {
        if (delivery === null) channel.emit('cancelled');
        else this.#take(channel, delivery, holding.signal);
      });
      started();
      const reason = await ended;
      // Nothing new from here on; what is in work keeps the channel for its acknowledgement.
      if (reason === 'stopping' || reason === HELD) {
        await channel.cancel(consumerTag).catch(() => undefined);
        // What was postponed goes back to the queue, where it costs no more deliveries until the reader goes on.
        holding.abort();
      }
      await Promise.race([this.#settled(), closed(channel), aborted(this.#late.signal)]);
      return reason;
    } finally {
      watching.abort();
      await channel.close().catch(() => undefined);
    }
  }

  #take(channel: Channel, delivery: ConsumeMessage, held: AbortSignal): void {
    const work = this.#handle(channel, delivery, held).finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #handle(channel: Channel, delivery: ConsumeMessage, held: AbortSignal): Promise<void> {
    const { backoff = DEFAULT_BACKOFF, queue } = this.#options;
    const message = messageFrom(queue, delivery);
    const { outcome, postponedBy = 0 }: Handled = this.#stopping.signal.aborted
      ? { outcome: 'not-started' }
      : await this.#handled(message);
    const wait =
      outcome === 'failed' ? fullJitter(backoff, message.receiveCount, this.#random) : 1_000 * postponedBy;
    const { signal } = this.#stopping;
    const until = outcome === 'postponed' ? AbortSignal.any([signal, held]) : signal;
    if (wait > 0) await sleep(this.#consumer.clock, wait, until);
    try {
      if (isAcknowledged(outcome)) channel.ack(delivery);
      else channel.nack(delivery, false, true);
    } catch {
      // The channel is gone, and the broker delivers again what it did not hear of.
      this.#consumer.logger.warn('message not acknowledged; it comes again', {
        messageId: message.messageId,
        outcome,
      });
    }
  }

  async #handled(message: IncomingMessage): Promise<Handled> {
    const consumer = this.#consumer;
    const deadLetter = (dead: IncomingMessage, letter: { reason: string; detail: string }) =>
      deadLettered(consumer, this.#publisher, this.#options, dead, letter);
    const read = readMessage(this.#given, message);
    if (read.kind === 'ignored') return { outcome: ignored(consumer, message) };
    if (read.kind === 'unreadable') {
      return { outcome: await unreadable(consumer, message, read.letter, deadLetter) };
    }
    const outcome = await handleMessage(consumer, read.record, {
      signal: this.#late.signal,
      isOver: () => this.#over,
      deadLetter: (_record, letter) => deadLetter(message, letter),
    });
    return outcome === 'postponed' ? { outcome, postponedBy: postponementOf(read.record) } : { outcome };
  }

  async stop(loop: Promise<void>, within: number): Promise<StopReport> {
    const { clock, logger } = this.#consumer;
    this.#stopping.abort();
    const waited = new AbortController();
    await Promise.race([this.#settled(), sleep(clock, within, waited.signal)]);
    waited.abort();
    const abandoned = this.#running.size;
    if (abandoned > 0) {
      this.#late.abort(new RuntimeError('WAYBILL_SHUTDOWN', 'the consumer is stopping: stop and throw'));
      const grace = new AbortController();
      await Promise.race([this.#settled(), sleep(clock, ABORT_GRACE, grace.signal)]);
      grace.abort();
      this.#over = true;
    }
    // The loop closes its channel behind the last acknowledgement, which gives back what was not acknowledged. A
    // connection that is closed at once may overtake it.
    const closing = new AbortController();
    await Promise.race([loop, sleep(clock, CLOSE_TIME, closing.signal)]);
    closing.abort();
    await this.#connection.close();
    await loop;
    await this.#publisher.close();
    logger.info('consumer stopped', { abandoned });
    return { abandoned };
  }

  async #settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** Why a subscription ends that goes on later. */
const HELD = 'held';

interface Handled {
  readonly outcome: Outcome;
  /** Seconds until what it needs may be there again. */
  readonly postponedBy?: number;
}

function closed(channel: Channel): Promise<void> {
  return new Promise((resolve) => channel.once('close', () => resolve()));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
