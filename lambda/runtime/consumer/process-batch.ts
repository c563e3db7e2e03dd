/**
 * A batch, message by message: standard queues concurrently, FIFO queues in the order of each group.
 * `consume`, `poll` and the in-memory bus all run this.
 */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import type { SqsRecord } from '../types.ts';
import { handleMessage } from './handle-message.ts';
import type { Consumer, MessageRun } from './handle-message.ts';
import { isAcknowledged } from './outcome.ts';
import type { Outcome } from './outcome.ts';

export interface BatchRun {
  /** The run of one message. Asked when the message is about to start. */
  messageRun(record: SqsRecord): MessageRun;
  /** True when no new work may start: the time limit is near, or a shutdown began (D7, D17). */
  isClosing(): boolean;
  /** True when an earlier receive was handled but could not be acknowledged: it is not handled again. */
  wasHandled(record: SqsRecord): boolean;
  /**
   * The message is done with. On FIFO the next message of the group waits for the answer; false says that it
   * could not be acknowledged, which halts the group like a failure.
   */
  acknowledge(record: SqsRecord, outcome: Outcome): Promise<boolean> | boolean;
  /** These have to be delivered again. On FIFO all that is left of a group, in its order. */
  bringBack(messages: readonly SettledMessage[]): Promise<void> | void;
}

export interface SettledMessage {
  readonly record: SqsRecord;
  readonly outcome: Outcome;
}

/** D3: each message has its own outcome; a failure has no effect on its neighbours. */
export async function processStandard<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  records: readonly SqsRecord[],
  run: BatchRun,
  concurrency: number,
): Promise<void> {
  const one = async (record: SqsRecord): Promise<void> => {
    const outcome = run.isClosing() ? 'not-started' : await outcomeOf(consumer, record, run);
    const settled = isAcknowledged(outcome)
      ? run.acknowledge(record, outcome)
      : run.bringBack([{ record, outcome }]);
    // In a function both answer at once, and a turn of the event loop per message is worth saving.
    if (settled instanceof Promise) await settled;
  };
  await concurrently(records, concurrency, one);
}

/**
 * D4: a group halts at its first message that is not acknowledged; that message and the rest of the group are
 * delivered again. Other groups go on. A dead-lettered message is done with, and its group goes on.
 */
export async function processFifo<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  records: readonly SqsRecord[],
  run: BatchRun,
  concurrency: number,
): Promise<void> {
  const oneGroup = async (group: readonly SqsRecord[]): Promise<void> => {
    for (const [index, record] of group.entries()) {
      const rest = (outcome: Outcome): SettledMessage[] =>
        group.slice(index + 1).map((behind) => ({ record: behind, outcome }));
      if (run.isClosing()) {
        await run.bringBack([{ record, outcome: 'not-started' }, ...rest('not-started')]);
        return;
      }
      const outcome = await outcomeOf(consumer, record, run);
      if (!isAcknowledged(outcome)) {
        await run.bringBack([{ record, outcome }, ...rest('held')]);
        return;
      }
      if (!(await run.acknowledge(record, outcome))) {
        await run.bringBack(rest('held'));
        return;
      }
    }
  };
  await concurrently(byGroup(records), concurrency, oneGroup);
}

function outcomeOf<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  record: SqsRecord,
  run: BatchRun,
): Promise<Outcome> | Outcome {
  return run.wasHandled(record) ? 'handled' : handleMessage(consumer, record, run.messageRun(record));
}

/** Records of one group, in the order in which they came. Lambda may mix groups in one batch. */
function byGroup(records: readonly SqsRecord[]): SqsRecord[][] {
  const groups = new Map<string, SqsRecord[]>();
  for (const record of records) {
    const groupId = record.attributes.MessageGroupId ?? '';
    const group = groups.get(groupId);
    if (group === undefined) groups.set(groupId, [record]);
    else group.push(record);
  }
  return [...groups.values()];
}

async function concurrently<Item>(
  items: readonly Item[],
  concurrency: number,
  run: (item: Item) => Promise<void>,
): Promise<void> {
  if (items.length <= concurrency) {
    await Promise.all(items.map(run));
    return;
  }
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await run(items[next++]!);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
