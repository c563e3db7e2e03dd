/**
 * Reads a partition for a group that keeps an order. The entries of a key are a lane: the first is handled, and what follows
 * waits for it, also while it waits for its next try. Lanes do not wait for each other.
 *
 * All readers use one name in the group, because only one of them reads: what a former one left is pending under it, and is
 * handled first, in its order.
 *
 * | the count of deliveries | is the number of the try that is next, or in work |
 * |---|---|
 * | a fresh entry | 1 |
 * | it failed | one more (DELAY) |
 * | it waits for something (postponed), or behind its key | the same |
 * | it was the first of its key, was due, and its reader died | one more: it may have been in work |
 *
 * What may have been in work when a reader died is handled one after the other, and counted when it begins: an event that
 * ends its process is given up alone.
 */
import { sleep } from '../clock.ts';
import { describeError } from '../logger.ts';
import { createSlots } from '../poller/slots.ts';
import { acknowledgements } from './acknowledgements.ts';
import type { Reply } from './connection.ts';
import { entryOf } from './entry.ts';
import type { StreamEntry } from './entry.ts';
import { delayEntry, handleEntry } from './handle-entry.ts';
import type { Holder } from './handle-entry.ts';
import type { PartitionKeys } from './keys.ts';
import { keepReading } from './keep-reading.ts';
import { countMetric } from './metric.ts';
import { BLOCK } from './reader.ts';
import type { PartitionReader, ReaderProps } from './reader.ts';
import { READ_ORDERED } from './scripts.ts';

export interface PartitionLease {
  readonly token: string;
  /** Whether the reader before let go in order: then nothing was in work. */
  readonly wasLetGo: boolean;
  readonly lost: AbortSignal;
  readonly letGo: AbortSignal;
}

/** The name of the one who reads. */
const READER = 'ordered';
/** Entries read ahead of what is done: behind keys that wait, reading ends there. */
const MAX_TAKEN = 1_000;
const MAX_READ = 100;

/** An entry with what the group knows of it. */
interface Pending {
  readonly entry: StreamEntry;
  readonly attempt: number;
  /** Milliseconds until its next try. */
  readonly wait: number;
  readonly wasDelayed: boolean;
  /** It may have been in work when its reader died. */
  readonly isSuspect: boolean;
}

