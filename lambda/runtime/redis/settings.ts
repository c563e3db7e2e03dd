/** The number of a stream's partitions, kept in Redis: whoever counts otherwise would break the order of keys. */
import type { RedisConnection } from './connection.ts';
import { RedisError } from './errors.ts';
import { isStreamName, MAX_PARTITIONS, settingsKey } from './keys.ts';
import type { StreamName } from './keys.ts';

/** @throws RedisError WAYBILL_REDIS_NOT_CONFIGURED */
export function checkedStream(name: StreamName, partitions: number): void {
  if (!isStreamName(name.stream) || !isStreamName(name.prefix ?? 'waybill')) {
    throw new RedisError(
      'WAYBILL_REDIS_NOT_CONFIGURED',
      `a stream and a prefix are named with letters, digits, '.', '_', '/' and '-', received '${name.stream}' and '${name.prefix ?? 'waybill'}'`,
    );
  }
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
    throw new RedisError(
      'WAYBILL_REDIS_NOT_CONFIGURED',
      `partitions must be a whole number from 1 to ${MAX_PARTITIONS}, received ${partitions}`,
    );
  }
}

/**
 * The first to come writes the number, everybody else compares.
 *
 * @throws RedisError WAYBILL_REDIS_PARTITIONS_DIFFER
 */
export async function agreeOnPartitions(
  connection: RedisConnection,
  name: StreamName,
  partitions: number,
): Promise<void> {
  const key = settingsKey(name);
  await connection.command(key, 'HSETNX', key, 'partitions', String(partitions));
  const kept = await connection.command(key, 'HGET', key, 'partitions');
  if (kept !== String(partitions)) {
    throw new RedisError(
      'WAYBILL_REDIS_PARTITIONS_DIFFER',
      `stream ${name.stream} has ${String(kept)} partitions, and ${partitions} are asked for: give all publishers and consumers the same number. To change it, let every group read to the end, remove ${key}, and start them again`,
    );
  }
}
