/**
 * Reads a partition that all readers of a group share: each entry goes to one of them, in no order that would last.
 *
 * What is read is held: it is kept from other readers by a sign of life (RENEW) until it is acknowledged, waits for its
 * next try, or this process dies. Then another reader takes it (TAKE_AGAIN).
 */
import { sleep } from '../clock.ts';
import { RuntimeError } from '../errors.ts';
import { describeError } from '../logger.ts';
import { acknowledgements } from './acknowledgements.ts';
import type { Reply } from './connection.ts';
import { entriesRead, entryOf } from './entry.ts';
import type { StreamEntry } from './entry.ts';
import { isMissingGroup } from './errors.ts';
import { makeGroupAgain } from './groups.ts';
import { delayEntry, handleEntry } from './handle-entry.ts';
import type { EntryFate, Holder } from './handle-entry.ts';
import type { PartitionKeys } from './keys.ts';
import { keepReading } from './keep-reading.ts';
import { countMetric } from './metric.ts';
import { BLOCK } from './reader.ts';
import type { PartitionReader, ReaderProps } from './reader.ts';
import { RENEW, TAKE_AGAIN } from './scripts.ts';

interface Held {
  readonly entry: StreamEntry;
  /** Deliveries, this one included. */
  readonly receiveCount: number;
  readonly lost: AbortController;
  renewedAt: number;
}

/** Milliseconds between looks for what is to be tried again. */
const TAKE_AGAIN_INTERVAL = 500;
const MAX_READ = 100;
const MAX_RENEWED = 500;

