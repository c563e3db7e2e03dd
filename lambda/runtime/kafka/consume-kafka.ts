/** `consumeKafka()`: an event handler as a Lambda function behind a Kafka topic. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { sleep } from '../clock.ts';
import { contractsIn } from '../consumer/consumer-options.ts';
import { invocationDeadline } from '../consumer/deadline.ts';
import type { Deadline, DeadlineMargins } from '../consumer/deadline.ts';
import type { Consumer } from '../consumer/handle-message.ts';
import { untilReleased } from '../consumer/reader-admission.ts';
import { RuntimeError } from '../errors.ts';
import { inKeyOrder } from '../stream/in-key-order.ts';
import type { ContractIn, ContractOrContracts, Handler, InvocationContext } from '../types.ts';
import type { KafkaCluster } from './cluster.ts';
import { followRecord, handleRecord, mover } from './handle-record.ts';
import type { MoveRecord } from './handle-record.ts';
import { kafkaConsumer, retryPolicy } from './kafka-consumer-options.ts';
import type { KafkaConsumerOptions, RetryPolicy, RetryTopic } from './kafka-consumer-options.ts';
import { dueAt, recordsOf } from './received-record.ts';
import type { KafkaBatch, ReceivedRecord } from './received-record.ts';

export interface ConsumeKafkaOptions extends KafkaConsumerOptions {
  /**
   * Keys whose records are handled at the same time.
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Milliseconds before the time limit at which `context.signal` is aborted.
   * @default 1000
   */
  readonly abortMargin?: number;
  /**
   * Milliseconds before the time limit from which no record is started.
   * @default - twice the abort margin
   */
  readonly startMargin?: number;
  /**
   * Whether the mapping has `ReportBatchItemFailures`. Then records that only wait are given back without an error.
   * Never set it for a mapping without: Lambda would take the answer for success, and commit what waits.
   * @default - true where WAYBILL_KAFKA_RETRY_TOPICS is set: KafkaConsumer makes both
   */
  readonly reportBatchItemFailures?: boolean;
  /** For tests: how records reach the other topics. @default - the producer of the cluster */
  readonly move?: MoveRecord;
}

/**
 * Lambda goes on from the offset that is named of each partition, and commits what is before it. Source: "Partial
 * batch response", lambda/latest/dg/kafka-retry-configurations.html.
 */
export interface KafkaBatchResponse {
  batchItemFailures: {
    itemIdentifier: {
      /** `TOPIC-PARTITION`, as in the event. */
      partition: string;
      offset: number;
    };
  }[];
}

export type KafkaHandler = (batch: KafkaBatch, invocation?: InvocationContext) => Promise<KafkaBatchResponse>;

const DEFAULT_CONCURRENCY = 10;
const DEFAULT_ABORT_MARGIN = 1_000;

/**
 * A Lambda handler for an event source of Amazon MSK.
 *
 * - Records of one key are handled in their order, keys concurrently.
 * - What fails goes to the next retry topic, with its key, its content and a header that counts; what follows of its
 *   key in the batch follows it there. Later batches can pass it: without retry topics nothing passes, and the batch
 *   comes again until it is handled.
 * - What can't be read, and what failed in the last retry topic, goes to the dead-letter topic with the reason.
 * - Where such a move fails, or time runs out, the invocation fails: Lambda delivers the batch again. Records of it
 *   that were handled come once more: `processOnce` keeps their effect single.
 * - A record of a retry topic waits in the function until it is due. What is not due in this invocation is no error:
 *   the answer says from where on the batch is to come again (see `reportBatchItemFailures`).
 *
 * With `controls`, a consumer that is switched off waits in its place and gives the batch back; what meets an open
 * breaker, a tenant that is off or more important work waits in a retry topic, uncounted.
 *
 * Needs the package `@platformatic/kafka`.
 *
 * @example
 * export const handler = consumeKafka([ProductViewed], async (event) => {
 *   await store(event.data);
 * });
 */
export function consumeKafka<const Given extends ContractOrContracts>(
  contracts: Given,
  handler: Handler<ContractIn<Given>>,
  options: ConsumeKafkaOptions = {},
): KafkaHandler {
  const contractList = contractsIn(contracts);
  const abort = options.abortMargin ?? DEFAULT_ABORT_MARGIN;
  const margins: DeadlineMargins = { abort, start: options.startMargin ?? 2 * abort };
  // Made at the first batch and not here, so that a module with a handler can be imported without its environment.
  let policy: RetryPolicy | undefined;
  let consumer: Consumer<ContractIn<Given>> | undefined;

  return async (batch, invocation) => {
    policy ??= retryPolicy(options, process.env);
    consumer ??= kafkaConsumer(contractList, handler, options, policy);
    const move = options.move ?? mover(clusterOf(options, policy, batch), consumer);
    const deadline = invocationDeadline(invocation, margins, consumer.clock);
    const run = new BatchRun(consumer, policy, move, deadline, recordsOf(batch));
    const isReported = options.reportBatchItemFailures ?? isReportedByConstruct();
    // What meets an open breaker waits in a retry topic, where there is one, for as long as the outage lasts.
    const cause = policy.retryTopics.length > 0 ? 'switch' : 'any';
    try {
      if (!(await untilReleased(consumer, deadline, cause))) return run.giveBack(isReported);
      await Promise.race([run.work(options.concurrency ?? DEFAULT_CONCURRENCY), deadline.giveUp]);
      return run.finish(isReported);
    } finally {
      deadline.dispose();
    }
  };
}

/** KafkaConsumer sets the variable and `ReportBatchItemFailures` together; guard D3 finds a mapping that lost it. */
function isReportedByConstruct(): boolean {
  return (process.env['WAYBILL_KAFKA_RETRY_TOPICS'] ?? '') !== '';
}

