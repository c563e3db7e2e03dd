/**
 * Tumbling windows: the batches of a stretch of time share a state that the function hands on from one to the next;
 * a last call without records ends the window.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
 */
import type { Clock } from '../clock.ts';
import type { BatchOutcome } from './batch.ts';
import type { StreamRecord } from './shard-reader.ts';
import type { WindowOfBatch } from './stream-source.ts';

/** "The maximum size of the state is 1 MB per shard" (page above). */
const STATE_BYTES = 1024 * 1024;
/** Records of a window may still be on their way from the shard when it ends. */
const GRACE_MILLISECONDS = 500;

export interface TumblingWindows {
  /** True when both fall into the same window, or when there are no windows. */
  same(first: StreamRecord, other: StreamRecord): boolean;
  /** Delivers a batch of one window; ends an earlier window first. */
  deliver(records: readonly StreamRecord[]): Promise<BatchOutcome>;
  /** Milliseconds until the open window ends; Infinity when none is open. */
  timeLeft(): number;
  closeIfOver(): Promise<void>;
  /** Ends the open window now. */
  close(): Promise<void>;
}

export function createTumblingWindows(
  clock: Clock,
  seconds: number,
  deliver: (records: readonly StreamRecord[], window?: WindowOfBatch) => Promise<BatchOutcome>,
): TumblingWindows {
  const size = seconds * 1000;
  let open: { readonly start: number; readonly end: number; state: unknown } | undefined;
  const startOf = ({ arrivedAt }: StreamRecord): number => Math.floor(arrivedAt / size) * size;

  const end = async (isWindowTerminatedEarly: boolean): Promise<void> => {
    if (!open) return;
    const ended = open;
    open = undefined;
    await deliver([], { ...ended, isFinalInvokeForWindow: true, isWindowTerminatedEarly });
  };

  return {
    same: (first, other) => size === 0 || startOf(first) === startOf(other),
    async deliver(records) {
      const [first] = records;
      if (size === 0 || !first) return deliver(records);
      const start = startOf(first);
      if (open && open.start !== start) await end(false);
      open ??= { start, end: start + size, state: {} };
      const outcome = await deliver(records, {
        ...open,
        isFinalInvokeForWindow: false,
        isWindowTerminatedEarly: false,
      });
      if (outcome.kind !== 'succeeded' && outcome.kind !== 'partial') return outcome;
      const state = stateOf(outcome.answer);
      if (state === undefined) return { kind: 'failed', reason: 'the answer holds no state' };
      open.state = state;
      if (Buffer.byteLength(JSON.stringify(state)) > STATE_BYTES) await end(true);
      return outcome;
    },
    timeLeft: () => (open ? Math.max(0, open.end + GRACE_MILLISECONDS - clock.now()) : Infinity),
    async closeIfOver() {
      if (open && clock.now() >= open.end + GRACE_MILLISECONDS) await end(false);
    },
    close: () => end(false),
  };
}

/** "If your function does not return a state property, Lambda considers this a failed invocation" (page above). */
function stateOf(answer: string | undefined): unknown {
  try {
    const parsed: unknown = JSON.parse(answer ?? 'null');
    return typeof parsed === 'object' && parsed !== null && 'state' in parsed ? parsed.state : undefined;
  } catch {
    return undefined;
  }
}
