/**
 * One of the lines of batches of a shard: gathers records into batches and has them processed one after the other,
 * each until it succeeded or is given up. With a parallelization factor a shard has several lanes, and all records
 * of one key run in the same.
 */
import type { AwsContext } from '../context.ts';
import { asAwsError } from '../errors.ts';
import { ENVELOPE_BYTES, PAYLOAD_BYTES, type BatchOutcome, type InvocationFailure } from './batch.ts';
import { createBell, pause } from './pause.ts';
import type { ShardReader, StreamRecord } from './shard-reader.ts';
import type { DiscardCondition, StreamSource, WindowOfBatch } from './stream-source.ts';
import { createTumblingWindows } from './tumbling-windows.ts';

/** Between tries of a batch. AWS publishes no numbers. */
const BACKOFF_MILLISECONDS = { first: 100, maximum: 60_000 };
/** No stream keeps records for less; below this age nobody has to ask for the retention. */
const SHORTEST_RETENTION_MILLISECONDS = 86_400_000;

export interface Lane {
  push(record: StreamRecord): void;
  delivering(): boolean;
  /** Resolves when everything pushed is done; nothing may be pushed any more. */
  finish(): Promise<void>;
}

/** What a lane needs of its source. */
export type LaneSource = Pick<
  StreamSource,
  | 'batchSize'
  | 'batchingWindowSeconds'
  | 'bisect'
  | 'count'
  | 'deliver'
  | 'discard'
  | 'maximumRecordAgeSeconds'
  | 'maximumRetryAttempts'
  | 'service'
  | 'tumblingWindowSeconds'
> & { readonly reader: Pick<ShardReader, 'retention'> };

export interface LaneOptions {
  readonly shardId: string;
  readonly stop: AbortSignal;
  /** Called for records that are done, one way or the other. */
  readonly done: (records: readonly StreamRecord[]) => void;
}

/** A batch, or what is left of it, and what was tried so far. */
interface Part {
  readonly records: readonly StreamRecord[];
  /** Failures that count against the maximum of retries. */
  readonly failures: number;
  readonly invocations: number;
  readonly failure: InvocationFailure | undefined;
}

