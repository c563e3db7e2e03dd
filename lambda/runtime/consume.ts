/** `consume()`: an event handler as a Lambda function behind an SQS queue. */
import type { Backoff } from './backoff.ts';
import { changeVisibility } from './consumer/change-visibility.ts';
import { consumerFrom, contractsIn, deadLetterOrLeave } from './consumer/consumer-options.ts';
import type { ConsumerOptions } from './consumer/consumer-options.ts';
import { withDeclaration } from './consumer/declaration.ts';
import { invocationDeadline } from './consumer/deadline.ts';
import type { Deadline, DeadlineMargins } from './consumer/deadline.ts';
import type { Consumer, DeadLetter, MessageRun } from './consumer/handle-message.ts';
import { holdBatch } from './consumer/held-batch.ts';
import type { HeldBatch } from './consumer/held-batch.ts';
import { heartbeatOf } from './consumer/keep-hidden.ts';
import type { HeartbeatOptions } from './consumer/keep-hidden.ts';
import { isAcknowledged } from './consumer/outcome.ts';
import type { Outcome } from './consumer/outcome.ts';
import { processFifo, processStandard } from './consumer/process-batch.ts';
import type { BatchRun, SettledMessage } from './consumer/process-batch.ts';
import { queueUrlOf } from './consumer/queue-url.ts';
import { checkedBackoff, DEFAULT_BACKOFF, visibilityChanges } from './consumer/visibility.ts';
import { isFifo } from './transports/group-id.ts';
import type {
  ContractIn,
  ContractOrContracts,
  Handler,
  InvocationContext,
  SqsBatch,
  SqsBatchResponse,
  SqsRecord,
} from './types.ts';

export interface ConsumeOptions extends ConsumerOptions {
  /**
   * Messages of a standard queue, or groups of a FIFO queue, that are handled at the same time. Ten is the
   * default batch size of an event source mapping: such a batch runs whole, a larger one does not overrun a
   * connection pool.
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Milliseconds before the time limit at which `context.signal` is aborted.
   * @default 1000
   */
  readonly abortMargin?: number;
  /**
   * Milliseconds before the time limit from which no message is started. Set it to about what your handler takes.
   * @default - twice the abort margin
   */
  readonly startMargin?: number;
  /**
   * Keeps the messages of a batch invisible for this long at a time, from its start until its answer. Those of a worker
   * that was killed are back soon, and one that takes long is not handled twice. Costs a call of SQS for each ten
   * messages at the start of a batch and at each renewal. Where SQS says that a message is another's by now, its
   * handler's signal is aborted with WAYBILL_MESSAGE_LOST.
   * @default - WAYBILL_HEARTBEAT_SECONDS, else the queue's visibility timeout from the receive, never extended
   */
  readonly heartbeat?: HeartbeatOptions;
}

export type SqsHandler = (batch: SqsBatch, invocation?: InvocationContext) => Promise<SqsBatchResponse>;

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_ABORT_MARGIN = 1_000;

/**
 * A Lambda handler for an SQS event source with `ReportBatchItemFailures`.
 *
 * - Standard queue: messages are handled concurrently, only the failed ones come back.
 * - FIFO queue (told by the ARN): groups concurrently, each in order; a group halts at its first failure.
 * - A failed message comes back after an exponential backoff with full jitter.
 * - What can't be read goes to the dead-letter queue at its first receive, with the reason.
 * - Near the time limit nothing is started, and the handlers' signal is aborted.
 *
 * @example
 * export const handler = consume(OrderPlaced, async (event, context) => {
 *   await ship(event.data.orderId, { signal: context.signal });
 * });
 */
export function consume<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: ConsumeOptions = {},
): SqsHandler {
  const contractList = contractsIn(contracts);
  const backoff = checkedBackoff(options.backoff ?? DEFAULT_BACKOFF);
  const abort = options.abortMargin ?? DEFAULT_ABORT_MARGIN;
  const margins: DeadlineMargins = { abort, start: options.startMargin ?? 2 * abort };
  // Made at the first batch and not here, so that a module with a handler can be imported without its environment.
  let consumer: Consumer<ContractIn<Given>> | undefined;

  const run: SqsHandler = async (batch, invocation) => {
    consumer ??= consumerFrom(contractList, handler, options);
    const deadline = invocationDeadline(invocation, margins, consumer.clock);
    const arn = batch.Records[0]?.eventSourceARN;
    const heartbeat = heartbeatOf(options.heartbeat, process.env);
    const held =
      heartbeat === undefined || arn === undefined
        ? undefined
        : holdBatch(batch.Records, {
            queueUrl: queueUrlOf(arn, process.env),
            heartbeat,
            client: options.client,
            clock: consumer.clock,
            logger: consumer.logger,
          });
    const invocationRun = new InvocationRun(consumer, options, deadline, held);
    try {
      const fifo = isFifo(arn ?? '');
      const process = fifo ? processFifo : processStandard;
      const work = process(
        consumer,
        batch.Records,
        invocationRun,
        options.concurrency ?? DEFAULT_CONCURRENCY,
      );
      await Promise.race([work, deadline.giveUp]);
      return await invocationRun.finish(batch.Records, backoff);
    } finally {
      deadline.dispose();
    }
  };
  return withDeclaration(run, { contracts: contractList, handler, options });
}

