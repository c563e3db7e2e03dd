/** Consumer groups: made when a reader first comes, and made again, loudly, when they are gone. */
import type { Logger } from '../logger.ts';
import { countMetric } from './metric.ts';
import type { RedisConnection } from './connection.ts';
import type { PartitionKeys } from './keys.ts';

/** `0` is the first entry that is kept, `$` what comes from now on. */
export type GroupStart = '0' | '$';

/** @returns false where it was there already */
export async function makeGroup(
  connection: RedisConnection,
  { stream }: PartitionKeys,
  group: string,
  start: GroupStart,
): Promise<boolean> {
  try {
    await connection.command(stream, 'XGROUP', 'CREATE', stream, group, start, 'MKSTREAM');
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes('BUSYGROUP')) return false;
    throw error;
  }
}

/**
 * A group that was there and is gone: somebody flushed the server, or a replica became primary that did not know it. It
 * begins with the first entry that is kept, wherever it began once: ids that this process remembers can be of entries
 * that no longer are, and newer entries could have smaller ids. What was handled comes again; the inbox knows it.
 */
export async function makeGroupAgain(
  connection: RedisConnection,
  keys: PartitionKeys,
  group: string,
  logger: Logger,
): Promise<void> {
  if (!(await makeGroup(connection, keys, group, '0'))) return;
  logger.error(
    'the consumer group was gone and is made again: what the server had not kept is lost, what it still has is read from the beginning',
    { code: 'WAYBILL_REDIS_GROUP_MISSING', stream: keys.name, group },
  );
  countMetric(logger, 'RedisGroupLost', { group });
}
