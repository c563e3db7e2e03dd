/** Kinesis records, and a mapping that delivers them as Lambda does. */
import type { Envelope } from '../../../../lib/contracts/index.ts';
import type { KinesisHandler } from '../../../../lambda/runtime/stream/consume-stream.ts';
import type { KinesisRecord } from '../../../../lambda/runtime/stream/kinesis-event.ts';
import type { WindowedBatch, WindowHandler } from '../../../../lambda/runtime/stream/aggregate-stream.ts';

let next = 0;

export function kinesisRecord(content: Envelope | string, partitionKey = 'k'): KinesisRecord {
  next += 1;
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return {
    eventSourceARN: 'arn:aws:kinesis:eu-west-1:111122223333:stream/activity',
    kinesis: {
      partitionKey,
      sequenceNumber: String(next).padStart(20, '0'),
      data: Buffer.from(text).toString('base64'),
      approximateArrivalTimestamp: 1_700_000_000 + next,
    },
  };
}

/** A shard's batches one after the other, each again from the record that failed, until all is done. */
export async function deliver(
  handler: KinesisHandler,
  records: readonly KinesisRecord[],
  batchSize: number,
): Promise<number> {
  let invocations = 0;
  for (let from = 0; from < records.length;) {
    const batch = records.slice(from, from + batchSize);
    const { batchItemFailures } = await handler({ Records: batch });
    invocations += 1;
    if (invocations > 10_000) throw new Error('the shard makes no progress');
    from += doneOf(batch, batchItemFailures);
  }
  return invocations;
}

/** Lambda goes on from the lowest record that is named. */
function doneOf(batch: readonly KinesisRecord[], failures: readonly { itemIdentifier: string }[]): number {
  if (failures.length === 0) return batch.length;
  const positions = failures.map(({ itemIdentifier }) =>
    batch.findIndex(({ kinesis }) => kinesis.sequenceNumber === itemIdentifier),
  );
  if (positions.some((position) => position < 0))
    throw new Error('a record was named that is not in the batch');
  return Math.min(...positions);
}

/** The batches of one window, with its state, and its end. An invocation that throws is made again. */
export async function deliverWindow(
  handler: WindowHandler,
  records: readonly KinesisRecord[],
  batchSize: number,
  more: Partial<WindowedBatch> = {},
): Promise<void> {
  const window = { start: '2026-11-21T10:00:00Z', end: '2026-11-21T10:01:00Z' };
  const base = {
    window,
    shardId: 'shardId-000000000000',
    isFinalInvokeForWindow: false,
    isWindowTerminatedEarly: false,
    ...more,
  };
  let state: unknown = {};
  const invoke = async (batch: WindowedBatch) => {
    for (;;) {
      try {
        return await handler(JSON.parse(JSON.stringify(batch)) as WindowedBatch);
      } catch {
        // As Lambda does: the same once more.
      }
    }
  };
  for (let from = 0; from < records.length;) {
    const batch = records.slice(from, from + batchSize);
    const answer = await invoke({ ...base, Records: batch, state });
    state = answer.state;
    from += doneOf(batch, answer.batchItemFailures);
  }
  await invoke({ ...base, Records: [], state, isFinalInvokeForWindow: true });
}