export function startLane(context: AwsContext, source: LaneSource, options: LaneOptions): Lane {
  const { clock } = context;
  const { shardId, stop, done } = options;
  const queue: StreamRecord[] = [];
  const news = createBell(clock);
  let delivering = false;
  let finishing = false;

  const deliver = async (records: readonly StreamRecord[], window?: WindowOfBatch): Promise<BatchOutcome> => {
    delivering = true;
    try {
      return await source.deliver({ shardId, records, ...(window && { window }) });
    } catch (thrown) {
      return { kind: 'failed', reason: asAwsError(thrown).message };
    } finally {
      delivering = false;
    }
  };
  const windows = createTumblingWindows(clock, source.tumblingWindowSeconds, deliver);

  const backOff = (failures: number): Promise<void> =>
    pause(clock, Math.min(BACKOFF_MILLISECONDS.first * 2 ** failures, BACKOFF_MILLISECONDS.maximum), stop);

  const maximumAge = async (records: readonly StreamRecord[]): Promise<number> => {
    const declared = source.maximumRecordAgeSeconds * 1000;
    const oldest = records[0]?.arrivedAt ?? Infinity;
    if (clock.now() - oldest < Math.min(declared, SHORTEST_RETENTION_MILLISECONDS)) return Infinity;
    return Math.min(declared, await source.reader.retention().catch(() => Infinity));
  };

  const discard = async (part: Part, condition: DiscardCondition): Promise<void> => {
    const { records, invocations, failure } = part;
    if (records.length === 0) return;
    source.count('DroppedEventCount', records.length);
    context.events.emit({
      kind: 'dead-lettered',
      service: source.service,
      resourceArn: shardId,
      detail: { condition, count: records.length },
    });
    await source
      .discard({ shardId, records, condition, invokeCount: invocations, failure })
      .catch(() => undefined);
    done(records);
  };

  const process = async (batch: readonly StreamRecord[]): Promise<void> => {
    const parts: Part[] = [{ records: batch, failures: 0, invocations: 0, failure: undefined }];
    for (let part = parts.shift(); part !== undefined && !stop.aborted; part = parts.shift()) {
      const limit = clock.now() - (await maximumAge(part.records));
      const old = part.records.filter(({ arrivedAt }) => arrivedAt < limit);
      await discard({ ...part, records: old }, 'RecordAgeExceeded');
      const records = part.records.filter(({ arrivedAt }) => arrivedAt >= limit);
      if (records.length === 0) continue;

      const outcome = await windows.deliver(records);
      if (outcome.kind === 'throttled') {
        await backOff(part.invocations);
        parts.unshift({ ...part, records });
        continue;
      }
      source.count('InvokedEventCount', records.length);
      const left = unprocessed(records, outcome);
      done(records.slice(0, records.length - left.length));
      if (left.length === 0) continue;

      source.count('FailedInvokeEventCount', left.length);
      reportFailure(outcome, left.length);
      const tried: Part = {
        records: left,
        failures: part.failures,
        invocations: part.invocations + 1,
        failure: outcome.kind === 'failed' ? outcome.failure : undefined,
      };
      // "Splitting a batch does not count toward the retry quota."
      if (source.bisect && outcome.kind === 'failed' && left.length > 1) {
        const middle = Math.ceil(left.length / 2);
        parts.unshift(
          { ...tried, records: left.slice(0, middle) },
          { ...tried, records: left.slice(middle) },
        );
      } else if (part.failures >= source.maximumRetryAttempts) {
        await discard(tried, 'RetryAttemptsExhausted');
      } else {
        await backOff(part.failures);
        parts.unshift({ ...tried, failures: part.failures + 1 });
      }
    }
  };

  const reportFailure = (outcome: BatchOutcome, batchSize: number): void => {
    const reason = outcome.kind === 'failed' ? outcome.reason : 'some items of the batch failed';
    context.events.emit({
      kind: 'delivery-failed',
      service: source.service,
      resourceArn: shardId,
      detail: { reason, batchSize },
    });
  };

  /** The next batch: as many records as fit, none of a later tumbling window. */
  const take = (): readonly StreamRecord[] => {
    let count = 0;
    let bytes = ENVELOPE_BYTES;
    for (const record of queue) {
      bytes += record.bytes + 1;
      if (count === source.batchSize || (count > 0 && bytes > PAYLOAD_BYTES)) break;
      if (queue[0] && !windows.same(queue[0], record)) break;
      count++;
    }
    return queue.splice(0, count);
  };

  const full = (): boolean =>
    queue.length >= source.batchSize || queue.reduce((sum, { bytes }) => sum + bytes, 0) >= PAYLOAD_BYTES;

  const gather = async (): Promise<void> => {
    const end = clock.now() + source.batchingWindowSeconds * 1000;
    for (let left = end - clock.now(); left > 0; left = end - clock.now()) {
      if (finishing || stop.aborted || full()) return;
      await news.heard(left, stop);
    }
  };

  const loop = async (): Promise<void> => {
    while (!stop.aborted) {
      if (queue.length > 0) {
        if (source.batchingWindowSeconds > 0) await gather();
        if (!stop.aborted) await process(take());
      } else if (finishing) {
        await windows.close();
        return;
      } else {
        await news.heard(windows.timeLeft(), stop);
        if (queue.length === 0 && !stop.aborted) await windows.closeIfOver();
      }
    }
  };

  const running = loop();
  return {
    push(record) {
      queue.push(record);
      news.ring();
    },
    delivering: () => delivering,
    finish() {
      finishing = true;
      news.ring();
      return running;
    },
  };
}

/** What is left to process: with a partial answer, everything from the first failed item on. */
function unprocessed(records: readonly StreamRecord[], outcome: BatchOutcome): readonly StreamRecord[] {
  if (outcome.kind === 'succeeded') return [];
  if (outcome.kind !== 'partial') return records;
  const lowest = records.findIndex(({ sequenceNumber }) => outcome.failed.has(sequenceNumber));
  return lowest < 0 ? [] : records.slice(lowest);
}