type NamedConsumer = Pick<Consumer, 'name' | 'logger'>;

/** The state of one invocation. It ends with it (D5). */
class InvocationRun implements BatchRun {
  readonly signal: AbortSignal;
  readonly #consumer: NamedConsumer;
  readonly #options: ConsumeOptions;
  readonly #deadline: Deadline;
  readonly #held: HeldBatch | undefined;
  readonly #outcomes = new Map<SqsRecord, Outcome>();
  readonly #started = new Set<SqsRecord>();
  #over = false;

  constructor(
    consumer: NamedConsumer,
    options: ConsumeOptions,
    deadline: Deadline,
    held: HeldBatch | undefined,
  ) {
    this.#consumer = consumer;
    this.#options = options;
    this.#deadline = deadline;
    this.#held = held;
    this.signal = deadline.signal;
  }

  messageRun(record: SqsRecord): MessageRun {
    this.#started.add(record);
    const held = this.#held;
    if (held === undefined) return this;
    return {
      signal: AbortSignal.any([this.signal, held.signalOf(record)]),
      // What a handler throws whose message is lost is no failure of the message: another consumer may have it.
      isOver: () => this.#over || held.isLost(record),
      deadLetter: (dead, letter) => this.deadLetter(dead, letter),
    };
  }

  isClosing(): boolean {
    return this.#over || this.#deadline.isClosing();
  }

  isOver(): boolean {
    return this.#over;
  }

  /** A fresh invocation knows nothing of earlier receives (D5). */
  wasHandled(): boolean {
    return false;
  }

  acknowledge(record: SqsRecord, outcome: Outcome): boolean {
    if (!this.#over) this.#outcomes.set(record, outcome);
    return true;
  }

  bringBack(messages: readonly SettledMessage[]): void {
    for (const { record, outcome } of messages) {
      if (!this.#over) this.#outcomes.set(record, outcome);
    }
  }

  deadLetter(record: SqsRecord, letter: DeadLetter): Promise<boolean> {
    return deadLetterOrLeave(this.#consumer, this.#options, record, letter);
  }

  async finish(records: readonly SqsRecord[], backoff: Backoff): Promise<SqsBatchResponse> {
    this.#over = true;
    await this.#held?.stop(this.#deadline.remaining() / 4);
    const settled = records.map((record) => ({ record, outcome: this.#outcomeOf(record, records) }));
    const unacknowledged = settled.filter(({ outcome }) => !isAcknowledged(outcome));
    if (unacknowledged.length > 0) await this.#changeVisibility(unacknowledged, backoff);
    return {
      batchItemFailures: unacknowledged.map(({ record }) => ({ itemIdentifier: record.messageId })),
    };
  }

  /** Without an outcome the batch was given up: before the message, or under it, or under one ahead in its group. */
  #outcomeOf(record: SqsRecord, records: readonly SqsRecord[]): Outcome {
    const outcome = this.#outcomes.get(record);
    if (outcome !== undefined) return outcome;
    if (this.#started.has(record)) return 'abandoned';
    if (!isFifo(record.eventSourceARN ?? '')) return 'not-started';
    const groupId = record.attributes.MessageGroupId;
    const runsAhead = records.some(
      (other) =>
        other.attributes.MessageGroupId === groupId && this.#started.has(other) && !this.#outcomes.has(other),
    );
    return runsAhead ? 'held' : 'not-started';
  }

  async #changeVisibility(settled: readonly SettledMessage[], backoff: Backoff): Promise<void> {
    for (const { record, outcome } of settled) {
      // These have their line already, with the reason.
      if (outcome === 'failed' || outcome === 'postponed') continue;
      this.#consumer.logger.warn(`message ${outcome}`, { messageId: record.messageId, outcome });
    }
    const arn = settled[0]!.record.eventSourceARN;
    const ours = settled.filter(({ record }) => this.#held?.isLost(record) !== true);
    const changes = visibilityChanges(ours, backoff, this.#options.random ?? Math.random);
    if (arn === undefined || changes.length === 0) return;
    const time = this.#deadline.remaining() / 2;
    const results = await changeVisibility(queueUrlOf(arn, process.env), changes, {
      client: this.#options.client,
      signal: Number.isFinite(time) ? AbortSignal.timeout(Math.max(0, Math.floor(time))) : undefined,
    });
    const failure = results.find((result) => result !== undefined);
    if (failure !== undefined) {
      this.#consumer.logger.warn(
        'visibility not changed; the messages come back at their visibility timeout',
        {
          code: failure.code,
          messages: results.filter((result) => result !== undefined).length,
        },
      );
    }
  }
}
