/**
 * Deals the partitions of a stream among the readers of a group that keeps an order. A partition has one reader at a time,
 * by a lease with a token; readers count themselves, and each takes its share.
 */
import { sleep } from '../clock.ts';
import { describeError } from '../logger.ts';
import { RuntimeError } from '../errors.ts';
import { membersKey } from './keys.ts';
import type { PartitionKeys, StreamName } from './keys.ts';
import { readOrdered } from './ordered-reader.ts';
import type { ReaderProps } from './reader.ts';
import { LEASE, MEMBERS } from './scripts.ts';

interface Reading {
  readonly keys: PartitionKeys;
  readonly token: string;
  /** Aborted when the lease is gone: whoever has it now handles what is in work here. */
  readonly lost: AbortController;
  /** Aborted when the partition is to be let go in order. */
  readonly letGo: AbortController;
  renewedAt: number;
  ended: Promise<void>;
}

/** Of the visibility timeout. */
const RENEWALS = 4;

/**
 * | what ends a partition's reader | what becomes of what is in work |
 * |---|---|
 * | its share became smaller, or the poller stops | it finishes, and the lease is released |
 * | the lease could not be renewed in time, or is another's | its signal is aborted (WAYBILL_MESSAGE_LOST) |
 */
export async function readInOrder(
  props: ReaderProps,
  name: StreamName,
  partitions: readonly PartitionKeys[],
): Promise<void> {
  const { connection, consumer, settings, stopping } = props;
  const { clock, logger } = consumer;
  const { group, reader, visibility } = settings;
  const members = membersKey(name, group);
  const mine = new Map<number, Reading>();
  const share = { count: 0, waits: true };

  const lease = async (keys: PartitionKeys, action: string, token: string): Promise<readonly number[]> =>
    (await connection.run(
      LEASE,
      [keys.lease(group)],
      [action, reader, String(visibility), token],
    )) as number[];

  const lose = (reading: Reading): void => {
    logger.warn('a partition is another reader’s by now', { stream: reading.keys.name });
    reading.lost.abort(
      new RuntimeError(
        'WAYBILL_MESSAGE_LOST',
        `${reading.keys.name} is another reader's by now: stop and throw`,
      ),
    );
  };

  const renew = async (reading: Reading): Promise<void> => {
    const startedAt = clock.now();
    try {
      const [still] = await lease(reading.keys, 'renew', reading.token);
      if (still === 1) reading.renewedAt = startedAt;
      else lose(reading);
    } catch (error) {
      logger.warn('a lease was not renewed', { stream: reading.keys.name, detail: describeError(error) });
      // By the server's clock the lease began later than this: whoever takes it next comes after.
      if (clock.now() - reading.renewedAt > visibility * (1 - 1 / RENEWALS)) lose(reading);
    }
  };

  const acquire = async (keys: PartitionKeys): Promise<void> => {
    const startedAt = clock.now();
    const [token, clean] = await lease(keys, 'acquire', '');
    if (token === undefined || token === 0) return;
    const reading: Reading = {
      keys,
      token: String(token),
      lost: new AbortController(),
      letGo: new AbortController(),
      renewedAt: startedAt,
      ended: Promise.resolve(),
    };
    mine.set(keys.partition, reading);
    logger.info('partition taken', { stream: keys.name, group, token });
    reading.ended = readOrdered(props, keys, {
      token: reading.token,
      wasLetGo: clean === 1,
      lost: reading.lost.signal,
      letGo: reading.letGo.signal,
    })
      .ended.then(() => (reading.lost.signal.aborted ? undefined : lease(keys, 'release', reading.token)))
      .then(
        () => undefined,
        (error: unknown) =>
          logger.warn('a lease was not released; it ends by itself', { detail: describeError(error) }),
      )
      .finally(() => void mine.delete(keys.partition));
  };

  /** How many of the partitions are this reader's. The first in the list take what remains. */
  const countShare = async (): Promise<void> => {
    const all = (await connection.run(MEMBERS, [members], [reader, String(visibility), 'stay'])) as string[];
    const sorted = all.toSorted();
    const place = sorted.indexOf(reader);
    const { length } = partitions;
    share.count = Math.floor(length / sorted.length) + (place < length % sorted.length ? 1 : 0);
  };

  const deal = async (): Promise<void> => {
    await countShare();
    const kept = [...mine.values()].filter(({ letGo }) => !letGo.signal.aborted);
    for (const reading of kept.slice(share.count)) reading.letGo.abort();
    // Each begins elsewhere, so that they seldom want the same.
    const first = Math.floor(props.random() * partitions.length);
    for (let at = 0; at < partitions.length && mine.size < share.count; at += 1) {
      const keys = partitions[(first + at) % partitions.length]!;
      if (!mine.has(keys.partition) && !stopping.aborted) await acquire(keys);
    }
  };

  const renewing = async (over: AbortSignal): Promise<void> => {
    while (!over.aborted) {
      await sleep(clock, visibility / RENEWALS, over);
      if (!over.aborted) await Promise.all([...mine.values()].map(renew));
    }
  };

  const over = new AbortController();
  const renewal = renewing(over.signal);
  while (!stopping.aborted) {
    try {
      await deal();
    } catch (error) {
      logger.error('partitions were not dealt; it is tried again', { detail: describeError(error) });
    }
    // While some are to come, it looks often: their lease may have ended.
    const wait = mine.size < share.count ? Math.min(500, visibility / RENEWALS) : visibility / RENEWALS;
    await sleep(clock, wait, stopping);
  }
  await Promise.all([...mine.values()].map(({ ended }) => ended));
  over.abort();
  await renewal;
  await connection.run(MEMBERS, [members], [reader, String(visibility), 'leave']).catch(() => undefined);
}