function clusterOf(
  { clusterArn, bootstrapServers }: KafkaCluster,
  policy: RetryPolicy,
  { eventSourceArn }: KafkaBatch,
): KafkaCluster {
  if (bootstrapServers !== undefined) return { bootstrapServers };
  const arn = clusterArn ?? policy.clusterArn ?? eventSourceArn;
  return arn === undefined ? {} : { clusterArn: arn };
}

/** The state of one invocation. It ends with it (D5). */
class BatchRun<Contract extends AnyEventContract> {
  readonly #consumer: Consumer<Contract>;
  readonly #policy: RetryPolicy;
  readonly #move: MoveRecord;
  readonly #deadline: Deadline;
  readonly #records: readonly { readonly key: string; readonly record: ReceivedRecord }[];
  /** Where the records of a key go, since one of them was moved. */
  readonly #moved = new Map<string, RetryTopic>();
  readonly #done = new Set<ReceivedRecord>();
  /** Something failed, or there was no time for it: the batch comes again, and nothing more is started. */
  #failed = false;
  /** Something was not due in this invocation. */
  #waits = false;
  /** Records whose handling has begun and not ended. */
  #underway = 0;
  #over = false;

  constructor(
    consumer: Consumer<Contract>,
    policy: RetryPolicy,
    move: MoveRecord,
    deadline: Deadline,
    records: readonly ReceivedRecord[],
  ) {
    this.#consumer = consumer;
    this.#policy = policy;
    this.#move = move;
    this.#deadline = deadline;
    this.#records = records.map((record) => ({
      key: `${record.topic} ${record.partition} ${record.key}`,
      record,
    }));
  }

  work(concurrency: number): Promise<void> {
    return inKeyOrder(this.#records, concurrency, async ({ key, record }) => {
      const fate = await this.#one(key, record);
      if (fate === 'done') this.#done.add(record);
      else if (fate === 'waits') this.#waits = true;
      else this.#failed = true;
      return fate === 'done';
    });
  }

  async #one(key: string, record: ReceivedRecord): Promise<Fate> {
    const readiness = await this.#whenDue(record);
    if (readiness !== 'due') return readiness;
    this.#underway += 1;
    try {
      return await this.#handle(key, record);
    } finally {
      this.#underway -= 1;
    }
  }

  async #handle(key: string, record: ReceivedRecord): Promise<Fate> {
    const moved = this.#moved.get(key);
    if (moved !== undefined) {
      return (await followRecord(this.#consumer, this.#move, record, moved)) ? 'done' : 'failed';
    }
    const disposition = await handleRecord(this.#consumer, this.#policy, this.#move, record, {
      signal: this.#deadline.signal,
      isOver: () => this.#over,
    });
    if (disposition.kind === 'moved') this.#moved.set(key, disposition.to);
    return disposition.kind === 'stays' ? 'failed' : 'done';
  }

  /**
   * Waits for a record that is not due, as long as there is time.
   *
   * | no time is left, or something failed | |
   * |---|---|
   * | the record is not due | waits |
   * | it is due, and the time went by with waiting for others | waits |
   * | it is due, and the time went by with work | failed: the function is too slow for its batch |
   */
  async #whenDue(record: ReceivedRecord): Promise<'due' | Exclude<Fate, 'done'>> {
    const { clock } = this.#consumer;
    for (;;) {
      const left = dueAt(record) - clock.now();
      if (this.#over || this.#failed || this.#deadline.isClosing()) {
        return left > 0 || this.#waits ? 'waits' : 'failed';
      }
      if (left <= 0) return 'due';
      await sleep(clock, Math.min(left, WAIT_STEP), this.#deadline.signal);
    }
  }

  /** Nothing was begun, and nothing is wrong. */
  giveBack(isReported: boolean): KafkaBatchResponse {
    this.#waits = true;
    return this.finish(isReported);
  }

  /**
   * | what is left | answer |
   * |---|---|
   * | nothing | no failures |
   * | only what waits, and what is behind it, and the mapping takes reports | the first of each partition |
   * | something that failed or was not answered, or the mapping takes no reports | an error |
   *
   * An error raises the alarm of the function, and lets Lambda split the batch; waiting is neither.
   *
   * @throws RuntimeError WAYBILL_BATCH_NOT_FINISHED, which makes Lambda deliver the batch again
   */
  finish(isReported: boolean): KafkaBatchResponse {
    this.#over = true;
    const left = this.#records.map(({ record }) => record).filter((record) => !this.#done.has(record));
    if (left.length === 0) return { batchItemFailures: [] };
    if (this.#waits && !this.#failed && this.#underway === 0 && isReported) return firstOfEachPartition(left);
    throw new RuntimeError(
      'WAYBILL_BATCH_NOT_FINISHED',
      `${left.length} of ${this.#records.length} records were neither handled nor moved: the batch is delivered again`,
    );
  }
}

/** What becomes of a record in this invocation. */
type Fate =
  /** Handled, or safe in another topic. */
  | 'done'
  /** Nothing is wrong: its time has not come. */
  | 'waits'
  | 'failed';

function firstOfEachPartition(records: readonly ReceivedRecord[]): KafkaBatchResponse {
  const first = new Map<string, number>();
  for (const { topic, partition, offset } of records) {
    const place = `${topic}-${partition}`;
    first.set(place, Math.min(first.get(place) ?? Number.POSITIVE_INFINITY, Number(offset)));
  }
  return {
    batchItemFailures: [...first].map(([partition, offset]) => ({ itemIdentifier: { partition, offset } })),
  };
}

/** Milliseconds between looks at the time that is left. */
const WAIT_STEP = 500;