export function readShared(props: ReaderProps, keys: PartitionKeys): PartitionReader {
  const { connection, consumer, settings, slots, random, stopping, late, inWork } = props;
  const { clock, logger } = consumer;
  const { group, reader, visibility } = settings;
  const holder: Holder = { connection, keys, group, reader, token: '' };
  const reading = connection.another();
  const acknowledge = acknowledgements({ connection, keys, group, clock, random, logger, stopping });
  const held = new Map<string, Held>();
  const running = new Set<Promise<void>>();
  /** Their reader died: one of them may be why. One at a time is handled, so that it does not take others with it. */
  const suspects = new Set<string>();
  const count = Math.max(1, Math.min(MAX_READ, Math.ceil(settings.concurrency / settings.partitions)));
  let cursor = '0-0';
  let takenAt = Number.NEGATIVE_INFINITY;

  const hold = (entry: StreamEntry, receiveCount: number): Held => {
    const one = { entry, receiveCount, lost: new AbortController(), renewedAt: clock.now() };
    held.set(entry.id, one);
    return one;
  };

  const readNew = async (): Promise<Held[]> => {
    const answer = await reading.command(
      keys.stream,
      'XREADGROUP',
      'GROUP',
      group,
      reader,
      'COUNT',
      String(count),
      'BLOCK',
      String(BLOCK),
      'STREAMS',
      keys.stream,
      '>',
    );
    // A group that was made again reads once more what is in work here.
    return entriesRead(answer)
      .filter(({ id }) => !held.has(id))
      .map((entry) => hold(entry, 1));
  };

  const takeAgain = async (): Promise<Held[]> => {
    if (clock.now() - takenAt < TAKE_AGAIN_INTERVAL) return [];
    const answer = (await connection.run(
      TAKE_AGAIN,
      [keys.stream, keys.delayed(group)],
      [group, reader, String(visibility), cursor, String(count), suspects.size > 0 ? '0' : '1'],
    )) as [string, string[], [string, Reply[], number, number][]];
    const [next, lost, taken] = answer;
    cursor = next;
    // A full answer means that there may be more at once.
    if (taken.length < count) takenAt = clock.now();
    if (lost.length > 0) {
      logger.error('entries were waiting to be handled, and their content is gone from the stream', {
        stream: keys.name,
        lost: lost.length,
        first: lost[0],
      });
      countMetric(logger, 'RedisEntriesLost', { group }, lost.length);
    }
    const ours = taken.filter(([id]) => !held.has(id));
    for (const [id, , , isSuspect] of ours) if (isSuspect === 1) suspects.add(id);
    return ours.map(([id, fields, receiveCount]) => hold(entryOf([id, fields]), receiveCount));
  };

  const settle = async ({ entry, receiveCount, lost }: Held, fate: EntryFate): Promise<void> => {
    if (lost.signal.aborted && fate.kind !== 'done') return;
    if (fate.kind === 'done') await acknowledge.add(entry.id, false);
    // TAKE_AGAIN counts the delivery that it makes.
    else if (fate.kind === 'waits') await delay(entry.id, fate.milliseconds, fate.receiveCount - 1);
    else if (fate.kind === 'abandoned') await delay(entry.id, 0, receiveCount);
  };

  /** Where it fails the entry comes again when its visibility is over. */
  const delay = async (id: string, milliseconds: number, receiveCount: number): Promise<void> => {
    try {
      await delayEntry(holder, id, milliseconds, receiveCount);
    } catch (error) {
      logger.warn('the wait of an entry was not noted; it comes again at its visibility timeout', {
        detail: describeError(error),
      });
    }
  };

  const work = async (one: Held): Promise<void> => {
    const { entry, receiveCount, lost } = one;
    inWork.count += 1;
    try {
      const run = {
        signal: AbortSignal.any([late, lost.signal]),
        isOver: () => late.aborted || lost.signal.aborted,
      };
      const retry = { backoff: settings.backoff, random };
      await settle(one, await handleEntry(consumer, holder, entry, receiveCount, run, retry));
    } finally {
      inWork.count -= 1;
      held.delete(entry.id);
      // The next one may be waiting.
      if (suspects.delete(entry.id)) takenAt = Number.NEGATIVE_INFINITY;
      slots.give(1);
    }
  };

  /** Resolves when each has begun, so that no more is read than is soon in work. */
  const start = async (entries: readonly Held[]): Promise<void> => {
    for (const one of entries) {
      if ((await slots.take(1, 1)) === 0 || stopping.aborted) {
        held.delete(one.entry.id);
        suspects.delete(one.entry.id);
        // Not begun: this delivery does not count.
        await delay(one.entry.id, 0, one.receiveCount - 1);
        continue;
      }
      const working = work(one).finally(() => running.delete(working));
      running.add(working);
    }
  };

  const renew = async (): Promise<void> => {
    const all = [...held.values()];
    for (let at = 0; at < all.length; at += MAX_RENEWED) {
      const some = all.slice(at, at + MAX_RENEWED);
      const startedAt = clock.now();
      try {
        const ids = some.map(({ entry }) => entry.id);
        const lost = (await connection.run(RENEW, [keys.stream], [group, reader, ...ids])) as string[];
        for (const one of some) one.renewedAt = startedAt;
        for (const id of lost) held.get(id)?.lost.abort(messageLost(keys.name, id));
      } catch (error) {
        if (!isMissingGroup(error)) {
          logger.warn('entries were not renewed', { detail: describeError(error) });
        }
        for (const one of some) {
          if (clock.now() - one.renewedAt > visibility) one.lost.abort(messageLost(keys.name, one.entry.id));
        }
      }
    }
  };

  const renewing = async (over: AbortSignal): Promise<void> => {
    while (!over.aborted) {
      await sleep(clock, visibility / 3, over);
      if (!over.aborted && held.size > 0) await renew();
    }
  };

  const readOnce = async (): Promise<void> => {
    const pause = (await consumer.controls?.holdReceives(consumer.name)) ?? 0;
    if (pause > 0) {
      await sleep(clock, pause, stopping);
      return;
    }
    await start(await takeAgain());
    if (!stopping.aborted) await start(await readNew());
  };

  const loop = (): Promise<void> =>
    keepReading(props, keys, stopping, async (failures) => {
      // It was there when the reader began.
      if (failures > 0) await makeGroupAgain(connection, keys, group, logger);
      await readOnce();
    });

  const run = async (): Promise<void> => {
    const over = new AbortController();
    const renewal = renewing(over.signal);
    await loop();
    await Promise.all(running);
    over.abort();
    await renewal;
    reading.close();
  };

  return { ended: run() };
}

const messageLost = (stream: string, id: string): RuntimeError =>
  new RuntimeError('WAYBILL_MESSAGE_LOST', `${stream}@${id} is another reader's by now: stop and throw`);
