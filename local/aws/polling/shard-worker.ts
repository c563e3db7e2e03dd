/** Reads one shard from its checkpoint to its end, hands the records to lanes, and moves the checkpoint on. */
import { createHash } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import { asAwsError } from '../errors.ts';
import { startLane } from './lane.ts';
import { createBell, pause } from './pause.ts';
import type { ReadFrom, StreamRecord } from './shard-reader.ts';
import type { StreamSource } from './stream-source.ts';

/** A shard answers five reads a second; this is the time between two of them. */
const READ_GAP_MILLISECONDS = 200;
const READ_LIMIT = 10_000;
/** Records read ahead of small batches, so that they do not wait for a read each. */
const READ_AHEAD = 500;
/** After a read that failed. */
const BACKOFF_MILLISECONDS = 1000;

export interface ShardWorker {
  /** Batches of this shard that are being processed now. */
  inFlight(): number;
  /** The stream may have something new. */
  notify(): void;
  /** Resolves with true when the shard is read and processed to its end, false when it was stopped before. */
  readonly done: Promise<boolean>;
}

export interface ShardWorkerOptions {
  readonly shardId: string;
  readonly from: ReadFrom;
  /** Records that came before this time are passed over: milliseconds since the epoch. */
  readonly since: number;
  /** The position, when it is known already. */
  readonly iterator: string | undefined;
  /** Milliseconds until the shard is looked at again without news. */
  readonly pollMilliseconds: number;
  readonly stop: AbortSignal;
}

export function startShardWorker(
  context: AwsContext,
  source: StreamSource,
  options: ShardWorkerOptions,
): ShardWorker {
  const { clock } = context;
  const { shardId, stop } = options;
  const { reader, checkpoints, batchSize, parallelizationFactor } = source;
  const news = createBell(clock);
  const room = createBell(clock);
  /** Read and not yet behind the checkpoint, in order. */
  const ledger: string[] = [];
  const finished = new Set<string>();
  let undone = 0;
  let heard = false;

  const done = (records: readonly StreamRecord[]): void => {
    for (const { sequenceNumber } of records) finished.add(sequenceNumber);
    undone -= records.length;
    let last: string | undefined;
    let count = 0;
    for (const sequenceNumber of ledger) {
      if (!finished.delete(sequenceNumber)) break;
      last = sequenceNumber;
      count++;
    }
    ledger.splice(0, count);
    if (last !== undefined) checkpoints.put(shardId, { sequenceNumber: last });
    if (records.length > 0) room.ring();
  };

  const lanes = Array.from({ length: parallelizationFactor }, () =>
    startLane(context, source, { shardId, stop, done }),
  );

  const accept = (records: readonly StreamRecord[]): void => {
    const filtered: StreamRecord[] = [];
    for (const record of records) {
      ledger.push(record.sequenceNumber);
      undone++;
      const wanted = record.arrivedAt >= options.since && source.matches(record.filterable);
      if (wanted) lanes[laneOf(record.orderingKey, lanes.length)]?.push(record);
      else filtered.push(record);
    }
    source.count('PolledEventCount', records.length);
    if (filtered.length === 0) return;
    source.count('FilteredOutEventCount', filtered.length);
    context.events.emit({
      kind: 'filtered',
      service: source.service,
      resourceArn: shardId,
      detail: { count: filtered.length },
    });
    done(filtered);
  };

  /** Records that may be read ahead of what is done. */
  const freeRoom = (): number => Math.max(READ_AHEAD, batchSize * parallelizationFactor) - undone;

  const readToEnd = async (): Promise<boolean> => {
    let iterator = options.iterator;
    let last: string | undefined;
    let readAt = Number.NEGATIVE_INFINITY;
    while (!stop.aborted) {
      while (freeRoom() <= 0 && !stop.aborted) await room.heard(Infinity, stop);
      const rest = readAt + READ_GAP_MILLISECONDS - clock.now();
      if (rest > 0) await pause(clock, rest, stop);
      if (stop.aborted) break;
      try {
        readAt = clock.now();
        heard = false;
        iterator ??= await reader.iterator(
          shardId,
          last === undefined ? options.from : { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: last },
        );
        const limit = Math.min(READ_LIMIT, freeRoom());
        const { records, next } = await reader.read(shardId, iterator, limit);
        accept(records);
        last = records.at(-1)?.sequenceNumber ?? last;
        if (next === undefined) return true;
        iterator = next;
        if (records.length === 0 && !heard) await news.heard(options.pollMilliseconds, stop);
      } catch (thrown) {
        if (asAwsError(thrown).code !== 'ProvisionedThroughputExceededException') iterator = undefined;
        if (asAwsError(thrown).code !== 'ExpiredIteratorException') {
          await pause(clock, BACKOFF_MILLISECONDS, stop);
        }
      }
    }
    return false;
  };

  const run = async (): Promise<boolean> => {
    const ended = await readToEnd();
    await Promise.all(lanes.map((lane) => lane.finish()));
    if (ended && !stop.aborted) checkpoints.put(shardId, { ended: true });
    return ended && !stop.aborted;
  };

  return {
    inFlight: () => lanes.filter((lane) => lane.delivering()).length,
    notify() {
      heard = true;
      news.ring();
    },
    done: run(),
  };
}

function laneOf(orderingKey: string, lanes: number): number {
  return lanes === 1 ? 0 : createHash('md5').update(orderingKey).digest().readUInt32BE(0) % lanes;
}
