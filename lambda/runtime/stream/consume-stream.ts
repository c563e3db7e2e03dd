/** `consumeStream()`: an event handler as a Lambda function behind a Kinesis stream. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { contractsIn } from '../consumer/consumer-options.ts';
import { invocationDeadline } from '../consumer/deadline.ts';
import type { Deadline } from '../consumer/deadline.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import { untilReleased } from '../consumer/reader-admission.ts';
import type { ContractIn, ContractOrContracts, Handler, InvocationContext } from '../types.ts';
import { inKeyOrder } from './in-key-order.ts';
import { streamRecord } from './kinesis-event.ts';
import type { KinesisBatch, StreamBatchResponse, StreamRecord } from './kinesis-event.ts';
import { deadLetterRecord, streamConsumer, streamMargins } from './stream-options.ts';
import type { StreamOptions } from './stream-options.ts';

export interface ConsumeStreamOptions extends StreamOptions {
  /**
   * Partition keys whose records are handled at the same time.
   * @default 10
   */
  readonly concurrency?: number;
}

export type KinesisHandler = (
  batch: KinesisBatch,
  invocation?: InvocationContext,
) => Promise<StreamBatchResponse>;

const DEFAULT_CONCURRENCY = 10;

/**
 * A Lambda handler for a Kinesis event source with `ReportBatchItemFailures`.
 *
 * - Records of one partition key are handled in their order, keys concurrently.
 * - Lambda goes on from the first record that is reported. So after a failure nothing behind it is started, all before
 *   it is finished, and its sequence number is the answer. Records behind it that had finished come once more:
 *   `processOnce` keeps their effect single.
 * - How often a record is tried, and where it goes then, is the mapping's: set `retryAttempts`, `bisectBatchOnError`
 *   and an on-failure destination.
 * - What can't be read goes to the dead-letter queue with the reason, and the rest flows.
 * - With `controls` it waits in its place while it is switched off or a breaker is open, and gives back what it could
 *   not begin; records of a tenant that is off are set aside in the dead-letter queue.
 * - Near the time limit nothing is started, and the handlers' signal is aborted.
 *
 * @example
 * export const handler = consumeStream([ProductViewed, CartUpdated], async (event) => {
 *   await recommend(event.data);
 * });
 */
export function consumeStream<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: ConsumeStreamOptions = {},
): KinesisHandler {
  const contractList = contractsIn(contracts);
  const margins = streamMargins(options);
  // Made at the first batch and not here, so that a module with a handler can be imported without its environment.
  let consumer: Consumer<ContractIn<Given>> | undefined;

  return async (batch, invocation) => {
    consumer ??= streamConsumer(contractList, handler, options);
    const deadline = invocationDeadline(invocation, margins, consumer.clock);
    const run = new BatchRun(consumer, options, deadline, batch);
    try {
      if (!(await untilReleased(consumer, deadline))) return run.finish();
      await Promise.race([run.work(options.concurrency ?? DEFAULT_CONCURRENCY), deadline.giveUp]);
      return run.finish();
    } finally {
      deadline.dispose();
    }
  };
}

interface PlacedRecord extends StreamRecord {
  readonly position: number;
}

/** The state of one invocation. It ends with it (D5). */
class BatchRun<Contract extends AnyEventContract> {
  readonly #consumer: Consumer<Contract>;
  readonly #options: StreamOptions;
  readonly #deadline: Deadline;
  readonly #records: readonly PlacedRecord[];
  readonly #acknowledged = new Set<PlacedRecord>();
  /** Nothing from here on is started. */
  #stop = Number.POSITIVE_INFINITY;
  #over = false;

  constructor(
    consumer: Consumer<Contract>,
    options: StreamOptions,
    deadline: Deadline,
    { Records }: KinesisBatch,
  ) {
    this.#consumer = consumer;
    this.#options = options;
    this.#deadline = deadline;
    this.#records = Records.map((record, position) => ({ ...streamRecord(record), position }));
  }

  work(concurrency: number): Promise<void> {
    return inKeyOrder(this.#records, concurrency, (record) => this.#handle(record));
  }

  async #handle(placed: PlacedRecord): Promise<boolean> {
    if (this.#over || placed.position > this.#stop) return false;
    if (this.#deadline.isClosing()) {
      this.#stop = Math.min(this.#stop, placed.position);
      return false;
    }
    const outcome = await handleMessage(this.#consumer, placed.record, {
      signal: this.#deadline.signal,
      isOver: () => this.#over,
      deadLetter: (_record, letter) => deadLetterRecord(this.#consumer, this.#options, placed, letter),
    });
    const acknowledged = isAcknowledged(outcome);
    if (acknowledged) this.#acknowledged.add(placed);
    else this.#stop = Math.min(this.#stop, placed.position);
    return acknowledged;
  }

  finish(): StreamBatchResponse {
    this.#over = true;
    const first = this.#records.find((record) => !this.#acknowledged.has(record));
    if (first === undefined) return { batchItemFailures: [] };
    this.#consumer.logger.warn('stream batch not finished: it is delivered again from here', {
      sequenceNumber: first.sequenceNumber,
      finished: first.position,
      repeated: this.#records.length - first.position,
    });
    return { batchItemFailures: [{ itemIdentifier: first.sequenceNumber }] };
  }
}
