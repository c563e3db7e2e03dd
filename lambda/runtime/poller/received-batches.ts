/** The messages a poller has in work: their heartbeats, signals, acknowledgements and ways back. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { sleep } from '../clock.ts';
import type { Random } from '../clock.ts';
import { changeVisibility } from '../consumer/change-visibility.ts';
import { deadLetterOrLeave } from '../consumer/consumer-options.ts';
import type { ConsumerOptions } from '../consumer/consumer-options.ts';
import { groupCalls } from '../consumer/group-calls.ts';
import type { GroupedCalls } from '../consumer/group-calls.ts';
import type { Consumer, DeadLetter, MessageRun } from '../consumer/handle-message.ts';
import { keepHidden } from '../consumer/keep-hidden.ts';
import type { KeptHidden } from '../consumer/keep-hidden.ts';
import type { Outcome } from '../consumer/outcome.ts';
import { processFifo, processStandard } from '../consumer/process-batch.ts';
import type { BatchRun, SettledMessage } from '../consumer/process-batch.ts';
import { checkedBackoff, DEFAULT_BACKOFF, visibilityChanges } from '../consumer/visibility.ts';
import type { VisibilityChange } from '../consumer/visibility.ts';
import { RuntimeError } from '../errors.ts';
import type { EntryFailure } from '../transports/call-error.ts';
import { isFifo } from '../transports/group-id.ts';
import { SQS_LIMITS } from '../transports/limits.ts';
import type { SqsRecord } from '../types.ts';
import { messageDeletion } from './delete-messages.ts';
import type { MessageDeletion } from './delete-messages.ts';

export interface ReceivedBatchesOptions extends ConsumerOptions {
  readonly queueUrl: string;
  readonly visibilityTimeout: number;
  readonly every: number | undefined;
  readonly maxProcessingTime: number;
  readonly random: Random;
}

/** A message from its receive until it is acknowledged or on its way back. */
interface InWork extends KeptHidden {
  readonly done: () => void;
}

/** Milliseconds that an aborted handler has to return. */
const ABORT_GRACE = 1_000;

export class ReceivedBatches<Contract extends AnyEventContract> implements BatchRun {
  readonly #consumer: Consumer<Contract>;
  readonly #options: ReceivedBatchesOptions;
  readonly #backoff;
  readonly #deletion: MessageDeletion;
  readonly #changes: GroupedCalls<VisibilityChange, EntryFailure | undefined>;
  readonly #inWork = new Map<SqsRecord, InWork>();
  readonly #running = new Set<Promise<void>>();
  #closing = false;
  #over = false;

  constructor(consumer: Consumer<Contract>, options: ReceivedBatchesOptions) {
    const { client, queueUrl, random } = options;
    this.#consumer = consumer;
    this.#options = options;
    this.#backoff = checkedBackoff(options.backoff ?? DEFAULT_BACKOFF);
    this.#deletion = messageDeletion(queueUrl, { client, clock: consumer.clock, random });
    this.#changes = groupCalls(SQS_LIMITS.entries, (changes) =>
      changeVisibility(queueUrl, changes, { client }),
    );
  }

  /** Starts to handle what was received. `done` is called once per message, when its place is free again. */
  process(records: readonly SqsRecord[], done: () => void): void {
    for (const record of records) this.#inWork.set(record, this.#take(record, done));
    const work = isFifo(this.#options.queueUrl)
      ? processFifo(this.#consumer, records, this, records.length)
      : processStandard(this.#consumer, records, this, records.length);
    const running = work.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** From now on nothing is started; what waits is released. */
  close(): void {
    this.#closing = true;
  }

  /** Waits for what runs, aborts what still runs after so many milliseconds, and answers how many that were. */
  async finish(within: number): Promise<number> {
    const finished = (): Promise<unknown> => Promise.all(this.#running);
    const waited = new AbortController();
    const { clock } = this.#consumer;
    await Promise.race([finished(), sleep(clock, within, waited.signal)]);
    waited.abort();
    const late = this.#inWork.size;
    if (late > 0) await this.#abandon(finished);
    return late;
  }

  async #abandon(finished: () => Promise<unknown>): Promise<void> {
    this.#over = true;
    const waited = new AbortController();
    for (const { controller } of this.#inWork.values()) {
      controller.abort(new RuntimeError('WAYBILL_SHUTDOWN', 'the poller is stopping: stop and throw'));
    }
    await Promise.race([finished(), sleep(this.#consumer.clock, ABORT_GRACE, waited.signal)]);
    waited.abort();
    await Promise.all([...this.#inWork.values()].map(({ heartbeat }) => heartbeat.stop()));
  }

  messageRun(record: SqsRecord): MessageRun {
    const { controller, heartbeat } = this.#inWork.get(record)!;
    return {
      signal: controller.signal,
      // What a handler throws whose message is lost is no failure of the message: another consumer may have it.
      isOver: () => this.#over || heartbeat.isLost(),
      deadLetter: (dead, letter: DeadLetter) =>
        deadLetterOrLeave(this.#consumer, this.#options, dead, letter),
    };
  }

  isClosing(): boolean {
    return this.#closing;
  }

  wasHandled(record: SqsRecord): boolean {
    return this.#deletion.isRemembered(record);
  }

  async acknowledge(record: SqsRecord, _outcome: Outcome): Promise<boolean> {
    const inWork = this.#inWork.get(record)!;
    await inWork.heartbeat.stop();
    const deleted = await this.#deletion.delete(record);
    if (!deleted) {
      this.#consumer.logger.warn('message handled but not deleted; it is deleted when it comes back', {
        messageId: record.messageId,
      });
    }
    this.#finished(record);
    return deleted;
  }

  async bringBack(messages: readonly SettledMessage[]): Promise<void> {
    await Promise.all(messages.map(({ record }) => this.#inWork.get(record)!.heartbeat.stop()));
    // A message that is not ours any more is left alone: another consumer may have it.
    const ours = messages.filter(({ record }) => !this.#inWork.get(record)!.heartbeat.isLost());
    const changes = visibilityChanges(ours.map(released), this.#backoff, this.#options.random);
    const results = await Promise.all(changes.map((change) => this.#changes.add(change)));
    const failure = results.find((result) => result !== undefined);
    if (failure !== undefined) {
      this.#consumer.logger.warn('visibility not changed; the message comes back at its visibility timeout', {
        code: failure.code,
      });
    }
    for (const { record } of messages) this.#finished(record);
  }

  #take(record: SqsRecord, done: () => void): InWork {
    const { visibilityTimeout, every, maxProcessingTime: maximum } = this.#options;
    const { clock, logger } = this.#consumer;
    const changes = this.#changes;
    const kept = keepHidden(record, {
      visibilityTimeout,
      ...(every === undefined ? {} : { every }),
      maximum,
      changes,
      clock,
      logger,
    });
    return { ...kept, done };
  }

  #finished(record: SqsRecord): void {
    this.#inWork.get(record)?.done();
    this.#inWork.delete(record);
  }
}

/** Unlike in Lambda, an abandoned handler has returned when it gets here, so its message can go at once. */
function released({ record, outcome }: SettledMessage): SettledMessage {
  return { record, outcome: outcome === 'abandoned' ? 'not-started' : outcome };
}
