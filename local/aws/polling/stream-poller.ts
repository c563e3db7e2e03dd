/** Reads a stream for a mapping or a pipe: every shard by a worker of its own, children after their parents. */
import type { AwsContext } from '../context.ts';
import type { Poller } from './batch.ts';
import { pause } from './pause.ts';
import type { ReadFrom, StreamShard } from './shard-reader.ts';
import { startShardWorker, type ShardWorker } from './shard-worker.ts';
import type { StreamSource } from './stream-source.ts';

/** Until the shards are asked for again, after an error and while a closed shard has no children yet. */
const LOOK_AGAIN_MILLISECONDS = 1000;

export interface StreamPoller extends Poller {
  /** Resolves when the first positions are taken: what is put from now on is read. */
  readonly ready: Promise<void>;
}

export function startStreamPoller(context: AwsContext, source: StreamSource): StreamPoller {
  const { reader, checkpoints } = source;
  const stop = new AbortController();
  const workers = new Map<string, ShardWorker>();
  const ready = Promise.withResolvers<void>();
  const stopObserving = reader.observe(() => {
    for (const worker of workers.values()) worker.notify();
  });
  // News wakes the workers; only a stream that gives none is polled.
  const pollMilliseconds = stopObserving === undefined ? reader.pollMilliseconds : Infinity;

  const start = async (shardId: string, from: ReadFrom, since: number): Promise<void> => {
    // The newest record is a place that moves on: it is taken now, and not when the worker comes to it.
    const iterator = from.type === 'LATEST' ? await reader.iterator(shardId, from) : undefined;
    const options = { shardId, from, since, iterator, pollMilliseconds, stop: stop.signal };
    const worker = startShardWorker(context, source, options);
    workers.set(shardId, worker);
    void worker.done.then((ended) => {
      workers.delete(shardId);
      if (ended) void discover();
    });
  };

  /** Where a shard is read from, or undefined when it is not its turn or it is done with. */
  const startOf = (
    shard: StreamShard,
    known: ReadonlySet<string>,
    first: boolean,
  ): { readonly from: ReadFrom; readonly since: number } | undefined => {
    const checkpoint = checkpoints.get(shard.shardId);
    if (checkpoint?.ended === true) return undefined;
    if (checkpoint?.sequenceNumber !== undefined) {
      return {
        from: { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber: checkpoint.sequenceNumber },
        since: 0,
      };
    }
    if (checkpoint?.since !== undefined) return { from: { type: 'TRIM_HORIZON' }, since: checkpoint.since };
    const waits = shard.parents.some(
      (parent) => known.has(parent) && checkpoints.get(parent)?.ended !== true,
    );
    if (first && source.start.type === 'LATEST') {
      checkpoints.put(shard.shardId, shard.closed ? { ended: true } : { since: context.clock.now() });
      return shard.closed ? undefined : { from: source.start, since: 0 };
    }
    if (waits) return undefined;
    // Children came into being after reading began, and are read whole.
    const from: ReadFrom = source.start.type === 'LATEST' ? { type: 'TRIM_HORIZON' } : source.start;
    return { from, since: 0 };
  };

  const discover = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const first = checkpoints.empty();
        const shards = await reader.shards();
        const known = new Set(shards.map(({ shardId }) => shardId));
        for (const shard of shards) {
          if (workers.has(shard.shardId)) continue;
          const begin = startOf(shard, known, first);
          if (begin) await start(shard.shardId, begin.from, begin.since);
        }
        ready.resolve();
        if (workers.size > 0) return;
      } catch {
        // The stream is not there yet, or may not be read: asked again below.
        ready.resolve();
      }
      await pause(context.clock, LOOK_AGAIN_MILLISECONDS, stop.signal);
    }
  };

  const discovering = discover();
  return {
    ready: ready.promise,
    inFlight: () => [...workers.values()].reduce((sum, worker) => sum + worker.inFlight(), 0),
    async close() {
      stop.abort();
      stopObserving?.();
      await discovering;
      await Promise.all([...workers.values()].map(({ done }) => done));
    },
  };
}
