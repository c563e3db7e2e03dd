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
  /**
   * Told once per message. On FIFO the next message of the group waits for the answer; false says that the
   * message could not be acknowledged, which halts its group like a failure.
   */
  settle(record: SqsRecord, outcome: Outcome): Promise<boolean> | boolean;
}

/** D3: each message has its own outcome; a failure has no effect on its neighbours. */
export async function processStandard<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  records: readonly SqsRecord[],
  run: BatchRun,
  concurrency: number,
): Promise<void> {
  const one = async (record: SqsRecord): Promise<void> => {
    const outcome = run.isClosing()
      ? 'not-started'
      : await handleMessage(consumer, record, run.messageRun(record));
    await run.settle(record, outcome);
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
    let rest: Outcome | undefined;
    for (const record of group) {
      if (rest === undefined && run.isClosing()) rest = 'not-started';
      if (rest !== undefined) {
        await run.settle(record, rest);
        continue;
      }
      const outcome = await handleMessage(consumer, record, run.messageRun(record));
      const settled = await run.settle(record, outcome);
      if (!isAcknowledged(outcome) || !settled) rest = 'held';
    }
  };
  await concurrently(byGroup(records), concurrency, oneGroup);
}

/** Records of one group, in the order in which they came. Lambda may mix groups in one batch. */
export function byGroup(records: readonly SqsRecord[]): SqsRecord[][] {
  const groups = new Map<string, SqsRecord[]>();
  for (const record of records) {
    const groupId = record.attributes['MessageGroupId'] ?? '';
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
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await run(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
}