export function readOrdered(props: ReaderProps, keys: PartitionKeys, lease: PartitionLease): PartitionReader {
  const { connection, consumer, settings, slots, random, late, inWork } = props;
  const { clock, logger } = consumer;
  const { group } = settings;
  const holder: Holder = { connection, keys, group, reader: READER, token: lease.token };
  const reading = connection.another();
  /** The server knows another token, or no such entry: reading begins anew, with a lease of that time. */
  const fenced = new AbortController();
  /** Nothing new is taken. */
  const ending = AbortSignal.any([props.stopping, lease.letGo, lease.lost, fenced.signal]);
  const acknowledge = acknowledgements({ connection, keys, group, clock, random, logger, stopping: ending });
  const room = createSlots(MAX_TAKEN);
  const lanes = new Map<string, Promise<void>>();
  /** In work, or behind what is. */
  const held = new Set<string>();
  const unacknowledged = new Set<Promise<void>>();
  let leftBehind = true;
  let alone: Promise<void> = Promise.resolve();
  const run = {
    signal: AbortSignal.any([late, lease.lost]),
    isOver: () => late.aborted || lease.lost.aborted,
  };
  const retry = { backoff: settings.backoff, random };

  const letGo = (id: string): void => {
    held.delete(id);
    room.give(1);
  };

  /** @returns how the entry goes on; undefined when it is done with, or somebody else's */
  const tryOnce = async (pending: Pending): Promise<Pending | undefined> => {
    const { entry, attempt, wasDelayed } = pending;
    if ((await slots.take(1, 1)) === 0) return undefined;
    inWork.count += 1;
    try {
      if (ending.aborted) return undefined;
      const fate = await handleEntry(consumer, holder, entry, attempt, run, retry);
      if (fate.kind === 'done') {
        // The next of the key need not wait for it: if it is lost, both come again, in their order.
        const acknowledging = acknowledge.add(entry.id, wasDelayed).then(() => letGo(entry.id));
        unacknowledged.add(acknowledging);
        void acknowledging.then(() => unacknowledged.delete(acknowledging));
        return undefined;
      }
      if (fate.kind !== 'waits') {
        letGo(entry.id);
        return undefined;
      }
      const next = {
        entry,
        attempt: fate.receiveCount,
        wait: fate.milliseconds,
        wasDelayed: true,
        isSuspect: false,
      };
      return (await noted(next)) ? next : undefined;
    } finally {
      inWork.count -= 1;
      slots.give(1);
    }
  };

  const tryAlone = (pending: Pending): Promise<Pending | undefined> => {
    const trying = alone.then(async () => {
      if (ending.aborted) return undefined;
      const attempt = pending.attempt + 1;
      await claim([pending.entry.id], attempt);
      return tryOnce({ ...pending, attempt });
    });
    alone = trying.then(
      () => undefined,
      () => undefined,
    );
    return trying.catch((error: unknown) => {
      logger.warn('an entry was not begun', { detail: describeError(error) });
      fenced.abort();
      return undefined;
    });
  };

  /** False where the lease is another's. Where nobody knows, it goes on here: the token decides in the end. */
  const noted = async ({ entry, attempt, wait }: Pending): Promise<boolean> => {
    try {
      if (await delayEntry(holder, entry.id, wait, attempt)) return true;
      // What follows of the key may not begin here.
      fenced.abort();
      return false;
    } catch (error) {
      logger.warn('the wait of an entry was not noted', { detail: describeError(error) });
      return true;
    }
  };

  const work = async (first: Pending): Promise<void> => {
    for (let pending: Pending | undefined = first; pending !== undefined && !ending.aborted;) {
      if (pending.wait > 0) await sleep(clock, pending.wait, ending);
      if (ending.aborted) break;
      pending = await (pending.isSuspect ? tryAlone(pending) : tryOnce(pending));
    }
  };

  /** A total order is one lane. */
  const laneOf = ({ fields, id }: StreamEntry): string =>
    settings.order === 'total' ? '' : (fields['orderingKey'] ?? id);

  const take = (pending: Pending): void => {
    const lane = laneOf(pending.entry);
    held.add(pending.entry.id);
    const working = (lanes.get(lane) ?? Promise.resolve()).then(() => work(pending));
    lanes.set(lane, working);
    void working.then(() => lanes.get(lane) === working && lanes.delete(lane));
  };

  /** What is pending and not in work here: former readers left it, or its way here broke. */
  const takeOver = async (fromDead: boolean): Promise<void> => {
    const delays = await dueTimes(props, keys);
    const seen = new Set<string>();
    for (let from = '-'; !ending.aborted;) {
      const list = (await connection.command(
        keys.stream,
        'XPENDING',
        keys.stream,
        group,
        from,
        '+',
        String(MAX_READ),
      )) as [string, string, number, number][];
      if (list.length === 0) return;
      const ids = list.map(([id]) => id);
      const contents = await Promise.all(ids.map((id) => contentOf(props, keys, id)));
      await claim(ids);
      for (const [position, [id, , , deliveries]] of list.entries()) {
        const entry = contents[position];
        if (held.has(id)) continue;
        if (entry === undefined) {
          await lost(id);
          continue;
        }
        const wait = Math.max(0, (delays.get(id) ?? 0) - Date.now());
        const isFirst = !seen.has(laneOf(entry));
        seen.add(laneOf(entry));
        const isSuspect = fromDead && isFirst && wait === 0;
        if ((await room.take(1, 1)) === 0) return;
        take({ entry, attempt: deliveries, wait, wasDelayed: delays.has(id), isSuspect });
      }
      from = `(${ids.at(-1)!}`;
    }
  };

  const claim = (ids: readonly string[], attempt?: number): Promise<Reply> =>
    connection.command(
      keys.stream,
      'XCLAIM',
      keys.stream,
      group,
      READER,
      '0',
      ...ids,
      ...(attempt === undefined ? [] : ['RETRYCOUNT', String(attempt)]),
      'JUSTID',
    );

  const lost = async (id: string): Promise<void> => {
    await connection.command(keys.stream, 'XACK', keys.stream, group, id);
    logger.error('an entry was waiting to be handled, and its content is gone from the stream', {
      stream: keys.name,
      id,
    });
    countMetric(logger, 'RedisEntriesLost', { group });
  };

  const readNew = async (): Promise<void> => {
    const pause = (await consumer.controls?.holdReceives(consumer.name)) ?? 0;
    if (pause > 0) return sleep(clock, pause, ending);
    const places = await room.take(1, MAX_READ);
    let taken = 0;
    let last: string | undefined;
    try {
      if (places === 0 || ending.aborted) return;
      const [isOurs, entries, lastRead] = (await connection.run(
        READ_ORDERED,
        [keys.stream, keys.lease(group)],
        [group, READER, lease.token, String(places)],
      )) as [number, Reply[]?, string?];
      if (isOurs === 0) return await sleep(clock, BLOCK, ending);
      for (const entry of (entries ?? []).map(entryOf)) {
        if (held.has(entry.id)) continue;
        taken += 1;
        take({ entry, attempt: 1, wait: 0, wasDelayed: false, isSuspect: false });
      }
      if (entries?.length === 0) last = lastRead;
    } finally {
      if (places > taken) room.give(places - taken);
    }
    if (last !== undefined && !ending.aborted) await untilSomethingComes(last);
  };

  /** Reads nothing for the group: only waits. */
  const untilSomethingComes = async (last: string): Promise<void> => {
    const { stream } = keys;
    await reading.command(stream, 'XREAD', 'COUNT', '1', 'BLOCK', String(BLOCK), 'STREAMS', stream, last);
  };

  const loop = async (): Promise<void> => {
    let isFirst = true;
    await keepReading(props, keys, ending, async () => {
      try {
        if (leftBehind) {
          leftBehind = false;
          await takeOver(isFirst && !lease.wasLetGo);
          isFirst = false;
        }
        await readNew();
      } catch (error) {
        // An answer that was lost on its way may have held entries.
        leftBehind = true;
        throw error;
      }
    });
  };

  const ended = async (): Promise<void> => {
    const close = (): void => room.close();
    ending.addEventListener('abort', close, { once: true });
    if (ending.aborted) close();
    await loop();
    await Promise.all(lanes.values());
    await Promise.all(unacknowledged);
    reading.close();
  };

  return { ended: ended() };
}

async function contentOf(
  { connection }: ReaderProps,
  keys: PartitionKeys,
  id: string,
): Promise<StreamEntry | undefined> {
  const [found] = (await connection.command(keys.stream, 'XRANGE', keys.stream, id, id)) as Reply[];
  return found === undefined ? undefined : entryOf(found);
}

/** Milliseconds since the epoch, by id. */
async function dueTimes(
  { connection, settings }: ReaderProps,
  keys: PartitionKeys,
): Promise<Map<string, number>> {
  const set = keys.delayed(settings.group);
  const list = (await connection.command(set, 'ZRANGE', set, '0', '-1', 'WITHSCORES')) as string[];
  const due = new Map<string, number>();
  for (let at = 0; at + 1 < list.length; at += 2) due.set(list[at]!, Number(list[at + 1]));
  return due;
}
