/** Trimming by retention: what is old and done with in every group leaves the stream, and old dead letters theirs. */
import type { Logger } from '../logger.ts';
import type { RedisConnection } from './connection.ts';
import type { PartitionKeys } from './keys.ts';
import { countMetric } from './metric.ts';
import { FORGET_READERS, TRIM } from './scripts.ts';

/** Milliseconds. A reader has another name at each start: those that were killed leave theirs. */
const READER_FORGOTTEN = 86_400_000;

export interface TrimReport {
  readonly removed: number;
  /** The group for which entries are kept that are older than the retention. */
  readonly heldBy: string | undefined;
}

/** Approximate: Redis removes whole nodes of about a hundred entries. A fresh stream keeps more than it must. */
export async function trimPartition(
  connection: RedisConnection,
  { stream }: PartitionKeys,
  retentionSeconds: number,
): Promise<TrimReport> {
  const answer = await connection.run(TRIM, [stream], [String(retentionSeconds * 1000)]);
  const [removed, holder] = answer as [number, string];
  return { removed, heldBy: holder === '' ? undefined : holder };
}

export interface Trimming {
  readonly connection: RedisConnection;
  readonly partitions: readonly PartitionKeys[];
  readonly group: string;
  readonly retentionSeconds: number;
  readonly deadLetterRetentionSeconds: number;
  readonly logger: Logger;
}

/** All partitions once. A group that is behind the retention is told of: nothing it has not read is removed. */
export async function trimAll(trimming: Trimming): Promise<void> {
  const { connection, group, logger } = trimming;
  for (const keys of trimming.partitions) {
    const { heldBy } = await trimPartition(connection, keys, trimming.retentionSeconds);
    if (heldBy !== undefined) {
      logger.error('entries are kept beyond the retention: a group has not handled them', {
        stream: keys.name,
        heldBy,
        fix: 'start its consumers, or remove it with removeRedisGroup() if nobody reads for it any more',
      });
      countMetric(logger, 'RedisTrimHeld', { stream: keys.name, group: heldBy });
    }
    await connection.run(FORGET_READERS, [keys.stream], [group, String(READER_FORGOTTEN)]);
    const dead = keys.dead(group);
    const limit = Date.now() - 1000 * trimming.deadLetterRetentionSeconds;
    await connection.command(dead, 'XTRIM', dead, 'MINID', '~', String(Math.max(0, limit)));
  }
}
